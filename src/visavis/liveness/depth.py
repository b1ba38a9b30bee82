"""Whether what turned has the depth of a head: two pictures of anything flat are one picture, seen from elsewhere.

Whatever is flat, a photo on paper or on a screen, is mapped by a homography from one view of it to any other (Hartley
and Zisserman, Multiple View Geometry, 13). A head is not: its nose moves against its ears.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.model.mesh import Mesh

_OUTER_EYES: Final = (33, 263)
_NOTHING: Final = 1e-9


def flatness_error(one: Mesh, other: Mesh) -> float:
    """How far the points of ``other`` are from where a homography of those of ``one`` has them.

    :returns: root mean square, in distances between the outer corners of the eyes in ``one``.
    """
    before, after = (mesh.flat.astype(np.float64) for mesh in (one, other))
    moved = _moved(before, _homography(before, after))
    unit = float(np.linalg.norm(before[_OUTER_EYES[0]] - before[_OUTER_EYES[1]]))
    return float(np.sqrt(((moved - after) ** 2).sum(axis=1).mean())) / max(unit, 1e-6)


def _homography(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """The homography with the least algebraic error (direct linear transformation, normalised; Hartley, PAMI 1997)."""
    first, second = _normaliser(before), _normaliser(after)
    a, b = _homogeneous(before) @ first.T, _homogeneous(after) @ second.T
    nothing = np.zeros_like(a)
    rows = np.concatenate([np.hstack([a, nothing, -b[:, :1] * a]), np.hstack([nothing, a, -b[:, 1:2] * a])])
    # The smallest eigenvector of the 9 x 9 normal matrix: what the singular vectors of all rows give, in less time.
    _, vectors = np.linalg.eigh(rows.T @ rows)
    found: NDArray[np.float64] = np.linalg.inv(second) @ vectors[:, 0].reshape(3, 3) @ first
    return found


def _normaliser(points: NDArray[np.float64]) -> NDArray[np.float64]:
    middle = points.mean(axis=0)
    scale = np.sqrt(2.0) / max(_NOTHING, float(np.linalg.norm(points - middle, axis=1).mean()))
    return np.array([[scale, 0, -scale * middle[0]], [0, scale, -scale * middle[1]], [0, 0, 1]])


def _homogeneous(points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.hstack([points, np.ones((len(points), 1))])


def _moved(points: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.float64]:
    moved = _homogeneous(points) @ by.T
    places: NDArray[np.float64] = moved[:, :2] / np.where(np.abs(moved[:, 2:]) < _NOTHING, _NOTHING, moved[:, 2:])
    return places
