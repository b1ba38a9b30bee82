"""Which calibration a gallery is held to, what bar that gives, and when the bar moved."""

import threading
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from visavis.decide.target import Bound, Room, capacity, fmr_for, missed, require_photos, require_room
from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.record import record_act
from visavis.model.audit import Event
from visavis.model.bar import BarMove, BarSource, OwnRates
from visavis.model.calibration import SEVERAL, Calibration, PromiseTooStrict, Rate, RateNotKnown
from visavis.model.ids import new_id
from visavis.model.purpose import Gallery, Purpose, TargetKind

MARGIN: Final = 10
"""Whom so many times the false match rate would accept counts beside whom the gallery's own accepts.

Measured (``make bench-margin``): docs/concepts/thresholds.md, Look-alikes.
"""
STEP: Final = 0.001
"""A bar is entered when it has moved by so much, a cosine: enrolling a thousand people moves it some hundred times."""


@dataclass(frozen=True, slots=True)
class Bar:
    """The threshold of one decision, a cosine, and where it comes from."""

    threshold: float
    references: int
    fmr: float
    source: BarSource
    margin_from: float
    """From this score on somebody else who is nearly as near keeps a match from being one."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a gallery promises at its present size. Rates are None where the calibration does not know them."""

    per_comparison: float
    missed: Rate | None
    room: Room
    own: OwnRates | None


@dataclass(frozen=True, slots=True)
class AtSize:
    """What a gallery would promise with so many references. ``missed`` is None where the calibration does not know."""

    references: int
    per_comparison: float
    missed: Rate | None


class Bars:
    """Thresholds for galleries: from the promise, the size, the model's card and the gallery's own people."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, calibration: Calibration) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self.calibration = calibration
        """The card's."""
        self._raised: dict[str, Calibration] = {}
        self._lock = threading.Lock()

    def calibration_of(self, gallery_id: str) -> Calibration:
        """The card's calibration, with higher thresholds where the gallery's own people need them.

        :raises OwnRatesDamaged: what they told is stored in a form that makes no sense.
        """
        with self._lock:
            if gallery_id not in self._raised:
                with self._store.read() as tx:
                    own = tx.own_rates.first(id=gallery_id)
                self._raised[gallery_id] = self.calibration if own is None else own.raised(self.calibration)
            return self._raised[gallery_id]

    def forget(self, gallery_id: str) -> None:
        """Read anew what the gallery's own people tell: it was measured, well or not."""
        with self._lock:
            self._raised.pop(gallery_id, None)

    def bar(self, purpose: Purpose, *, gallery_id: str | None, references: int, of_person: int = 1) -> Bar:
        """The threshold that holds the purpose's promise at this size.

        :param gallery_id: None for two pictures that belong to none.
        :param of_person: how many references of somebody who is claimed are compared together.
        :raises PromiseTooStrict: the calibration cannot promise it.
        """
        calibration = self.calibration if gallery_id is None else self.calibration_of(gallery_id)
        fmr = fmr_for(purpose, references=references, of_person=of_person)
        source = BarSource.MODEL if calibration is self.calibration else BarSource.GALLERY
        return _bar(calibration, fmr, references=references, source=source)

    def enter(self, tx: Transaction, gallery_id: str, bar: Bar) -> None:
        """Enter that the bar moved, in the transaction of the first decision that it is the bar of, before its answer.

        Moves smaller than ``STEP`` gather until they are one. What was entered differs less than that from the bar of
        every decision.
        """
        present = tx.bar_moves.first(gallery_id=gallery_id, is_present=True)
        if present is not None and abs(present.bar - bar.threshold) < STEP:
            return
        if present is not None:
            tx.bar_moves.change(replace(present, is_present=False))
        now = self._clock.now()
        tx.bar_moves.add(_move(gallery_id, bar, now))
        details = {"gallery": gallery_id, "bar": f"{bar.threshold:.4f}", "fmr": f"{bar.fmr:.3g}"}
        details |= {"references": str(bar.references), "source": bar.source.value}
        fields = {"act": "change", "of": "gallery"}
        record_act(tx, Event.POLICY, now=now, fields=fields, details=details, keyring=self._keyring)

    def first(self, tx: Transaction, gallery: Gallery, purpose: Purpose) -> Bar:
        """The bar of a gallery that is opened, stored with it; the entry of its opening tells it.

        :raises PromiseTooStrict: the calibration cannot promise what the purpose does.
        """
        fmr = fmr_for(purpose, references=0)
        bar = _bar(self.calibration, fmr, references=0, source=BarSource.MODEL)
        tx.bar_moves.add(_move(gallery.id, bar, gallery.created_at))
        return bar

    def require_room(self, tx: Transaction, gallery: Gallery, purpose: Purpose, *, adding: int, held: int = 0) -> None:
        """Refuse growth past the size at which the promise can be held with no more misses than may be.

        :param adding: references of one person.
        :param held: how many of that person there are already.
        :raises GalleryFull: with the bound and the arithmetic in the message.
        :raises PromiseTooStrict: so many photos of one person are more than an FMR target can bear.
        """
        calibration, references = self.calibration_of(gallery.id), tx.references_in(gallery.id)
        require_photos(purpose, of_person=held + adding, calibration=calibration)
        room = capacity(purpose, calibration=calibration)
        if room.most is None or references + adding <= room.most:
            return
        # Only where everybody with one photo would be too many: counting people takes longer than counting references.
        people, several = tx.with_several(gallery.id, several=SEVERAL)
        share = (several + (adding >= SEVERAL)) / (people + 1)
        require_room(purpose, references=references, adding=adding, calibration=calibration, several=share)

    def room(self, tx: Transaction, gallery: Gallery, purpose: Purpose) -> Room:
        """How many references the gallery can have, with as many photos of each person as it has now."""
        calibration = self.calibration_of(gallery.id)
        room = capacity(purpose, calibration=calibration)
        if room.bound is not Bound.FNMR:
            return room
        return capacity(purpose, calibration=calibration, several=self._share(tx, gallery))

    def held(self, tx: Transaction, gallery: Gallery, purpose: Purpose) -> Held:
        """What a gallery promises now, for its operator."""
        calibration, references = self.calibration_of(gallery.id), tx.references_in(gallery.id)
        share = self._share(tx, gallery)
        try:
            rate = missed(purpose, references=references, calibration=calibration, several=share)
        except (PromiseTooStrict, RateNotKnown):
            rate = None
        return Held(
            per_comparison=fmr_for(purpose, references=references),
            missed=rate,
            room=self.room(tx, gallery, purpose),
            own=tx.own_rates.first(id=gallery.id),
        )

    def sizes(self, tx: Transaction, gallery: Gallery, purpose: Purpose) -> list[AtSize]:
        """What the gallery would promise at other sizes, smallest first, with as many photos of each person as now.

        From one reference to past what it can hold, the present size and the largest among them. Empty where the
        promise is about two people (FMR): it does not depend on the size.
        """
        if purpose.target_kind is TargetKind.FMR:
            return []
        calibration, references = self.calibration_of(gallery.id), tx.references_in(gallery.id)
        most = self.room(tx, gallery, purpose).most or 0
        share = self._share(tx, gallery)
        found: list[AtSize] = []
        for size in _sizes(max(1, references), max(1, most)):
            try:
                rate = missed(purpose, references=size, calibration=calibration, several=share)
            except (PromiseTooStrict, RateNotKnown):
                rate = None
            found.append(AtSize(size, fmr_for(purpose, references=size), rate))
        return found

    @staticmethod
    def _share(tx: Transaction, gallery: Gallery) -> float:
        people, several = tx.with_several(gallery.id, several=SEVERAL)
        return several / max(1, people)

    def moves(self, tx: Transaction, gallery_id: str, *, most: int, until: datetime | None = None) -> list[BarMove]:
        """The newest moves of a gallery's bar, newest first.

        :param until: of those from before then.
        """
        found = (move for move in tx.bar_moves.find(gallery_id=gallery_id) if until is None or move.moved_at < until)
        return sorted(found, key=lambda move: (move.moved_at, move.id), reverse=True)[:most]


def _sizes(*wanted: int) -> list[int]:
    """1, 2, 5, 10 … to the first that is larger than all of ``wanted``, and these."""
    steps: list[int] = []
    while not steps or steps[-1] <= max(wanted):
        steps.append((1, 2, 5)[len(steps) % 3] * 10 ** (len(steps) // 3))
    return sorted({*steps, *wanted})


def _bar(calibration: Calibration, fmr: float, *, references: int, source: BarSource) -> Bar:
    return Bar(calibration.threshold_at(fmr), references, fmr, source, calibration.threshold_at(min(1.0, MARGIN * fmr)))


def _move(gallery_id: str, bar: Bar, now: datetime) -> BarMove:
    return BarMove(
        id=new_id("bar"),
        gallery_id=gallery_id,
        bar=bar.threshold,
        fmr=bar.fmr,
        references=bar.references,
        source=bar.source,
        is_present=True,
        moved_at=now,
    )
