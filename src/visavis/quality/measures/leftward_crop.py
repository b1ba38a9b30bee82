"""Leftward crop of the face image (ISO/IEC 29794-5:2025): whether there is room to the left of the face."""

from typing import Final

import numpy as np

from visavis.model.quality import Component
from visavis.quality.measure import Measure, rising
from visavis.quality.view import View


def _raw(view: View) -> float | None:
    """From the picture's left edge to the eye on the right, in distances between the eyes."""
    left, right = view.eyes
    between = float(np.linalg.norm(right - left))
    return float(right[0]) / between if between else None


def _value(raw: float) -> float:
    return 100.0 * rising(raw, middle=0.9, width=0.1)


MEASURE: Final = Measure(Component.LEFTWARD_CROP, _raw, _value)
