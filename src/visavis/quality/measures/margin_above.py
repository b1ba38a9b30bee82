"""Margin above the face image (ISO/IEC 29794-5:2025): whether there is room above of the face."""

from typing import Final

from visavis.model.quality import Component
from visavis.quality.measure import Measure, rising
from visavis.quality.view import View


def _raw(view: View) -> float | None:
    """From the picture's top to the eyes, in distances between eyes and chin."""
    return float(view.eyes[:, 1].mean()) / view.eye_chin if view.eye_chin else None


def _value(raw: float) -> float:
    return 100.0 * rising(raw, middle=1.4, width=0.1)


MEASURE: Final = Measure(Component.MARGIN_ABOVE, _raw, _value)
