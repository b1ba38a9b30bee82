"""Sharpness (ISO/IEC 29794-5:2025): whether a face is in focus and was held still.

The standard asks a forest of trees that it publishes. This is the blur metric of Crete and others ("The blur effect:
perception and estimation with a new no-reference perceptual blur metric", SPIE 6492, 2007): what is sharp loses more of
its differences between neighbours by one more blur than what is blurred already. Of each difference one level is taken
away first, which rounding alone makes: else what is very blurred would have little but sharp edges of that sort.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.model.quality import Component
from visavis.quality.measure import Measure, rising
from visavis.quality.view import View

_TAPS: Final = 9
"""Length of the second blur, as its authors have it, pixels."""
_ROUNDING: Final = 1.0
_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)


def _raw(view: View) -> float | None:
    """How blurred the face is along the worse axis, 0 (sharp) to 1."""
    grey = view.picture @ _LUMA
    found = [_blur(grey, view.face_region), _blur(grey.T, view.face_region.T)]
    known = [blur for blur in found if blur is not None]
    return max(known) if len(known) == len(found) else None


def _blur(grey: NDArray[np.float32], where: NDArray[np.bool_]) -> float | None:
    """Along the columns; None where nothing in ``where`` differs from its neighbours."""
    padded = np.pad(grey, ((_TAPS // 2 + 1, _TAPS // 2), (0, 0)), mode="edge")
    sums = np.cumsum(padded, axis=0, dtype=np.float64)
    blurred = (sums[_TAPS:] - sums[:-_TAPS]) / _TAPS
    before = np.maximum(0.0, np.abs(np.diff(grey, axis=0)) - _ROUNDING)
    lost = np.maximum(0.0, before - np.abs(np.diff(blurred, axis=0)))
    inside = where[1:] & where[:-1]
    total = float(before[inside].sum(dtype=np.float64))
    return (total - float(lost[inside].sum())) / total if total > 0 else None


def _value(raw: float) -> float:
    return 100.0 * (1.0 - rising(raw, middle=0.95, width=0.02))


MEASURE: Final = Measure(Component.SHARPNESS, _raw, _value)
