"""Eyes open (ISO/IEC 29794-5:2025)."""

from typing import Final

from visavis.model.quality import Component
from visavis.quality.measure import Measure, rising
from visavis.quality.view import View

LEFT_LIDS: Final = ((160, 144), (159, 145), (158, 153))
RIGHT_LIDS: Final = ((385, 380), (386, 374), (387, 373))


def _raw(view: View) -> float | None:
    """How far the eye that is less open is open, in distances between eyes and chin."""
    opened = min(view.opening(LEFT_LIDS), view.opening(RIGHT_LIDS))
    return opened / view.eye_chin if view.eye_chin else None


def _value(raw: float) -> float:
    return 100.0 * rising(raw, middle=0.02, width=0.01)


MEASURE: Final = Measure(Component.EYES_OPEN, _raw, _value)
