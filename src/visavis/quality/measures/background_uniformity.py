"""Background uniformity (ISO/IEC 29794-5:2025, 7.3.2): how plain the picture is around the head."""

from typing import Final

import numpy as np

from visavis.model.quality import Component
from visavis.quality.measure import Measure, rising
from visavis.quality.view import OVAL, SIDE, View

_HEAD: Final = 1.45
"""How much larger than the face, from its middle, a head with its hair is taken to be. The standard tells both apart
with a network; this leaves a little more out, so that hair is not taken for background."""
_BELOW: Final = 203
"""The row of the picture from which shoulders are to be expected."""


def _raw(view: View) -> float | None:
    """The mean gradient (Scharr) of luminance outside the head, above the shoulders."""
    outline = view.points[list(OVAL)]
    middle = outline.mean(axis=0)
    rows, columns = np.mgrid[0:SIDE, 0:SIDE]
    reach = (outline - middle) * _HEAD
    half = np.abs(reach).max(axis=0)
    head = ((columns - middle[0]) / half[0]) ** 2 + ((rows - middle[1]) / half[1]) ** 2 <= 1.0
    around = view.inside & ~head & (rows < _BELOW)
    # A pixel whose neighbour shows nothing has the picture's border for a gradient.
    seen = np.zeros_like(around)
    seen[1:-1, 1:-1] = around[1:-1, 1:-1] & view.inside[:-2, 1:-1] & view.inside[2:, 1:-1]
    seen[1:-1, 1:-1] &= view.inside[1:-1, :-2] & view.inside[1:-1, 2:]
    if not seen.any():
        return None
    light = view.luminance.astype(np.float32)
    down, across = light[2:] - light[:-2], light[:, 2:] - light[:, :-2]
    vertical = 3 * down[:, :-2] + 10 * down[:, 1:-1] + 3 * down[:, 2:]
    horizontal = 3 * across[:-2] + 10 * across[1:-1] + 3 * across[2:]
    return float(np.hypot(vertical, horizontal)[seen[1:-1, 1:-1]].mean())


def _value(raw: float) -> float:
    return 190.0 * (1.0 - rising(raw, middle=10.0, width=100.0))


MEASURE: Final = Measure(Component.BACKGROUND_UNIFORMITY, _raw, _value)
