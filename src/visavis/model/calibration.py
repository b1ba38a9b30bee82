"""What a score is worth: measured false match rates of one model, and the thresholds they give."""

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

from visavis.model.errors import PolicyRefused, StartupError


class CalibrationInvalid(StartupError):
    """The calibration of the model is missing or makes no sense."""

    code = "calibration_invalid"
    mend = "Restore the file that came with the model card, or make it again: make calibrate"


class PromiseTooStrict(PolicyRefused):
    """A false match rate was asked for that the calibration never measured."""

    code = "promise_too_strict"
    mend = "Ask for a higher rate or a smaller gallery, or calibrate the model on more people."


@dataclass(frozen=True, slots=True)
class CalibrationPoint:
    """Of all non-mated comparisons measured, at most the share ``fmr`` scored ``threshold`` or more."""

    fmr: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """False match rates of the model ``model_id``, most lenient point first.

    Scores are cosines, -1 to 1; a comparison matches when its score is at least the threshold. ``fmr_floor`` is the
    lowest rate that may be promised: too few errors were seen below it to speak of one.
    """

    model_id: str
    points: tuple[CalibrationPoint, ...]
    fmr_floor: float

    def __post_init__(self) -> None:
        """Refuse points that do not order scores by rate.

        :raises CalibrationInvalid: fewer than two points, a number that is not finite or out of range, rates that do
            not fall or thresholds that fall, or a floor outside the points.
        """
        numbers = [number for point in self.points for number in (point.fmr, point.threshold)]
        if len(self.points) < 2 or not all(map(math.isfinite, [*numbers, self.fmr_floor])):  # noqa: PLR2004 -- a line needs two
            raise CalibrationInvalid("It needs at least two points, and every number finite.")
        if not all(0 < point.fmr <= 1 and -1 <= point.threshold <= 1 for point in self.points):
            raise CalibrationInvalid("Rates lie between 0 and 1, thresholds between -1 and 1.")
        if not all(a.fmr > b.fmr and a.threshold <= b.threshold for a, b in pairwise(self.points)):
            raise CalibrationInvalid("From point to point the rate must fall and the threshold must not.")
        if not self.points[-1].fmr <= self.fmr_floor < self.points[0].fmr:
            raise CalibrationInvalid("fmr_floor lies outside the points.")

    @classmethod
    def from_fields(cls, fields: object) -> Self:
        """A calibration from the parsed JSON of its file; fields it does not know are remarks.

        :raises CalibrationInvalid: a field is missing or of the wrong type, or the points make no sense.
        """
        if not isinstance(fields, Mapping):
            raise CalibrationInvalid("It is not an object.")
        model_id, points = fields.get("model_id"), fields.get("points")
        if not isinstance(model_id, str) or not isinstance(points, list):
            raise CalibrationInvalid("model_id must be a string and points a list.")
        return cls(
            model_id=model_id,
            points=tuple(CalibrationPoint(_number(p, "fmr"), _number(p, "threshold")) for p in points),
            fmr_floor=_number(fields, "fmr_floor"),
        )

    def threshold_at(self, fmr: float) -> float:
        """The lowest score that keeps the promise "at most ``fmr`` of non-mated comparisons match".

        Between two points the threshold is linear in the logarithm of the rate.

        :raises PromiseTooStrict: ``fmr`` is below ``fmr_floor``.
        """
        # "not >=" so that a rate that is not a number is refused too.
        if not fmr >= self.fmr_floor:
            raise PromiseTooStrict(f"A false match rate of {fmr:.2g} is asked; {self.fmr_floor:.2g} was measured.")
        if fmr >= self.points[0].fmr:
            return self.points[0].threshold
        below = next(index for index, point in enumerate(self.points) if point.fmr <= fmr)
        upper, lower = self.points[below - 1], self.points[below]
        part = math.log(upper.fmr / fmr) / math.log(upper.fmr / lower.fmr)
        return upper.threshold + part * (lower.threshold - upper.threshold)

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


def _number(fields: Any, name: str) -> float:
    value = fields.get(name) if isinstance(fields, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CalibrationInvalid(f"{name} must be a number.")
    return float(value)
