"""Inter-eye distance (ISO/IEC 29794-5:2025): how many pixels a face has."""

import math
from typing import Final

import numpy as np

from visavis.model.quality import Component
from visavis.quality.measure import Measure, rising
from visavis.quality.view import View

_LEAST: Final = 1e-6


def _raw(view: View) -> float | None:
    """Pixels of the frame between the centres of the eyes, as they would be if the head were not turned."""
    left, right = view.eyes
    shortened = math.cos(math.radians(view.pose.yaw))
    return float(np.linalg.norm(right - left)) / shortened if shortened > _LEAST else None


def _value(raw: float) -> float:
    return 100.0 * rising(raw, middle=70.0, width=20.0)


MEASURE: Final = Measure(Component.INTER_EYE_DISTANCE, _raw, _value)
