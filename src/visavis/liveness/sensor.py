"""Whether neighbouring frames differ as those of a camera do, where nothing in them moves.

A sensor never gives the same numbers twice: light arrives in grains, and its electronics add noise of their own. A
picture that is moved over an unchanging background, and a film that was put together on a computer, lack that. Whoever
adds noise that is fresh in every frame is not found out.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.model.challenge import FramesUnlikeSensor
from visavis.model.film import Look

_BLOCK: Final = 8
"""Side of a block, pixels: that of a JPEG's, so that a block without noise is the same to the last bit."""
_USUAL: Final = (16, 239)
"""Darker and brighter blocks are cut off at the ends of the scale, and tell of no noise."""
_AROUND: Final = 0.35
"""How far around a face things move with it, in widths of the face."""
_FEWEST: Final = 40
"""Blocks that have to be left to say anything."""
MOST_SAME: Final = 0.5
"""The largest share of still blocks that are the same in two neighbouring frames."""


def require_sensor(looks: Sequence[Look]) -> None:
    """Refuse a film that no sensor took.

    :raises FramesUnlikeSensor: half of what is beside the face stays the same, to the last bit, from frame to frame.
    """
    shares = [share for one, other in pairwise(looks) if (share := same_share(one, other)) is not None]
    if shares and float(np.median(shares)) > MOST_SAME:
        raise FramesUnlikeSensor


def same_share(one: Look, other: Look) -> float | None:
    """The share of blocks beside the face that are the same in both; None where too few could be compared."""
    before, after = (_blocks(look.grey) for look in (one, other))
    light = before.mean(axis=2)
    places = (light >= _USUAL[0]) & (light <= _USUAL[1]) & _beside(one) & _beside(other)
    if int(places.sum()) < _FEWEST:
        return None
    same = (before == after).all(axis=2)
    return float(same[places].mean())


def _blocks(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The whole blocks of a picture, shape (rows, columns, pixels)."""
    rows, columns = grey.shape[0] // _BLOCK, grey.shape[1] // _BLOCK
    whole = grey[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK)
    return np.ascontiguousarray(whole.swapaxes(1, 2)).reshape(rows, columns, _BLOCK * _BLOCK)


def _beside(look: Look) -> NDArray[np.bool_]:
    """Which blocks are neither of the face nor below it, where shoulders are."""
    rows, columns = look.grey.shape[0] // _BLOCK, look.grey.shape[1] // _BLOCK
    left, top, right, _ = look.box
    around = _AROUND * (right - left)
    x, y = (np.arange(count) * _BLOCK + _BLOCK / 2 for count in (columns, rows))
    across = (x >= left - around) & (x <= right + around)
    down = y >= top - around
    found: NDArray[np.bool_] = ~(down[:, None] & across[None, :])
    return found
