"""Dynamic range (ISO/IEC 29794-5:2025): how many levels of light a face is drawn with."""

from typing import Final

import numpy as np

from visavis.model.quality import Component
from visavis.quality.measure import Measure
from visavis.quality.view import View


def _raw(view: View) -> float | None:
    """The entropy of the face's histogram of luminance, bits (0 to 8)."""
    shares = view.histogram[view.histogram > 0]
    return float(-(shares * np.log2(shares)).sum()) if shares.size else None


def _value(raw: float) -> float:
    return 12.5 * raw


MEASURE: Final = Measure(Component.DYNAMIC_RANGE, _raw, _value)
