"""Whether the frames show one head that moves, and the same person throughout."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visavis.liveness.motion import Motion
from visavis.model.challenge import FaceChanged
from visavis.model.film import Look

FASTEST_TURN: Final = 250.0
"""Degrees a second, of yaw and pitch together."""
FASTEST_LEAN: Final = 200.0
"""Degrees a second of roll."""
FASTEST_MOVE: Final = 6.0
"""Sizes of the head a second."""
FASTEST_GROWTH: Final = 1.5
"""Natural logarithms of the size a second."""
_LEEWAY: Final = 1.0 / 15.0
"""Seconds that a time may be wrong by: a camera's frame may be a frame old when it is taken."""
MOST_OTHER: Final = 30.0
"""Mean difference of the scene between neighbouring frames, beyond a change of light, in levels of 0 to 255."""
_SMALL: Final = (24, 18)
"""The scene is compared in so few points that what moves a little does not count."""


def require_continuous(looks: Sequence[Look], moved: Motion, *, same_person: float, still: int) -> None:
    """Refuse frames that are not of one film of one person.

    1. From frame to frame the head turns, leans, moves and grows no faster than heads do.
    2. The scene does not become another one.
    3. Every frame shows the same person as the one before it, and as the still.

    :param same_person: the least cosine of two templates of one person. :param still: the number of the frame that is
        to be compared.
    :raises FaceChanged: one of them does not hold.
    """
    # 1
    seconds = np.diff(moved.at_ms) / 1000.0 + _LEEWAY
    rates = (
        (np.hypot(np.diff(moved.yaw), np.diff(moved.pitch)), FASTEST_TURN),
        (np.abs((np.diff(moved.roll) + 180.0) % 360.0 - 180.0), FASTEST_LEAN),
        (np.linalg.norm(np.diff(moved.centre, axis=0), axis=1) / moved.size[:-1], FASTEST_MOVE),
        (np.abs(np.diff(np.log(moved.size))), FASTEST_GROWTH),
    )
    if any((change > fastest * seconds).any() for change, fastest in rates):
        raise FaceChanged
    # 2
    scenes = [_scene(look.grey) for look in looks]
    if any(np.abs(one - other).mean() > MOST_OTHER for one, other in pairwise(scenes)):
        raise FaceChanged
    # 3
    vectors = np.stack([look.template.vector for look in looks])
    to_neighbour = (vectors[1:] * vectors[:-1]).sum(axis=1)
    if min(float(to_neighbour.min()), float((vectors @ vectors[still]).min())) < same_person:
        raise FaceChanged


def _scene(grey: NDArray[np.uint8]) -> NDArray[np.float64]:
    """A picture in few points, its light taken out."""
    small = np.array(Image.fromarray(grey).resize(_SMALL, Image.Resampling.BOX), dtype=np.float64)
    found: NDArray[np.float64] = small - small.mean()
    return found
