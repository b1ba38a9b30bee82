"""How alike a gallery's own people are: every two of them are a non-mated pair, measured where they are anyway.

A cohort of relatives, one age group or one camera gives more false matches than the people whom the model was measured
on. Nothing but rates over all of them is kept. The purpose's text announces it, as every comparison of references with
references inside one gallery (rule S2).
"""

import threading
import time
from datetime import timedelta
from typing import Final

from visavis.consent.receipt import announces_measuring
from visavis.evaluate.calibrate import FEWEST_PEOPLE, ImpostorCurve, impostor_curve
from visavis.evaluate.comparisons import compare_all
from visavis.flows.bars import Bars
from visavis.flows.keyring import Keyring
from visavis.flows.live import LiveGalleries
from visavis.flows.own_people import OwnPeople
from visavis.flows.ports import Clock, Store
from visavis.flows.record import record_act
from visavis.model.access import NotFound
from visavis.model.audit import Event
from visavis.model.bar import OwnRates
from visavis.model.calibration import CalibrationPoint, CalibrationTooSmall
from visavis.model.keys import SealBroken
from visavis.model.purpose import Gallery, GalleryLoading

EVERY: Final = timedelta(hours=24)
MOST_PEOPLE: Final = 2_000
"""People drawn of a larger gallery: two million pairs tell a rate of 1e-5, in some seconds of one core."""
DRAWS: Final = 100
_SEED: Final = 1
_REST: Final = 2.0
"""Seconds of rest for each of work: whoever stands at a door goes first."""


class _Stopped(Exception):
    """The server ends."""


class MeasureOwn:
    """Measures galleries, one at a time."""

    def __init__(
        self,
        *,
        store: Store,
        keyring: Keyring,
        clock: Clock,
        live: LiveGalleries,
        bars: Bars,
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._people = OwnPeople(store=store, keyring=keyring, clock=clock, live=live)
        self._bars = bars
        self._stopping = threading.Event()

    def stop(self) -> None:
        """The server ends: what is being measured is left, and measured anew after the next start."""
        self._stopping.set()

    def look(self) -> int:
        """Measure every gallery that was not measured for a day and has people enough; says how many."""
        over = self._clock.now() - EVERY
        with self._store.read() as tx:
            fresh = {own.id for own in tx.own_rates.find() if own.measured_at > over}
            due = [gallery for gallery in tx.galleries.find() if gallery.id not in fresh]
        measured = 0
        for gallery in due:
            try:
                self._measure(gallery, rest=_REST)
            except _Stopped:
                break
            except (CalibrationTooSmall, GalleryLoading, SealBroken, NotFound):
                continue  # there is nothing to tell yet, or its index tells why
            measured += 1
        return measured

    def measure(self, gallery_id: str) -> OwnRates:
        """Measure one gallery now.

        :raises NotFound: there is none. :raises GalleryLoading: it is not in memory yet.
        :raises CalibrationTooSmall: fewer than a hundred people in it can be recognised.
        """
        with self._store.read() as tx:
            gallery = tx.galleries.get(gallery_id)
        return self._measure(gallery, rest=0.0)

    def _measure(self, gallery: Gallery, *, rest: float) -> OwnRates:
        """Compare everybody who may be recognised with everybody else.

        1. People are drawn from memory; who may not be recognised at this moment is left out (rule S1), and who was not
        told of this before they agreed (rule S2). 2. Their references are compared in blocks, and overwritten; those of
        whoever withdraws meanwhile at once, so that the blocks to come have nothing of them. 3. What is kept are rates,
        and it is entered that the gallery was measured. 4. From the next decision on the bar follows.
        """
        begun = [time.monotonic()]

        def pause() -> None:
            if self._stopping.wait(rest * (time.monotonic() - begun[0])):
                raise _Stopped
            begun[0] = time.monotonic()

        with self._people.copied(
            gallery,
            most=MOST_PEOPLE,
            seed=_SEED,
            fewest=FEWEST_PEOPLE,
            announces=announces_measuring,
            pause=pause,
        ) as copies:
            if len(copies.subjects) < FEWEST_PEOPLE:
                raise CalibrationTooSmall(_too_few(len(copies.subjects)))
            found = compare_all(copies.vectors, copies.people, told=lambda _: pause(), needs_mated=False)
        curve = impostor_curve(found, seed=_SEED, draws=DRAWS, told=pause)
        now = self._clock.now()
        own = OwnRates.of(
            gallery.id,
            _points(curve),
            people=curve.people,
            comparisons=found.non_mated_pairs,
            floor=curve.floor,
            calibration=self._bars.calibration,
            now=now,
        )
        try:
            with self._store.write() as tx:
                tx.galleries.get(gallery.id)  # it may have gone with its purpose
                tx.own_rates.remove(id=gallery.id)
                tx.own_rates.add(own)
                fields, details = {"act": "change", "of": "gallery"}, {"gallery": gallery.id, "own_rates": own.points}
                record_act(tx, Event.POLICY, now=now, fields=fields, details=details, keyring=self._keyring)
        finally:
            self._bars.forget(gallery.id)
        return own


def _too_few(people: int) -> str:
    return f"{people} people of the gallery can be recognised; {FEWEST_PEOPLE} are needed."


def _points(curve: ImpostorCurve) -> tuple[CalibrationPoint, ...]:
    told = zip(curve.fmr, curve.threshold, curve.low, curve.high, strict=True)
    return tuple(CalibrationPoint(float(a), float(b), float(c), float(d)) for a, b, c, d in told)
