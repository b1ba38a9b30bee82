"""Copies of the references of a gallery's people who may be compared with each other at this moment."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from visavis.consent.receipt import read_offer
from visavis.flows.keyring import Keyring
from visavis.flows.live import LiveGalleries, require_recognisable
from visavis.flows.ports import Clock, Store, Transaction
from visavis.match.together import SEVERAL, direction
from visavis.model.access import NotFound
from visavis.model.consent import ConsentMissing, Subject
from visavis.model.errors import ConsentRefused
from visavis.model.purpose import Gallery

PAGE: Final = 100
"""People who are asked about in one transaction."""

Announces = Callable[[dict[str, Any]], bool]
"""Whether a signed offer speaks of what is to be done."""


class Copies:
    """References as they are stored, for one who compares them.

    ``vectors`` has one row a reference, behind them what several of one person are compared as, if that is asked for.
    ``people`` is the number of the person of each row, 0 to ``len(subjects)`` - 1. Rows of who was changed meanwhile
    are zeros from that moment on, whoever is comparing them.
    """

    def __init__(self) -> None:
        self.subjects: list[str] = []
        self.vectors: NDArray[np.float32] = np.zeros((0, 1), np.float32)
        self.people: NDArray[np.int32] = np.zeros(0, np.int32)
        self.targets_from = 0
        """From this row on there is one of each person: what a door compares a face with."""
        self.changed: set[str] = set()
        """Who was changed since they were copied, or may not be compared."""
        self._spans: list[slice] = []
        self._rows: dict[str, list[slice]] = {}
        self._lock = threading.Lock()

    def fill(self, subjects: list[str], held: list[NDArray[np.float32]]) -> None:
        """Take copies over; they are overwritten where they were."""
        with self._lock:
            self._set([(id_, rows) for id_, rows in zip(subjects, held, strict=True) if id_ not in self.changed])
        for rows in held:
            rows[:] = 0

    def drop(self, subject_id: str) -> None:
        """Leave nothing of somebody, now."""
        with self._lock:
            self.changed.add(subject_id)
            for rows in self._rows.get(subject_id, ()):
                self.vectors[rows] = 0

    def close_up(self, *, add_up: bool) -> None:
        """Leave the rows of who was dropped out.

        :param add_up: whether to add what several references of one person are compared as.
        """
        with self._lock:
            before = self.vectors
            each = zip(self.subjects, self._spans, strict=True)
            parts = [(id_, before[span]) for id_, span in each if id_ not in self.changed]
            self._set(sorted(parts, key=lambda part: len(part[1]) < SEVERAL) if add_up else parts, add_up=add_up)
            before[:] = 0

    def overwrite(self) -> None:
        """Leave nothing of anybody."""
        with self._lock:
            self.vectors[:] = 0

    def _set(self, parts: list[tuple[str, NDArray[np.float32]]], *, add_up: bool = False) -> None:
        """Hold these rows; with ``add_up`` those come first who have several, so that the targets stand together."""
        several = [(at, rows) for at, (_, rows) in enumerate(parts) if add_up and len(rows) >= SEVERAL]
        together = np.stack([direction(rows) for _, rows in several]) if several else None
        rows = [rows for _, rows in parts] + ([] if together is None else [together])
        lengths = [len(rows) for _, rows in parts]
        ends = np.cumsum(lengths, dtype=np.int64).tolist()
        self.subjects = [id_ for id_, _ in parts]
        self._spans = [slice(end - n, end) for end, n in zip(ends, lengths, strict=True)]
        self._rows = {}
        for id_, span in zip(self.subjects, self._spans, strict=True):
            self._rows.setdefault(id_, []).append(span)
        for below, (at, _) in enumerate(several, start=sum(lengths)):
            self._rows[self.subjects[at]].append(slice(below, below + 1))
        self.vectors = np.concatenate(rows) if rows else np.zeros((0, 1), np.float32)
        numbers = np.repeat(np.arange(len(parts), dtype=np.int32), lengths)
        self.people = np.concatenate([numbers, np.array([at for at, _ in several], np.int32)])
        self.targets_from = sum(len(rows) for _, rows in several)


class OwnPeople:
    """Takes people from memory, and asks the database about each (rules S1 and S2)."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, live: LiveGalleries) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._live = live

    @contextmanager
    def copied(
        self,
        gallery: Gallery,
        *,
        most: int,
        seed: int,
        fewest: int,
        announces: Announces,
        pause: Callable[[], None],
        add_up: bool = False,
    ) -> Iterator[Copies]:
        """Up to ``most`` people, drawn at random; nobody is asked about where memory has fewer than ``fewest``.

        Whoever is changed while the block lasts is dropped at once; nothing is left of anybody when it ends.

        :param add_up: whether what several references of one person are compared as is added.
        :raises GalleryLoading: it is not in memory yet. :raises SealBroken: its key does not open.
        """
        copies = Copies()
        with self._live.telling(copies.drop):
            try:
                copies.fill(*self._live.index(gallery).some(people=most, seed=seed))
                few = len(copies.subjects) < fewest
                for start in range(0, len(copies.subjects), PAGE):
                    page = copies.subjects[start : start + PAGE]
                    with self._store.read() as tx:
                        out = [id_ for id_ in page if few or not self.may_be_compared(tx, id_, announces=announces)]
                    for id_ in out:
                        copies.drop(id_)
                    pause()
                copies.close_up(add_up=add_up)
                yield copies
            finally:
                copies.overwrite()

    def may_be_compared(self, tx: Transaction, subject_id: str, *, announces: Announces) -> bool:
        """Whether somebody may be recognised at this moment, and was told of this before they agreed."""
        try:
            subject = tx.subjects.get(subject_id)
            require_recognisable(tx, subject, keyring=self._keyring, clock=self._clock)
            self._require_announced(tx, subject, announces)
        except (NotFound, ConsentRefused):
            return False
        return True

    def _require_announced(self, tx: Transaction, subject: Subject, announces: Announces) -> None:
        """Rule S2, asked of what the person signed.

        :raises ConsentMissing: one of their receipts does not speak of it.
        """
        for receipt in tx.receipts.find(subject_id=subject.id):
            if receipt.countersignature is None:
                continue
            if not announces(read_offer(receipt.offer, controller_key=self._keyring.controller)):
                raise ConsentMissing
