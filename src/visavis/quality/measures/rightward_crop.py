"""Rightward crop of the face image (ISO/IEC 29794-5:2025): whether there is room to the right of the face."""

from typing import Final

import numpy as np

from visavis.model.quality import Component
from visavis.quality.measure import Measure, rising
from visavis.quality.view import View


def _raw(view: View) -> float | None:
    """From the eye on the left to the picture's right edge, in distances between the eyes."""
    left, right = view.eyes
    between = float(np.linalg.norm(right - left))
    return float(view.frame.width - left[0]) / between if between else None


def _value(raw: float) -> float:
    return 100.0 * rising(raw, middle=0.9, width=0.1)


MEASURE: Final = Measure(Component.RIGHTWARD_CROP, _raw, _value)
