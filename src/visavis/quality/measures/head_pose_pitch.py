"""Head pose, pitch (ISO/IEC 29794-5:2025)."""

from typing import Final

from visavis.model.quality import Component
from visavis.quality.measure import Measure
from visavis.quality.turned import cosine_squared
from visavis.quality.view import View


def _raw(view: View) -> float | None:
    """Degrees; positive where the nose points up."""
    return view.pose.pitch


MEASURE: Final = Measure(Component.PITCH, _raw, cosine_squared)
