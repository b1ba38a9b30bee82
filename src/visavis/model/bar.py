"""How sure a match has to be in one gallery, how that moved, and what the gallery's own people say about it."""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Self

from visavis.model.calibration import Calibration, CalibrationInvalid, CalibrationPoint, RateNotKnown
from visavis.model.errors import IntegrityError


class OwnRatesDamaged(IntegrityError):
    """What a gallery's own people told of its error rates is stored in a form that makes no sense."""

    code = "own_rates_damaged"
    mend = "Measure the gallery again: visavis gallery measure. Nobody in it is recognised before."


class BarSource(Enum):
    """Whose measurement sets the bar."""

    MODEL = "model"
    """That of the model's card."""
    GALLERY = "gallery"
    """That of the gallery's own people, who are more alike than those of the card."""


@dataclass(frozen=True, slots=True)
class BarMove:
    """Since ``moved_at`` a match in a gallery needs a cosine of ``bar``.

    ``fmr`` is how often one comparison may err, with so many ``references``. ``is_present`` holds for the newest move.
    """

    id: str
    gallery_id: str
    bar: float
    fmr: float
    references: int
    source: BarSource
    is_present: bool
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class OwnRates:
    """False match rates between the people of one gallery: counts and rates, nothing of anybody.

    ``id`` is the gallery's. ``points`` is JSON: [[fmr, cosine], …], most lenient first, down to ``floor``, the lowest
    rate that so many people can tell. ``is_worse`` where the card's thresholds let more pass than they promise.
    """

    id: str
    people: int
    comparisons: int
    floor: float
    is_worse: bool
    points: str
    measured_at: datetime

    @classmethod
    def of(
        cls,
        gallery_id: str,
        points: tuple[CalibrationPoint, ...],
        *,
        people: int,
        comparisons: int,
        floor: float,
        calibration: Calibration,
        now: datetime,
    ) -> Self:
        """What was measured, compared with the model's card.

        Worse is a gallery in which somewhere the whole band of a rate lies above the band that the card has there.
        """
        known = tuple(point for point in points if point.fmr >= floor)
        return cls(
            id=gallery_id,
            people=people,
            comparisons=comparisons,
            floor=floor,
            is_worse=any(_is_above(point, calibration) for point in known),
            points=json.dumps([[point.fmr, point.threshold] for point in known]),
            measured_at=now,
        )

    def raised(self, calibration: Calibration) -> Calibration:
        """The card's calibration with every threshold where the gallery's own people need it; never lower.

        Below the lowest rate that they can tell the thresholds stay as much higher as they are there.

        :raises OwnRatesDamaged: the points make no sense.
        """
        if not self.is_worse:
            return calibration
        try:
            own = tuple(CalibrationPoint(fmr, at, fmr, fmr) for fmr, at in json.loads(self.points))
            measured = Calibration(calibration.model_id, own, self.floor, self.people, calibration.misses)
        except (CalibrationInvalid, ValueError, TypeError) as wrong:
            raise OwnRatesDamaged(f"Of gallery {self.id}.") from wrong
        above = max(0.0, measured.threshold_at(self.floor) - _threshold(calibration, self.floor))
        points: list[CalibrationPoint] = []
        for point in calibration.points:
            at = measured.threshold_at(point.fmr) if point.fmr >= self.floor else point.threshold + above
            at = min(1.0, max(at, point.threshold, points[-1].threshold if points else -1.0))
            points.append(replace(point, threshold=at))
        return replace(calibration, points=tuple(points))


def _is_above(point: CalibrationPoint, calibration: Calibration) -> bool:
    try:
        return point.low > calibration.fmr_at(point.threshold).high
    except RateNotKnown:  # beyond what the card knows
        return point.threshold > calibration.points[-1].threshold


def _threshold(calibration: Calibration, fmr: float) -> float:
    return calibration.threshold_at(max(fmr, calibration.fmr_floor))
