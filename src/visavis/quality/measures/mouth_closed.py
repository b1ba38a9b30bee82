"""Mouth closed (ISO/IEC 29794-5:2025)."""

from typing import Final

from visavis.model.quality import Component
from visavis.quality.measure import Measure, rising
from visavis.quality.view import View

_LIPS: Final = ((82, 87), (13, 14), (312, 317))


def _raw(view: View) -> float | None:
    """How far the mouth is open, in distances between eyes and chin."""
    return view.opening(_LIPS) / view.eye_chin if view.eye_chin else None


def _value(raw: float) -> float:
    return 100.0 * (1.0 - rising(raw, middle=0.2, width=0.06))


MEASURE: Final = Measure(Component.MOUTH_CLOSED, _raw, _value)
