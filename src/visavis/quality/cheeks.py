"""The two squares of skin that illumination and colour are measured on."""

import numpy as np

from visavis.quality.view import View, anchors


def cheeks(view: View) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Below each eye, half way to the mouth: rows and columns of the picture (ISO/IEC 29794-5:2025)."""
    left, right, _, *mouth = anchors(view.points)
    across = float(np.linalg.norm(right - left))
    down = float(np.linalg.norm(np.mean(mouth, axis=0) - (left + right) / 2)) / 2
    side = int(across * 0.3)
    one = _square(left[0], left[1] + down, side)
    return one, _square(right[0] - side, right[1] + down, side)


def _square(x: float, y: float, side: int) -> tuple[slice, slice]:
    column, row = max(0, round(x)), max(0, round(y))
    return slice(row, row + side), slice(column, column + side)
