"""What a head does, frame by frame, as numbers that do not depend on where the camera is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.model.film import Look

_OPEN: Final = 0.85
"""Of all frames this share shows eyes no further open than is usual for somebody: in half of them they may be shut."""
_AT_FIRST: Final = 3
"""Frames whose middle is how the person holds the head by themselves."""


@dataclass(frozen=True)
class Motion:
    """Signals of a film, one number for each frame.

    ``at_ms``: when. ``yaw``, ``pitch``, ``roll``: degrees, as in ``Pose``, less what they are at first. ``size``: how
    large the head is in the picture, in pixels (root mean square distance of the points from their middle, depth
    included, so that turning does not change it). ``centre``: that middle, shape (n, 2), pixels. ``opened``: how far
    the eyes are open, as a share of what is usual in the film.
    """

    at_ms: NDArray[np.int64]
    yaw: NDArray[np.float64] = field(repr=False)
    pitch: NDArray[np.float64] = field(repr=False)
    roll: NDArray[np.float64] = field(repr=False)
    size: NDArray[np.float64] = field(repr=False)
    centre: NDArray[np.float64] = field(repr=False)
    opened: NDArray[np.float64] = field(repr=False)

    def within(self, since_ms: float, until_ms: float) -> NDArray[np.bool_]:
        """Which frames were taken in that time, both ends included."""
        return (self.at_ms >= since_ms) & (self.at_ms <= until_ms)


def motion(looks: Sequence[Look]) -> Motion:
    """The signals of ``looks``, which are in the order of time."""
    points = np.stack([look.mesh.points for look in looks]).astype(np.float64)
    centres = points.mean(axis=1)
    sizes = np.sqrt(((points - centres[:, None]) ** 2).sum(axis=2).mean(axis=1))
    opened = np.array([look.opened for look in looks], np.float64)
    usual = float(np.quantile(opened, _OPEN))
    yaw, pitch, roll = (
        np.array([getattr(look.pose, angle) for look in looks], np.float64) for angle in ("yaw", "pitch", "roll")
    )
    return Motion(
        at_ms=np.array([look.at_ms for look in looks], np.int64),
        yaw=yaw - np.median(yaw[:_AT_FIRST]),
        pitch=pitch - np.median(pitch[:_AT_FIRST]),
        roll=_turned(roll - np.median(roll[:_AT_FIRST])),
        size=np.maximum(sizes, 1e-6),
        centre=centres[:, :2],
        opened=opened / usual if usual > 0 else np.zeros_like(opened),
    )


def _turned(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = (degrees + 180.0) % 360.0 - 180.0
    return found
