"""Head pose, roll (ISO/IEC 29794-5:2025)."""

from typing import Final

from visavis.model.quality import Component
from visavis.quality.measure import Measure
from visavis.quality.turned import cosine_squared
from visavis.quality.view import View


def _raw(view: View) -> float | None:
    """Degrees; positive where the head is tilted clockwise."""
    return view.pose.roll


MEASURE: Final = Measure(Component.ROLL, _raw, cosine_squared)
