"""How a head is turned, from the points of its face."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.model.mesh import Mesh, Pose

_HEAD: Final = {
    10: (0.000, -0.880, -0.303),
    151: (0.000, -0.619, -0.357),
    9: (0.000, -0.331, -0.401),
    8: (0.000, -0.197, -0.380),
    168: (0.000, -0.090, -0.369),
    6: (0.000, 0.029, -0.437),
    197: (0.000, 0.142, -0.514),
    195: (0.000, 0.249, -0.599),
    5: (0.000, 0.362, -0.686),
    4: (0.000, 0.499, -0.724),
    33: (-0.720, -0.029, -0.015),
    133: (-0.280, -0.009, -0.099),
    127: (-1.133, 0.038, 0.764),
    234: (-1.122, 0.273, 0.838),
    93: (-1.110, 0.513, 0.848),
    116: (-1.018, 0.239, 0.185),
    129: (-0.338, 0.550, -0.254),
    98: (-0.278, 0.660, -0.313),
    21: (-1.060, -0.404, 0.399),
    54: (-0.958, -0.586, 0.205),
    67: (-0.559, -0.827, -0.173),
    263: (0.720, -0.029, -0.015),
    362: (0.280, -0.009, -0.099),
    356: (1.133, 0.038, 0.764),
    454: (1.122, 0.273, 0.838),
    323: (1.110, 0.513, 0.848),
    345: (1.018, 0.239, 0.185),
    358: (0.338, 0.550, -0.254),
    327: (0.278, 0.660, -0.313),
    251: (1.060, -0.404, 0.399),
    284: (0.958, -0.586, 0.205),
    297: (0.559, -0.827, -0.173),
}
"""Points that move little with what a face does, on a head that looks straight ahead: x to the image's right, y down, z
away from the camera, in distances between the centres of the eyes. The mean of 1,307 people of LFW as the landmarker
sees them (generalised Procrustes: Gower, Psychometrika 40, 1975) and of their mirror images: it is symmetric."""

_POINTS: Final = np.array(list(_HEAD))
_SHAPE: Final = np.array(list(_HEAD.values())) - np.mean(list(_HEAD.values()), axis=0)


def pose(mesh: Mesh) -> Pose:
    """How the head of ``mesh`` is turned.

    The rotation, with one scale, that brings the mean head onto the points with the least squared error (Kabsch, Acta
    Cryst. A32, 1976), read as the direction of the nose and the tilt of what is across it.
    """
    turn = _rotation(mesh.points[_POINTS].astype(np.float64))
    nose, across = -turn[:, 2], turn[:, 0]
    return Pose(
        yaw=math.degrees(math.atan2(nose[0], -nose[2])),
        pitch=math.degrees(math.asin(max(-1.0, min(1.0, -float(nose[1]))))),
        roll=math.degrees(math.atan2(across[1], across[0])),
    )


def _rotation(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The proper rotation from the mean head to ``points``, shape (3, 3)."""
    u, _, v = np.linalg.svd((points - points.mean(axis=0)).T @ _SHAPE)
    mirrored = np.sign(np.linalg.det(u @ v))
    found: NDArray[np.float64] = u @ np.diag([1.0, 1.0, mirrored]) @ v
    return found
