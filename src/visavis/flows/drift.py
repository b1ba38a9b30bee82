"""What a running server remembers of how sure its answers were: counts, in memory, of stations and of nobody.

No score is stored (``kept.NOT_KEPT``), and none is kept here. Of an answer MATCH at a station two numbers are taken at
once, in which twentieth each score lies and whether that is a tail of the calibration. They wait until two minutes have
passed in which the person did not say "this was not me", which is what *confirmed* means here, and then until there are
ten people to be released together: whoever reads the counts before and after learns nothing about one of them. What
waits for a day is dropped, so that a quiet station keeps nothing of those few. What is done in somebody's own session
is not counted. Everything begins anew with the process.

Who looks like somebody else in the gallery and is asked for a second factor is in neither tail. Until they type it
nobody knows who stands there, and where it is the other one of the two, the best score "of anybody else" is the
person's with their own reference.
"""

import secrets
import threading
from bisect import bisect_left
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from hashlib import blake2b
from itertools import accumulate
from typing import Final

from structlog import get_logger

from visavis.decide.drift import FEWEST_PEOPLE, WINDOW, Draw, Tail, draw_of_others, draw_of_own, is_alarm
from visavis.flows.bars import Bar, Bars
from visavis.flows.ports import Clock, Store
from visavis.model.bar import OwnRatesDamaged
from visavis.model.decision import Decision, Means, Outcome
from visavis.model.station import SessionKind

CONFIRMED_AFTER: Final = timedelta(seconds=120)
"""So long somebody has to say that it was not them."""
WAITS_FOR: Final = timedelta(days=1)
"""So long at most it is waited for others."""
TOGETHER: Final = 10
"""Fewer people are not released, and counts are told in steps of so many."""
BOUNDS: Final = tuple(round(at / 20, 2) for at in range(21))
"""Upper ends of the steps in which cosines are counted; what is negative is in the first."""
_MOST_WAITING: Final = 2_000
_AT_STATIONS: Final = frozenset({SessionKind.IDENTIFY, SessionKind.VERIFY})

log = get_logger(__name__)


class Standing(Enum):
    """What is said of a station."""

    NONE = "none"
    """Its scores are those of the calibration."""
    OWN = "own"
    OTHERS = "others"
    BOTH = "both"
    NOT_ENOUGH = "not_enough"
    """Too few people came by since the server started."""


@dataclass(frozen=True, slots=True)
class Told:
    """What may be read of one station, counts in steps of ten.

    ``scores`` says how many are at most each of ``BOUNDS``, and how many in all.
    """

    station_id: str
    gallery_id: str | None
    scores: Mapping[Tail, tuple[int, ...]]
    alarms: Mapping[Tail, bool]
    decisions: Mapping[tuple[Outcome, Means], int]
    disputed: int


@dataclass(frozen=True, slots=True)
class _Waiting:
    decision_id: str
    decided_at: datetime
    person: bytes
    step: int
    draw: Draw | None


@dataclass(slots=True)
class _Scores:
    """One of a station's two tails."""

    waiting: deque[_Waiting] = field(default_factory=lambda: deque(maxlen=_MOST_WAITING))
    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    window: OrderedDict[bytes, Draw] = field(default_factory=OrderedDict)
    is_alarm: bool = False

    def release(self, tail: Tail, *, now: datetime) -> None:
        """Let go what is confirmed, if it is of people enough, and look whether the tail is too full."""
        self._keep(lambda one: one.decided_at > now - WAITS_FOR)
        until = now - CONFIRMED_AFTER
        due = [one for one in self.waiting if one.decided_at <= until]
        if len({one.person for one in due}) < TOGETHER:
            return
        self._keep(lambda one: one.decided_at > until)
        for one in due:
            self.counts[one.step] += 1
            if one.draw is not None:
                self.window[one.person] = one.draw
                self.window.move_to_end(one.person)
        while len(self.window) > WINDOW:
            self.window.popitem(last=False)
        self._look(tail)

    def drop(self, *, decision_id: str | None = None, person: bytes | None = None) -> int:
        """Forget a decision that was said to be wrong, or somebody; says how many decisions that were waiting."""
        before = len(self.waiting)
        self._keep(lambda one: decision_id != one.decision_id and person != one.person)
        if person is not None:
            self.window.pop(person, None)
        return before - len(self.waiting)

    def _keep(self, stays: Callable[[_Waiting], bool]) -> None:
        self.waiting = deque(filter(stays, self.waiting), maxlen=_MOST_WAITING)

    def _look(self, tail: Tail) -> None:
        was, self.is_alarm = self.is_alarm, is_alarm([*self.window.values()], tail=tail, was_alarm=self.is_alarm)
        if self.is_alarm and not was:
            log.warning("drift", tail=tail.value)
        if was and not self.is_alarm:
            log.warning("drift_over", tail=tail.value)


@dataclass(slots=True)
class _Station:
    gallery_id: str | None
    scores: dict[Tail, _Scores] = field(default_factory=lambda: {tail: _Scores() for tail in Tail})
    decisions: Counter[tuple[Outcome, Means]] = field(default_factory=Counter)
    disputed: int = 0


class Drift:
    """Counts of the stations of one process; any thread may call."""

    def __init__(self, *, clock: Clock, bars: Bars) -> None:
        self._clock = clock
        self._bars = bars
        self._stations: dict[str, _Station] = {}
        self._secret = secrets.token_bytes(32)
        self._lock = threading.Lock()

    def decided(self, decision: Decision, *, bar: Bar | None, own: float | None, nearest_other: float | None) -> None:
        """Count a decision that is stored, and take the scores of a MATCH at a station as counts.

        :param own: the cosine of whoever was recognised.
        :param nearest_other: the best cosine of anybody else; None where nobody else was compared.
        """
        if decision.station_id is None:
            return
        draws = self._draws(decision, bar, own, nearest_other)
        with self._lock:
            station = self._stations.setdefault(decision.station_id, _Station(decision.gallery_id))
            station.decisions[decision.outcome, decision.means] += 1
            for tail, (score, draw) in draws.items():
                person = self._person(decision.station_id, str(decision.subject_id))
                one = _Waiting(decision.id, decision.decided_at, person, bisect_left(BOUNDS, score), draw)
                station.scores[tail].waiting.append(one)
            self._release(station)

    def disputed(self, decision_id: str, *, station_id: str) -> None:
        """Somebody said of a decision at this station that it was not them: its scores count for nothing.

        The same again, and a decision that is not known here, change nothing.
        """
        with self._lock:
            station = self._stations.get(station_id)
            if station is not None:
                dropped = [scores.drop(decision_id=decision_id) for scores in station.scores.values()]
                station.disputed += any(dropped)

    def forget(self, subject_id: str) -> None:
        """Somebody is erased: what waits of them, and which of the newest people they are."""
        with self._lock:
            for station_id, station in self._stations.items():
                for scores in station.scores.values():
                    scores.drop(person=self._person(station_id, subject_id))

    def tidy(self, store: Store) -> None:
        """Forget stations that were retired, those of galleries that nobody is in any more, and what waits too long."""
        with store.read() as tx:
            used = {station.id for station in tx.stations.find() if station.retired_at is None}
            peopled = {gallery.id for gallery in tx.galleries.find() if tx.subjects.count(gallery_id=gallery.id)}
        with self._lock:
            for station_id, station in [*self._stations.items()]:
                if station_id not in used or station.gallery_id not in {None, *peopled}:
                    del self._stations[station_id]
                else:
                    self._release(station)

    def told(self) -> list[Told]:
        """What may be read of every station with ten decisions since the process began, by identifier."""
        with self._lock:
            for station in self._stations.values():
                self._release(station)
            many = [one for one in sorted(self._stations.items()) if one[1].decisions.total() >= TOGETHER]
            return [_told(station_id, station) for station_id, station in many]

    def standing(self, station_id: str) -> Standing:
        """What is said of one station."""
        with self._lock:
            station = self._stations.get(station_id)
            if station is None:
                return Standing.NOT_ENOUGH
            self._release(station)
            alarms = [tail for tail, scores in station.scores.items() if scores.is_alarm]
            if alarms:
                return Standing.BOTH if len(alarms) > 1 else Standing(alarms[0].value)
            is_known = any(len(scores.window) >= FEWEST_PEOPLE for scores in station.scores.values())
            return Standing.NONE if is_known else Standing.NOT_ENOUGH

    def _draws(
        self, decision: Decision, bar: Bar | None, own: float | None, nearest_other: float | None
    ) -> dict[Tail, tuple[float, Draw | None]]:
        """Each score that says something, and where it stands."""
        is_one = decision.outcome is Outcome.MATCH and decision.means is Means.FACE and decision.kind in _AT_STATIONS
        if not is_one or bar is None or own is None or decision.gallery_id is None:
            return {}
        try:
            calibration = self._bars.calibration_of(decision.gallery_id)
        except OwnRatesDamaged:  # since the bar was worked out; whoever comes next is told
            return {}
        at = bar.threshold
        draws = {Tail.OWN: (own, draw_of_own(own, bar=at, calibration=calibration))}
        if nearest_other is not None:
            draw = draw_of_others(nearest_other, bar=at, references=bar.references, calibration=calibration)
            draws[Tail.OTHERS] = (nearest_other, draw)
        return draws

    def _person(self, station_id: str, subject_id: str) -> bytes:
        """Tells one person's decisions at one station from others'; nothing joins two stations (rule S5)."""
        return blake2b(f"{station_id} {subject_id}".encode(), key=self._secret, digest_size=16).digest()

    def _release(self, station: _Station) -> None:
        now = self._clock.now()
        for tail, scores in station.scores.items():
            scores.release(tail, now=now)


def _told(station_id: str, station: _Station) -> Told:
    return Told(
        station_id=station_id,
        gallery_id=station.gallery_id,
        scores={tail: tuple(accumulate(scores.counts)) for tail, scores in station.scores.items()},
        alarms={tail: scores.is_alarm for tail, scores in station.scores.items()},
        decisions={of: in_steps(count) for of, count in station.decisions.items() if in_steps(count)},
        disputed=in_steps(station.disputed),
    )


def in_steps(count: int) -> int:
    """A count as it may be told to whoever reads it often: one more or less does not show."""
    return count - count % TOGETHER
