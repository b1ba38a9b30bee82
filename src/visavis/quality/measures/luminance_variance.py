"""Luminance variance (ISO/IEC 29794-5:2025): whether a face has neither too little nor too much contrast."""

import math
from typing import Final

import numpy as np

from visavis.model.quality import Component
from visavis.quality.measure import Measure
from visavis.quality.view import View


def _raw(view: View) -> float | None:
    """The variance of the face's linear luminance, which goes from 0 to 1."""
    if not view.histogram.any():
        return None
    levels = np.arange(256) / 255.0
    mean = float(view.histogram @ levels)
    return float(view.histogram @ (levels - mean) ** 2)


def _value(raw: float) -> float:
    return 100.0 * math.sin(60.0 * raw / (60.0 * raw + 1.0) * math.pi)


MEASURE: Final = Measure(Component.LUMINANCE_VARIANCE, _raw, _value)
