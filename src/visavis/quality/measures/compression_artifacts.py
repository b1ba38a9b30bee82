"""Compression artifacts (ISO/IEC 29794-5:2025): whether a face shows the blocks of JPEG.

The standard asks a network that it publishes. This compares the steps of luminance between neighbours at the borders of
blocks with those inside them (after Wang, Bovik and Evan, "Blind measurement of blocking artifacts in images", ICIP
2000), in the frame as it was decoded. A photo that was scaled after it was compressed shows none.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.model.quality import Component
from visavis.quality.measure import Measure, rising
from visavis.quality.view import View

_BLOCK: Final = 8
_LEAST: Final = 5 * _BLOCK
"""Fewer pixels across a face show too few borders."""
_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)


def _raw(view: View) -> float | None:
    """How much larger steps are at borders of blocks than elsewhere, along the worse axis; 0: not at all."""
    face, frame = view.face, view.frame
    left, top = max(0, round(face.left)), max(0, round(face.top))
    right, bottom = (min(frame.width, round(face.left + face.width)), min(frame.height, round(face.top + face.height)))
    if right - left < _LEAST or bottom - top < _LEAST:
        return None
    grey = frame.pixels[top:bottom, left:right] @ _LUMA
    return max(_blocks(grey), _blocks(grey.T))


def _blocks(grey: NDArray[np.float32]) -> float:
    steps = np.abs(np.diff(grey, axis=0)).mean(axis=1)
    # A photo that was turned upright has its borders elsewhere than at multiples of eight from the corner.
    means = np.array([steps[begin::_BLOCK].mean() for begin in range(_BLOCK)])
    others = (means.sum() - means.max()) / (_BLOCK - 1)
    return float(means.max() / others - 1.0) if others > 0 else 0.0


def _value(raw: float) -> float:
    return 100.0 * (1.0 - rising(raw, middle=1.3, width=0.3))


MEASURE: Final = Measure(Component.COMPRESSION, _raw, _value, by_points=False)
