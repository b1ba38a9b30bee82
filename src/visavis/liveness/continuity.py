"""Whether the frames show one head that moves, and the same person throughout."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

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
MOST_OTHER: Final = 0.5
"""The largest share of what is beside the face that may become something else between neighbouring frames: somebody
holds the camera in a hand, and somebody walks by."""
OTHER: Final = 14.0
"""Levels of 0 to 255 in the colour where they differ most, from which a point of the scene is another one."""
LIGHT: Final = (0.85, 1.18)
"""How much darker and brighter, in each colour, a camera that adapts makes the scene from one frame to the next."""
_AROUND: Final = 0.35
"""How far around a face things move with it, in widths of the face."""
_FEWEST: Final = 60
"""Points beside the face that have to be left to say anything."""


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
    if any(other_share(one, other) > MOST_OTHER for one, other in pairwise(looks)):
        raise FaceChanged
    # 3
    vectors = np.stack([look.template.vector for look in looks])
    to_neighbour = (vectors[1:] * vectors[:-1]).sum(axis=1)
    if min(float(to_neighbour.min()), float((vectors @ vectors[still]).min())) < same_person:
        raise FaceChanged


def other_share(one: Look, other: Look) -> float:
    """The share of what is beside the face that is another scene; 0 where too little is beside it."""
    places = _beside(one) & _beside(other)
    if int(places.sum()) < _FEWEST:
        return 0.0
    before, after = (look.scene[places].astype(np.float64) + 1.0 for look in (one, other))
    light = np.clip(np.median(after / before, axis=0), *LIGHT)
    return float((np.abs(after - before * light).max(axis=1) > OTHER).mean())


def _beside(look: Look) -> NDArray[np.bool_]:
    """Which points of the scene are neither of the face nor below it, where shoulders are."""
    rows, columns = look.scene.shape[:2]
    height, width = look.grey.shape
    left, top, right, _ = look.box
    around = _AROUND * (right - left)
    x, y = ((np.arange(count) + 0.5) * (size / count) for count, size in ((columns, width), (rows, height)))
    across = (x >= left - around) & (x <= right + around)
    found: NDArray[np.bool_] = ~((y >= top - around)[:, None] & across[None, :])
    return found
