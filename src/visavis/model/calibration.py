"""What a score is worth: measured error rates of one model, and the thresholds they give."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Self

from visavis.model.errors import PolicyRefused, StartupError

SEVERAL: Final = 3
"""References of one person from which on misses are those of three together."""


class CalibrationInvalid(StartupError):
    """The calibration of the model is missing or makes no sense."""

    code = "calibration_invalid"
    mend = "Restore the file that came with the model card, or make it again: make calibrate"


class PromiseTooStrict(PolicyRefused):
    """An error rate was asked for that the calibration cannot know."""

    code = "promise_too_strict"
    mend = "Ask for a higher rate or a smaller gallery, or calibrate the model on more people."


class RateNotKnown(PolicyRefused):
    """An error rate was asked of a score where the calibration knows none."""

    code = "rate_not_known"
    mend = "Ask within what was measured, or calibrate the model on more people."


class CalibrationTooSmall(PolicyRefused):
    """There are too few people to say what a score is worth."""

    code = "calibration_too_small"
    mend = "Take more people, and at least two photos of more of them."


@dataclass(frozen=True, slots=True)
class Rate:
    """An error rate with its 95 % band, 0 to 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class CalibrationPoint:
    """Of all non-mated comparisons at most the share ``fmr`` scores ``threshold`` or more; 95 % sure: low to high."""

    fmr: float
    threshold: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class MissPoint:
    """The share ``fnmr`` of members is missed at ``threshold``; 95 % sure: low to high."""

    threshold: float
    fnmr: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Misses:
    """How often a member is missed who has ``photos`` references, measured on ``people`` with a photo to spare."""

    photos: int
    people: int
    points: tuple[MissPoint, ...]

    def __post_init__(self) -> None:
        """Refuse points that do not order misses by threshold.

        :raises CalibrationInvalid: fewer than two points, a number out of range, or misses that fall.
        """
        if self.photos < 1 or self.people < 1 or len(self.points) < 2:  # noqa: PLR2004 -- a line needs two
            raise CalibrationInvalid("misses: photos and people are at least 1, and there are at least two points.")
        if not all(-1 <= p.threshold <= 1 and 0 <= p.low <= p.fnmr <= p.high <= 1 for p in self.points):
            raise CalibrationInvalid("misses: low, fnmr and high rise from 0 to 1, thresholds lie between -1 and 1.")
        if not all(a.threshold <= b.threshold and a.fnmr <= b.fnmr for a, b in pairwise(self.points)):
            raise CalibrationInvalid("misses: from point to point neither threshold nor fnmr may fall.")


@dataclass(frozen=True, slots=True)
class Calibration:
    """Error rates of the model ``model_id``, most lenient point first, every person weighing the same.

    Scores are cosines, -1 to 1; a comparison matches when its score is at least the threshold. ``fmr_floor`` is the
    lowest rate that may be promised: below it nobody can say what the true one is. ``people`` is how many were
    measured. ``misses`` is there for one reference, and for several where that was measured.
    """

    model_id: str
    points: tuple[CalibrationPoint, ...]
    fmr_floor: float
    people: int
    misses: tuple[Misses, ...]

    def __post_init__(self) -> None:
        """Refuse points that do not order scores by rate.

        :raises CalibrationInvalid: fewer than two points, a number that is not finite or out of range, rates that do
            not fall or thresholds that fall, a floor outside the points, or no misses with one reference.
        """
        numbers = [number for p in self.points for number in (p.fmr, p.threshold, p.low, p.high)]
        if len(self.points) < 2 or not all(map(math.isfinite, [*numbers, self.fmr_floor])):  # noqa: PLR2004 -- a line needs two
            raise CalibrationInvalid("It needs at least two points, and every number finite.")
        if not all(0 < point.fmr <= 1 and -1 <= point.threshold <= 1 for point in self.points):
            raise CalibrationInvalid("Rates lie between 0 and 1, thresholds between -1 and 1.")
        if not all(0 <= point.low <= point.fmr <= point.high <= 1 for point in self.points):
            raise CalibrationInvalid("A rate lies inside its band, and the band between 0 and 1.")
        if not all(a.fmr > b.fmr and a.threshold <= b.threshold for a, b in pairwise(self.points)):
            raise CalibrationInvalid("From point to point the rate must fall and the threshold must not.")
        if not self.points[-1].fmr <= self.fmr_floor < self.points[0].fmr:
            raise CalibrationInvalid("fmr_floor lies outside the points.")
        if self.people < 1 or [m.photos for m in self.misses] not in ([1], [1, SEVERAL]):
            raise CalibrationInvalid(f"people is at least 1; misses are there for 1 photo and may be for {SEVERAL}.")

    @property
    def fpir_floor(self) -> float:
        """The lowest FPIR that may be promised: the rule of three over people (ISO/IEC 19795-1).

        False positives gather on few strangers, so whoever saw p people cannot know that fewer than 3 / p of them are
        taken for somebody.
        """
        return min(1.0, 3 / self.people)

    @classmethod
    def from_fields(cls, fields: object) -> Self:
        """A calibration from the parsed JSON of its file; fields it does not know are remarks.

        :raises CalibrationInvalid: a field is missing or of the wrong type, or the points make no sense.
        """
        if not isinstance(fields, Mapping):
            raise CalibrationInvalid("It is not an object.")
        model_id = fields.get("model_id")
        if not isinstance(model_id, str):
            raise CalibrationInvalid("model_id must be a string.")
        return cls(
            model_id=model_id,
            points=tuple(CalibrationPoint(*_numbers(p, "fmr", "threshold", "low", "high")) for p in _list(fields)),
            fmr_floor=_number(fields, "fmr_floor"),
            people=_count(fields, "people"),
            misses=tuple(_misses(each) for each in _list(fields, "misses")),
        )

    def threshold_at(self, fmr: float) -> float:
        """The lowest score that keeps the promise "at most ``fmr`` of non-mated comparisons match".

        Between two points the threshold is linear in the logarithm of the rate.

        :raises PromiseTooStrict: ``fmr`` is below ``fmr_floor``.
        """
        # "not >=" so that a rate that is not a number is refused too; the last bits of a logarithm are no promise.
        if not fmr >= self.fmr_floor * (1 - 1e-9):
            raise PromiseTooStrict(
                f"A false match rate of {fmr:.2g} is asked; down to {self.fmr_floor:.2g} the calibration knows it."
            )
        if fmr >= self.points[0].fmr:
            return self.points[0].threshold
        below = next((index for index, point in enumerate(self.points) if point.fmr <= fmr), len(self.points) - 1)
        upper, lower = self.points[below - 1], self.points[below]
        part = math.log(upper.fmr / fmr) / math.log(upper.fmr / lower.fmr)
        return upper.threshold + part * (lower.threshold - upper.threshold)

    def fmr_at(self, score: float) -> Rate:
        """The share of non-mated comparisons that score ``score`` or more, with its band.

        :raises RateNotKnown: the score lies below the first threshold or above that of the floor.
        """
        if not self.points[0].threshold <= score <= self.threshold_at(self.fmr_floor):
            raise RateNotKnown(
                f"False match rates are known from a score of {self.points[0].threshold:.4g} "
                f"to {self.threshold_at(self.fmr_floor):.4g}."
            )
        at = [point.threshold for point in self.points]
        value, low, high = (
            _between(at, [getattr(point, name) for point in self.points], score, in_logarithms=True)
            for name in ("fmr", "low", "high")
        )
        return Rate(max(value, self.fmr_floor), low, high)

    def fnmr_at(self, threshold: float, *, photos: int = 1) -> Rate:
        """The share of members who are missed at ``threshold``, each with ``photos`` references, with its band.

        Two references count as one, more than three as three: what was not measured is not taken to help. Below the
        first threshold the misses are at most those of it, and that is told.

        :raises RateNotKnown: the threshold lies above the last one.
        """
        of = next(misses for misses in reversed(self.misses) if misses.photos <= max(1, photos))
        at = [point.threshold for point in of.points]
        if not threshold <= at[-1]:
            raise RateNotKnown(f"Misses are known up to a threshold of {at[-1]:.4g}.")
        value, low, high = (
            _between(at, [getattr(p, name) for p in of.points], threshold) for name in ("fnmr", "low", "high")
        )
        return Rate(value, low, high)

    def fmr_decade_of(self, score: float) -> int:
        """The power of ten that bounds the false match rate of ``score`` from above: -3 for at most 1e-3.

        0 where the score is below every threshold; never below the floor's power of ten.
        """
        passed = bisect_right(self.points, score, key=lambda point: point.threshold)
        if not passed:
            return 0
        fmr = max(self.points[passed - 1].fmr, self.fmr_floor)
        # Rates such as 10 ** -2.9999999999999996 are whole decades that a float cannot spell.
        return math.ceil(round(math.log10(fmr), 9))


def _between(at: Sequence[float], values: Sequence[float], score: float, *, in_logarithms: bool = False) -> float:
    """The value at ``score``, straight between its neighbours; the first one below them all."""
    above = bisect_right(at, score)
    if above == 0:
        return values[0]
    if above == len(at):
        return values[-1]
    part = (score - at[above - 1]) / (at[above] - at[above - 1])
    one, other = values[above - 1], values[above]
    if in_logarithms and one > 0 and other > 0:
        return math.exp(math.log(one) + part * (math.log(other) - math.log(one)))
    return one + part * (other - one)


def _misses(fields: Any) -> Misses:
    return Misses(
        photos=_count(fields, "photos"),
        people=_count(fields, "people"),
        points=tuple(MissPoint(*_numbers(p, "threshold", "fnmr", "low", "high")) for p in _list(fields)),
    )


def _list(fields: Any, name: str = "points") -> list[Any]:
    found = fields.get(name) if isinstance(fields, Mapping) else None
    if not isinstance(found, list):
        raise CalibrationInvalid(f"{name} must be a list.")
    return found


def _numbers(fields: Any, *names: str) -> list[float]:
    return [_number(fields, name) for name in names]


def _number(fields: Any, name: str) -> float:
    value = fields.get(name) if isinstance(fields, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CalibrationInvalid(f"{name} must be a number.")
    return float(value)


def _count(fields: Any, name: str) -> int:
    value = fields.get(name) if isinstance(fields, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int):
        raise CalibrationInvalid(f"{name} must be a whole number.")
    return value
