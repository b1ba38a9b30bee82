"""A face turned upright and cut out, the way face embedders are trained on it.

The five landmarks are brought onto fixed reference points by the similarity transform (rotation, one scale,
translation) with the least squared error: Umeyama, "Least-squares estimation of transformation parameters between two
point patterns", IEEE TPAMI 13(4), 1991. The reference points are those of ArcFace (Deng et al., CVPR 2019), which
every embedder we know of follows.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.capture.cut import cut
from visavis.model.face import Face
from visavis.model.image import Frame

CROP_SIDE: Final = 112
"""Width and height of an aligned face, pixels."""

REFERENCE_POINTS: Final = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)],
    dtype=np.float64,
)
"""Where the landmarks of ``Face.landmarks`` go in the crop, shape (5, 2), pixels, x then y."""

_PROBES: Final = 16
"""Points per side at which ``share_outside`` looks: it answers to within a few hundredths."""


def align(frame: Frame, face: Face) -> NDArray[np.uint8]:
    """``face`` cut out of ``frame`` with its landmarks on the reference points.

    :returns: shape (112, 112, 3), uint8, red, green, blue; black where the crop reaches outside the picture.
    """
    turn, shift = similarity(REFERENCE_POINTS, face.landmarks)
    return cut(frame, turn=turn, shift=shift, side=CROP_SIDE)


def share_outside(frame: Frame, face: Face) -> float:
    """How much of the crop that ``align`` would make shows nothing, because it reaches outside the picture, 0 to 1."""
    turn, shift = similarity(REFERENCE_POINTS, face.landmarks)
    across = (np.arange(_PROBES) + 0.5) * (CROP_SIDE / _PROBES)
    seen = turn * (across[None, :] + 1j * across[:, None]) + shift
    inside = (seen.real >= 0) & (seen.real < frame.width) & (seen.imag >= 0) & (seen.imag < frame.height)
    return 1.0 - float(inside.mean())


def similarity(source: NDArray[np.floating], target: NDArray[np.floating]) -> tuple[complex, complex]:
    """The similarity transform that brings ``source`` onto ``target`` with the least squared error.

    In the plane a rotation with scale is one complex factor, so that Umeyama's solution, which excludes mirroring as
    this does, becomes a line fit.

    :param source: shape (n, 2), not all points equal.
    :param target: shape (n, 2).
    :returns: ``turn`` and ``shift``: the point x + iy goes to turn * (x + iy) + shift.
    """
    z = source[:, 0].astype(np.float64) + 1j * source[:, 1].astype(np.float64)
    w = target[:, 0].astype(np.float64) + 1j * target[:, 1].astype(np.float64)
    centred = z - z.mean()
    turn = complex(np.vdot(centred, w - w.mean()) / np.vdot(centred, centred).real)
    return turn, complex(w.mean() - turn * z.mean())
