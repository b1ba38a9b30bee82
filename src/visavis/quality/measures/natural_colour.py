"""Natural colour (ISO/IEC 29794-5:2025): whether skin has a colour that light gives to skin, of whatever tone."""

import math
from typing import Final

import numpy as np

from visavis.model.quality import Component
from visavis.quality.cheeks import cheeks
from visavis.quality.measure import Measure, rising
from visavis.quality.view import LINEAR_PART, View

_TO_XYZ: Final = np.array([(0.43605, 0.38508, 0.14309), (0.22249, 0.71689, 0.06062), (0.01393, 0.09710, 0.71419)])
"""Linear sRGB to CIE XYZ under D50."""
_WHITE: Final = np.array([0.964221, 1.0, 0.825211])
_FAR: Final = 100.0
_A: Final = (5.0, 25.0)
_B: Final = (5.0, 35.0)


def _raw(view: View) -> float | None:
    """How far the mean colour of the cheeks is from those of skin in CIELAB's plane a*, b*."""
    places = cheeks(view)
    if not all(view.inside[place].size and view.inside[place].all() for place in places):
        return None
    both = [view.picture[place].reshape(-1, 3) for place in places]
    mean = np.concatenate(both).mean(axis=0) / 255.0
    linear = np.where(mean <= LINEAR_PART, mean / 12.92, ((mean + 0.055) / 1.055) ** 2.4)
    relative = _TO_XYZ @ linear / _WHITE
    root = np.where(relative > 216 / 24389, np.cbrt(relative), (24389 / 27 * relative + 16) / 116)
    a, b = 500.0 * (root[0] - root[1]), 200.0 * (root[1] - root[2])
    if a < 0 or b < 0:
        return _FAR
    return math.hypot(_beyond(a, _A), _beyond(b, _B))


def _beyond(at: float, usual: tuple[float, float]) -> float:
    return max(0.0, usual[0] - at, at - usual[1])


def _value(raw: float) -> float:
    return 200.0 * (1.0 - rising(raw, middle=0.0, width=10.0))


MEASURE: Final = Measure(Component.NATURAL_COLOUR, _raw, _value)
