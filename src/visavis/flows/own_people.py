"""Copies of the references of a gallery's people who may be compared with each other at this moment."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from visavis.consent.receipt import read_offer
from visavis.flows.keyring import Keyring
from visavis.flows.live import LiveGalleries, require_recognisable
from visavis.flows.ports import Clock, Store, Transaction
from visavis.model.access import NotFound
from visavis.model.consent import ConsentMissing, Subject
from visavis.model.errors import ConsentRefused
from visavis.model.purpose import Gallery

PAGE: Final = 100
"""People who are asked about in one transaction."""

Announces = Callable[[dict[str, Any]], bool]
"""Whether a signed offer speaks of what is to be done."""


@dataclass(frozen=True, slots=True)
class Copies:
    """References as they are stored, for the one who compares them to overwrite.

    ``people`` is the number of the person of each row, 0 to ``len(subjects)`` - 1.
    """

    subjects: list[str]
    vectors: NDArray[np.float32]
    people: NDArray[np.int32]

    def overwrite(self) -> None:
        """Leave nothing of anybody."""
        self.vectors[:] = 0


class OwnPeople:
    """Takes people from memory, and asks the database about each (rules S1 and S2)."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, live: LiveGalleries) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._live = live

    def copies(
        self,
        gallery: Gallery,
        *,
        most: int,
        seed: int,
        fewest: int,
        announces: Announces,
        pause: Callable[[], None],
    ) -> Copies:
        """Up to ``most`` people, drawn at random; nobody is asked about where memory has fewer than ``fewest``.

        :raises GalleryLoading: it is not in memory yet. :raises SealBroken: its key does not open.
        """
        subjects, held = self._live.index(gallery).some(people=most, seed=seed)
        kept: list[tuple[str, NDArray[np.float32]]] = []
        for start in range(0, len(subjects) if len(subjects) >= fewest else 0, PAGE):
            page = slice(start, start + PAGE)
            with self._store.read() as tx:
                for subject_id, rows in zip(subjects[page], held[page], strict=True):
                    if self.may_be_compared(tx, subject_id, announces=announces):
                        kept.append((subject_id, rows))
                    else:
                        rows[:] = 0
            pause()
        if not kept:
            return Copies([], np.zeros((0, 1), np.float32), np.zeros(0, np.int32))
        vectors = np.concatenate([rows for _, rows in kept])
        people = np.repeat(np.arange(len(kept), dtype=np.int32), [len(rows) for _, rows in kept])
        for _, rows in kept:
            rows[:] = 0
        return Copies([subject_id for subject_id, _ in kept], vectors, people)

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
