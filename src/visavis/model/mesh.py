"""The points of one face, found by a landmarker."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

POINTS: Final = 468
"""How many points a mesh has. They are numbered as in the canonical face model that MediaPipe publishes."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """Where each point of the canonical face is in a frame; kept in memory only, while a picture is looked at.

    ``points`` has shape (468, 3), float32: x and y in pixels of the frame, and depth in the same unit, growing away
    from the camera, 0 near the middle of the head. ``presence`` is how sure the landmarker is that there is a face at
    all, 0 to 1.
    """

    points: NDArray[np.float32] = field(repr=False)
    presence: float

    @property
    def flat(self) -> NDArray[np.float32]:
        """The points in the picture, shape (468, 2)."""
        return self.points[:, :2]


@dataclass(frozen=True, slots=True)
class Pose:
    """How a head is turned, in degrees, as seen in the picture; all 0 where it looks straight into the camera.

    ``yaw``: the nose points to the picture's right (-90 to 90 for what a landmarker sees). ``pitch``: it points up
    (-90 to 90). ``roll``: the head is tilted clockwise (-180 to 180).
    """

    yaw: float
    pitch: float
    roll: float
