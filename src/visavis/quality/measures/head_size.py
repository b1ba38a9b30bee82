"""Head size (ISO/IEC 29794-5:2025): whether a head fills the picture as that of a passport does."""

from typing import Final

from visavis.model.quality import Component
from visavis.quality.measure import Measure, rising
from visavis.quality.view import View

_USUAL: Final = 0.45


def _raw(view: View) -> float | None:
    """From the eyes to the chin, in heights of the picture."""
    return view.eye_chin / view.frame.height


def _value(raw: float) -> float:
    return 200.0 * (1.0 - rising(abs(raw - _USUAL), middle=0.0, width=0.05))


MEASURE: Final = Measure(Component.HEAD_SIZE, _raw, _value)
