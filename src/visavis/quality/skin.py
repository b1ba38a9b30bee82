"""What of a face does not look like the rest of its skin.

The standard segments a face with a network. This only compares colours, so it finds what a skin cannot be: sunglasses,
a mask, a scarf, paper. A hand before the mouth, or a mask in the colour of the skin, it does not find.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.quality.view import SIDE, View

_PATCHES: Final = (108, 151, 337, 168, 118, 347, 50, 280, 205, 425)
"""Points of the mesh in the midst of skin: three of the forehead, the bridge of the nose, three of each cheek. No usual
thing covers half of them."""
_REACH: Final = 4
"""Pixels around such a point."""
_OTHER_COLOUR: Final = 0.075
"""From here on two colours are those of different things, as the sum of the differences of the shares of red and green.
Shadows change them little, since the three channels fall together."""
_BLACK: Final = 0.30
"""Darker than this share of the skin's luminance is no shadow on it."""
_GLARE: Final = 3.0


class Skin:
    """The colour of the skin of a face, and what is of another."""

    def __init__(self, view: View) -> None:
        self._view = view

    def covered(self, where: NDArray[np.bool_], *, dark_counts: bool) -> float | None:
        """The share of ``where`` that shows no skin, 0 to 1; None where nothing of it is in the picture.

        :param dark_counts: whether what is much darker than the skin is no skin. Beards are, and belong to a face.
        """
        places = where & self._view.inside
        if not places.any() or self._usual is None:
            return None
        red, green, light = self._usual
        shares, lights = self._shares[places], self._view.luminance[places].astype(np.float64)
        ratio = lights / light
        colour = np.abs(shares - (red, green)).sum(axis=1) > _OTHER_COLOUR
        # What is nearly black has no colour that could be told, and hair is dark.
        other = colour & (ratio > _BLACK)
        other |= ratio > _GLARE
        if dark_counts:
            other |= ratio <= _BLACK
        elif True:
            other &= ratio > 0.6
        return float(other.mean())

    @cached_property
    def _shares(self) -> NDArray[np.float64]:
        """The shares of red and green in each pixel, shape (SIDE, SIDE, 2)."""
        picture = self._view.picture.astype(np.float64) + 1.0
        shares: NDArray[np.float64] = picture[:, :, :2] / picture.sum(axis=2, keepdims=True)
        return shares

    @cached_property
    def _usual(self) -> tuple[float, float, float] | None:
        """Shares of red and green, and luminance, that most of the patches have."""
        seen = [self._patch(*self._view.points[point]) for point in _PATCHES]
        known = [one for one in seen if one is not None]
        if len(known) < len(_PATCHES) // 2:
            return None
        red, green, light = np.median(known, axis=0).tolist()
        return red, green, max(1.0, light)

    def _patch(self, x: float, y: float) -> tuple[float, float, float] | None:
        rows, columns = (slice(max(0, round(at) - _REACH), max(0, round(at) + _REACH + 1)) for at in (y, x))
        inside = self._view.inside[rows, columns]
        if not inside.size or not inside.all():
            return None
        red, green = np.median(self._shares[rows, columns].reshape(-1, 2), axis=0).tolist()
        return red, green, float(np.median(self._view.luminance[rows, columns]))


def ring(view: View, outer: Sequence[int], inner: Sequence[int]) -> NDArray[np.bool_]:
    """What lies between two polygons of the mesh."""
    return view.region(outer) & ~view.region(inner)


def nothing() -> NDArray[np.bool_]:
    """No pixel."""
    return np.zeros((SIDE, SIDE), dtype=np.bool_)
