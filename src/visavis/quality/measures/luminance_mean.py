"""Luminance mean (ISO/IEC 29794-5:2025): whether a face is neither dark nor glaring."""

from typing import Final

import numpy as np

from visavis.model.quality import Component
from visavis.quality.measure import Measure, rising
from visavis.quality.view import View


def _raw(view: View) -> float | None:
    """The mean linear luminance of the face, 0 to 1."""
    return float(view.histogram @ np.arange(256)) / 255.0 if view.histogram.any() else None


def _value(raw: float) -> float:
    return 100.0 * rising(raw, middle=0.2, width=0.05) * (1.0 - rising(raw, middle=0.8, width=0.05))


MEASURE: Final = Measure(Component.LUMINANCE_MEAN, _raw, _value)
