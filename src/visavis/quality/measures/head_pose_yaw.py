"""Head pose, yaw (ISO/IEC 29794-5:2025)."""

from typing import Final

from visavis.model.quality import Component
from visavis.quality.measure import Measure
from visavis.quality.turned import cosine_squared
from visavis.quality.view import View


def _raw(view: View) -> float | None:
    """Degrees; positive where the nose points to the picture's right."""
    return view.pose.yaw


MEASURE: Final = Measure(Component.YAW, _raw, cosine_squared)
