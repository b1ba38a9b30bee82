"""Who of a gallery the model could take for whom: looked for at night, as the receipt announces (rule S2).

Only that two people reach the gallery's bar is kept, not by how much.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from visavis.consent.receipt import announces_look_alikes
from visavis.evaluate.alike import pairs_reaching
from visavis.flows.bars import Bars
from visavis.flows.keyring import Keyring
from visavis.flows.leftovers import in_turns
from visavis.flows.live import LiveGalleries, open_references
from visavis.flows.look_alikes import pair_of
from visavis.flows.own_people import PAGE, OwnPeople
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.record import record_act
from visavis.match.together import SEVERAL, direction
from visavis.model.access import NotFound
from visavis.model.audit import Event
from visavis.model.calibration import PromiseTooStrict
from visavis.model.consent import EnrolmentState
from visavis.model.errors import IntegrityError
from visavis.model.ids import new_id
from visavis.model.look_alike import LookAlike, LookAlikeSource
from visavis.model.purpose import Gallery, GalleryLoading
from visavis.model.template import Template

EVERY: Final = timedelta(hours=24)
MOST_AT_ONCE: Final = 100_000
"""People up to whom all pairs are compared, in blocks; of more each reference is looked for in the index."""
AT_ONCE: Final = 10
"""Pairs written in one transaction: each asks about two people, and whoever writes waits for all of it."""
_FEWEST: Final = 2
_SEED: Final = 1
_REST: Final = 2.0
"""Seconds of rest for each of work: whoever stands at a door goes first."""

Pair = tuple[str, str]


class _Stopped(Exception):
    """The server ends."""


@dataclass(frozen=True, slots=True)
class _Found:
    """Pairs among so many people who were compared.

    ``unsure``: who was changed meanwhile, and not compared to the end; of them nothing that was found before ends.
    """

    pairs: set[Pair]
    compared: int
    unsure: set[str]


class FindLookAlikes:
    """Looks through galleries, one at a time."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, live: LiveGalleries, bars: Bars) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._live = live
        self._bars = bars
        self._people = OwnPeople(store=store, keyring=keyring, clock=clock, live=live)
        self._looked: dict[str, datetime] = {}
        self._stopping = threading.Event()

    def stop(self) -> None:
        """The server ends: what was begun is left, and begun anew after the next start."""
        self._stopping.set()

    def look(self) -> int:
        """Look through every gallery that was not looked through for a day; says how many."""
        now = self._clock.now()
        with self._store.read() as tx:
            galleries = tx.galleries.find()
        due = [gallery for gallery in galleries if now >= self._looked.get(gallery.id, now - EVERY) + EVERY]
        self._looked = {gallery.id: self._looked[gallery.id] for gallery in galleries if gallery.id in self._looked}
        done = 0
        for gallery in due:
            try:
                self.find(gallery.id, rest=_REST)
            except _Stopped:
                break
            except (GalleryLoading, PromiseTooStrict, IntegrityError, NotFound):
                continue  # nobody can be recognised in it at this moment, and whoever asks is told why
            self._looked[gallery.id] = now
            done += 1
        return done

    def find(self, gallery_id: str, *, rest: float = 0.0) -> int:
        """Look through one gallery now; says how many pairs there are.

        1. Who may not be recognised at this moment is left out (rule S1), and who was not told of this before they
        agreed (rule S2). 2. Each reference of everybody else, and what several of theirs are compared as, is compared
        with everybody else as the doors compare a face with them, at the gallery's bar; who withdraws meanwhile is not,
        from that moment on. 3. Of every pair both are read again where it is written. 4. What was found before and is
        not any more ends; what people declared or disputed stays. How many there are is entered.

        :raises NotFound: there is no such gallery. :raises GalleryLoading: it is not in memory yet.
        :raises PromiseTooStrict: nobody is recognised in it.
        """
        begun = [time.monotonic()]

        def pause() -> None:
            if self._stopping.wait(rest * (time.monotonic() - begun[0])):
                raise _Stopped
            begun[0] = time.monotonic()

        with self._store.read() as tx:
            gallery = tx.galleries.get(gallery_id)
            purpose, people = tx.purposes.get(gallery.purpose_id), tx.subjects.count(gallery_id=gallery.id)
        references = self._live.index(gallery).count()
        bar = self._bars.bar(purpose, gallery_id=gallery.id, references=references).threshold
        search = self._all_pairs if people <= MOST_AT_ONCE else self._by_index
        return self._write(gallery, search(gallery, bar, pause), pause)

    def _all_pairs(self, gallery: Gallery, bar: float, pause: Callable[[], None]) -> _Found:
        with self._people.copied(
            gallery,
            most=MOST_AT_ONCE,
            seed=_SEED,
            fewest=_FEWEST,
            announces=announces_look_alikes,
            pause=pause,
            add_up=True,
        ) as copies:
            near = pairs_reaching(
                copies.vectors, copies.people, threshold=bar, targets_from=copies.targets_from, told=pause
            )
            pairs = {pair_of(copies.subjects[one], copies.subjects[other]) for one, other in near}
            return _Found(
                {pair for pair in pairs if copies.changed.isdisjoint(pair)},
                compared=len(copies.subjects),
                unsure=copies.changed & set(copies.subjects),
            )

    def _by_index(self, gallery: Gallery, bar: float, pause: Callable[[], None]) -> _Found:
        """Beyond ``MOST_AT_ONCE``: one person after the other, opened for it and overwritten.

        The index tells of everybody who is in it; who was not told of this is left out of what it says.
        """
        index, found, after = self._live.index(gallery), set[Pair](), None
        told: set[str] = set()
        while True:
            with self._store.read() as tx:
                subjects = tx.subjects.page(after=after, limit=PAGE, gallery_id=gallery.id)
            for subject in subjects:
                with self._store.read() as tx:  # of each, so that nobody waits opened until it is their turn
                    opened = self._opened(tx, subject.id) if self._may_be_compared(tx, subject.id) else None
                if opened is None:
                    continue
                told.add(subject.id)
                for template in opened:
                    near = index.reaching(template, threshold=bar - index.error)
                    template.vector[:] = 0
                    found |= {pair_of(subject.id, other.subject_id) for other in near if other.subject_id != subject.id}
            pause()
            if len(subjects) < PAGE:
                return _Found({pair for pair in found if told.issuperset(pair)}, compared=len(told), unsure=set())
            after = subjects[-1].id

    def _opened(self, tx: Transaction, subject_id: str) -> list[Template]:
        """Somebody's references, and what several of them are compared as."""
        active = {e.id for e in tx.enrolments.find(subject_id=subject_id, state=EnrolmentState.ACTIVE)}
        held = [r for r in tx.references.find(subject_id=subject_id) if r.enrolment_id in active]
        try:
            opened = open_references(tx, held, tx.subjects.get(subject_id), keyring=self._keyring)
        except IntegrityError:
            return []  # nobody is recognised by it either
        if len(opened) >= SEVERAL:
            opened.append(Template(direction(np.stack([t.vector for t in opened])), opened[0].model_id))
        return opened

    def _may_be_compared(self, tx: Transaction, subject_id: str) -> bool:
        return self._people.may_be_compared(tx, subject_id, announces=announces_look_alikes)

    def _write(self, gallery: Gallery, found: _Found, pause: Callable[[], None]) -> int:
        """What is to be there is, and what is not goes, some at a time; the entry comes with the first of it.

        Nothing is said where nobody was compared and nothing goes.
        """
        with self._store.write() as tx:
            tx.galleries.get(gallery.id)  # it may have gone with its purpose
            rows = tx.look_alikes.find(gallery_id=gallery.id, source=LookAlikeSource.FOUND)
            kept = {(row.subject_id, str(row.other_subject_id)): row.id for row in rows}
            if found.compared < _FEWEST and not kept:
                return 0
            details = {"gallery": gallery.id, "pairs": str(len(found.pairs))}
            now = self._clock.now()
            record_act(tx, Event.REVIEW, now=now, fields={"act": "found"}, details=details, keyring=self._keyring)
        over = (kept[pair] for pair in kept.keys() - found.pairs if found.unsure.isdisjoint(pair))
        self._in_turns(over, self._end, pause)
        new = {f"{one} {other}" for one, other in found.pairs - kept.keys()}
        self._in_turns(sorted(new), lambda tx, both: self._add(tx, gallery, both), pause)
        return len(found.pairs)

    def _in_turns(
        self, what: Iterable[str], act: Callable[[Transaction, str], None], pause: Callable[[], None]
    ) -> None:
        for some in in_turns(what, AT_ONCE):
            with self._store.write() as tx:
                for one in some:
                    act(tx, one)
            pause()

    def _add(self, tx: Transaction, gallery: Gallery, both: str) -> None:
        one, other = both.split()
        if tx.look_alikes.count(subject_id=one, other_subject_id=other, source=LookAlikeSource.FOUND):
            return
        if self._may_be_compared(tx, one) and self._may_be_compared(tx, other):
            tx.look_alikes.add(
                LookAlike(new_id("alk"), gallery.id, one, other, LookAlikeSource.FOUND, self._clock.now())
            )

    @staticmethod
    def _end(tx: Transaction, id_: str) -> None:
        tx.look_alikes.remove(id=id_, source=LookAlikeSource.FOUND)
