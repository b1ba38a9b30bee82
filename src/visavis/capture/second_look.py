"""A second look at a face, mirrored, by which its landmarks become surer.

A detector errs by a pixel or so wherever it puts a landmark, and a crop that is a pixel off costs the embedder some of
what tells people apart. Shown the mirror image of the same face it errs anew, and the mean of two looks errs less.
``benchmarks/accuracy/ablation.py`` has what that is worth.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visavis.capture.detector import Detector
from visavis.model.face import Face
from visavis.model.image import Frame

_AROUND: Final = 2.0
"""Side of what is looked at again, in widths of the face: it is all that a detector needs to see of a picture."""
_FACE_WIDTH: Final = 80
"""Larger faces are shrunk for the second look, by a whole number and never below so many pixels."""
_SAME_FACE: Final = 0.15
"""Landmarks count as the same face's if they are nearer, in the mean, than this share of its width."""
_MIRRORED: Final = (1, 0, 2, 4, 3)
"""The order of landmarks when left and right change places."""


def look_again(frame: Frame, face: Face, *, detector: Detector) -> Face:
    """``face`` with landmarks that are the means of the first look's and a second one's.

    1. A square around the face is cut out, shrunk and mirrored.
    2. The face in it whose landmarks are where the first look had them is the same one; without it, and where there is
       nothing to cut out, the first look stands.

    :param detector: the one that found ``face`` in ``frame``.
    """
    # 1
    half = _AROUND / 2 * max(face.width, face.height)
    across, down = face.left + face.width / 2, face.top + face.height / 2
    left, right = (round(min(max(x, 0), frame.width)) for x in (across - half, across + half))
    top, bottom = (round(min(max(y, 0), frame.height)) for y in (down - half, down + half))
    factor = max(1, int(face.width // _FACE_WIDTH))
    if min(right - left, bottom - top) < factor:
        return face
    part = _shrunk(frame.pixels[top:bottom, left:right], factor)[:, ::-1]
    seen = detector.detect(Frame(np.ascontiguousarray(part)))
    # 2
    last = part.shape[1] - 1
    middle = np.array([left, top], np.float32) + np.float32((factor - 1) / 2)
    for other in seen:
        back = other.landmarks[list(_MIRRORED)]
        back = np.stack([last - back[:, 0], back[:, 1]], axis=1) * np.float32(factor) + middle
        if np.linalg.norm(back - face.landmarks, axis=1).mean() < _SAME_FACE * face.width:
            return replace(face, landmarks=np.asarray((face.landmarks + back) / 2, np.float32))
    return face


def _shrunk(pixels: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Means of blocks of ``factor`` x ``factor`` pixels."""
    if factor == 1:
        return pixels
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).reduce(factor))
