"""The one face a picture is about (rule S2)."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from visavis.capture.align import share_outside
from visavis.model.face import Face, FaceCutByBorder, FaceTooSmall, NoFace, SeveralFaces
from visavis.model.image import Frame

RIVAL_WIDTH: Final = 0.5
"""Another face at least this share of the largest's width is a second person in the act, not background."""

MIN_EYE_DISTANCE: Final = 24.0
"""Pixels between the eyes below which we refuse. Shrinking 600 sharp photos cost nothing measurable down to 24, 0.8
points of true matches at FMR 1e-4 at 16 and 5 at 12; a face that is small because it is far away is blurred besides."""

MAX_OUTSIDE: Final = 0.2
"""Share of what the embedder would be shown that may lie outside the picture. The detector squeezes the landmarks of
half a face into the half it sees, so that they and the box say little. Of 250 photos cut at each side bit by bit, 19 in
20 kept a cosine of 0.79 with the uncut one up to this share; a little beyond it fell to 0.5 and below."""


def the_one_face(faces: Sequence[Face], *, frame: Frame) -> Face:
    """The face to align, or a refusal that says what to do.

    1. There is a face.
    2. No other is at least half as wide as the widest. Smaller ones are background and go no further.
    3. All five landmarks and most of what the embedder looks at are inside the picture.
    4. Its eyes are far enough apart.

    :param faces: what the detector found in ``frame``.
    :raises NoFace: check 1.
    :raises SeveralFaces: check 2.
    :raises FaceCutByBorder: check 3.
    :raises FaceTooSmall: check 4.
    """
    # 1
    if not faces:
        raise NoFace
    # 2
    largest, *others = sorted(faces, key=lambda face: face.width, reverse=True)
    if any(other.width >= RIVAL_WIDTH * largest.width for other in others):
        raise SeveralFaces
    # 3
    if _landmark_outside(largest, frame) or share_outside(frame, largest) > MAX_OUTSIDE:
        raise FaceCutByBorder
    # 4
    if eye_distance(largest) < MIN_EYE_DISTANCE:
        raise FaceTooSmall
    return largest


def eye_distance(face: Face) -> float:
    """Pixels between the centres of the eyes (ISO/IEC 29794-5, inter-eye distance, without its correction for yaw)."""
    return float(np.linalg.norm(face.landmarks[1] - face.landmarks[0]))


def _landmark_outside(face: Face, frame: Frame) -> bool:
    inside = (face.landmarks >= 0) & (face.landmarks < (frame.width, frame.height))
    return not bool(inside.all())
