"""What a head does, frame by frame, as numbers that do not depend on where the camera is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.model.film import Look
from visavis.model.mesh import Mesh

_LIDS: Final = (
    (((160, 144), (159, 145), (158, 153)), (33, 133)),
    (((385, 380), (386, 374), (387, 373)), (362, 263)),
)
"""Of each eye three pairs of points on the upper and lower lid, and its corners, by their numbers in the mesh."""
_AT_FIRST: Final = 3
"""Frames whose middle is how the person holds the head by themselves."""


@dataclass(frozen=True)
class Motion:
    """Signals of a film, one number for each frame.

    ``at_ms``: when. ``yaw``, ``pitch``, ``roll``: degrees, as in ``Pose``, less what they are at first. ``size``: how
    large the head is in the picture, in pixels (root mean square distance of the points from their middle, depth
    included, so that turning does not change it). ``centre``: that middle, shape (n, 2), pixels. ``opened``: how far
    the less open eye is open, in heights by widths, as a share of what is usual in the film.
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
    opened = np.array([openness(look.mesh) for look in looks])
    usual = float(np.median(opened))
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


def openness(mesh: Mesh) -> float:
    """How far the less open eye is open: the mean distance of its lids, in widths of the eye.

    Measured in space, so that turning the head does not change it (Soukupová and Čech, Computer Vision Winter Workshop
    2016, measure it in the picture).
    """
    points = mesh.points.astype(np.float64)

    def of(lids: tuple[tuple[int, int], ...], corners: tuple[int, int]) -> float:
        height = np.mean([np.linalg.norm(points[upper] - points[lower]) for upper, lower in lids])
        return float(height / max(1e-6, float(np.linalg.norm(points[corners[0]] - points[corners[1]]))))

    return min(of(lids, corners) for lids, corners in _LIDS)


def _turned(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = (degrees + 180.0) % 360.0 - 180.0
    return found
