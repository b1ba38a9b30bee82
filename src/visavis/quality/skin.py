"""What of a face does not look like the rest of its skin.

The standard segments a face with a network. This only compares colours and light, so it finds what skin cannot be:
sunglasses, a mask, a scarf, paper. A hand before the mouth, or a mask in the colour of the skin, it does not find.
Everything is relative to the skin of the same face in the same light, whatever its tone.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.quality.view import SIDE, View

_LEFT: Final = (50, 205)
_RIGHT: Final = (280, 425)
_PATCHES: Final = (108, 151, 337, 168, 118, 347, *_LEFT, *_RIGHT)
"""Points of the mesh in the midst of skin: three of the forehead, the bridge of the nose, three of each cheek. No usual
thing covers half of them."""
_LIPS: Final = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)

_REACH: Final = 4
"""Pixels around such a point."""
_LEAST_PATCHES: Final = 5
_LEAST_LIGHT: Final = 4.0
"""Luminance, of 255, below which noise has more colour than skin."""
_LEAST_COLOUR: Final = 0.02
"""How far from grey skin is, as the sum of the differences of the shares of red and green from a third. In a picture
without colours, and where most patches are covered, colours do not tell what is skin. Of 425 photos of lfw-dev one in a
hundred was below 0.041."""
_OTHER_COLOUR: Final = 0.075
"""From here on two colours are those of different things, as the sum of the differences of the shares of red and green.
Shadows change them little, since the three channels fall together."""
_PERHAPS_OTHER: Final = 0.05
"""From here on, where the lips are not redder than the skin: then they are probably not seen."""
_LIPS_PALER: Final = -0.03
_COLOUR_SEEN: Final = 0.3
"""Darker than this share of the skin's luminance, no colour can be told."""
_GLARE: Final = 2.5
"""Brighter than the skin by this no skin is, without being burnt out."""


@dataclass(frozen=True, slots=True)
class _Usual:
    red: float
    green: float
    light: float

    @property
    def coloured(self) -> bool:
        """Whether it has a colour that skin has in any light."""
        return self.red > self.green and abs(self.red - 1 / 3) + abs(self.green - 1 / 3) >= _LEAST_COLOUR


class Skin:
    """The colour of the skin of one face, and what is of another."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._seen = _patches(view)

    def covered(self, where: NDArray[np.bool_], *, black: float) -> float | None:
        """The share of ``where`` that shows no skin, 0 to 1; None where it cannot be told.

        :param black: darker than this share of the skin's luminance is no skin.
        """
        usual, places = self._usual, where & self._view.inside
        if usual is None or not usual.coloured or usual.light < _LEAST_LIGHT or not places.any():
            return None
        return float(self._other(places, usual, light=usual.light, black=black).mean())

    def eye_covered(self, where: NDArray[np.bool_], *, cheek: str, black: float) -> float | None:
        """The same of an eye, beside whose light the other half of the face's says little.

        Where there are no colours its light is enough: glasses that hide an eye are dark.

        :param cheek: ``left`` or ``right``, as seen in the picture.
        """
        usual, places = self._usual, where & self._view.inside
        below = [_PATCHES.index(point) for point in (_LEFT if cheek == "left" else _RIGHT)]
        near = self._seen[below, 2]
        if usual is None or not places.any():
            return None
        light = usual.light if np.isnan(near).any() else float(near.mean())
        return float(self._other(places, usual, light=light, black=black).mean()) if light >= _LEAST_LIGHT else None

    def _other(self, places: NDArray[np.bool_], usual: _Usual, *, light: float, black: float) -> NDArray[np.bool_]:
        ratio = self._view.luminance[places].astype(np.float32) / light
        other: NDArray[np.bool_] = (ratio < black) | (ratio > _GLARE)
        if usual.coloured:
            usual_shares = np.array((usual.red, usual.green), np.float32)
            apart = np.abs(_shares(self._view.picture[places]) - usual_shares).sum(axis=1)
            other |= (apart > self._bar(usual.red)) & (ratio > _COLOUR_SEEN)
        return other

    @cached_property
    def _usual(self) -> _Usual | None:
        """What most of the patches show; None where too few are in the picture."""
        known = self._seen[~np.isnan(self._seen[:, 0])]
        return _Usual(*np.median(known, axis=0).tolist()) if len(known) >= _LEAST_PATCHES else None

    def _bar(self, red: float) -> float:
        lips = self._view.region(_LIPS) & self._view.inside
        paler = lips.any() and float(np.median(_shares(self._view.picture[lips])[:, 0])) - red < _LIPS_PALER
        return _PERHAPS_OTHER if paler else _OTHER_COLOUR


def _shares(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The shares of red and green in the light of each pixel, shape (..., 2)."""
    light = pixels.astype(np.float32) + np.float32(1.0)
    shares: NDArray[np.float32] = light[..., :2] / light.sum(axis=-1, keepdims=True)
    return shares


def _patches(view: View) -> NDArray[np.float64]:
    """Shares of red and green, and luminance, in the middle of each patch, shape (10, 3); nan outside the picture."""
    middles = np.rint(view.points[list(_PATCHES)]).astype(int)
    reach = np.arange(-_REACH, _REACH + 1)
    columns = middles[:, 0, None, None] + reach[None, None, :] + 0 * reach[None, :, None]
    rows = middles[:, 1, None, None] + reach[None, :, None] + 0 * reach[None, None, :]
    bounded = np.clip(rows, 0, SIDE - 1), np.clip(columns, 0, SIDE - 1)
    whole = (view.inside[bounded] & (rows == bounded[0]) & (columns == bounded[1])).all(axis=(1, 2))
    seen = np.concatenate(
        [_shares(view.picture[bounded]), view.luminance[bounded][..., None]], axis=-1, dtype=np.float64
    )
    found: NDArray[np.float64] = np.median(seen.reshape(len(_PATCHES), -1, 3), axis=1)
    found[~whole] = np.nan
    return found
