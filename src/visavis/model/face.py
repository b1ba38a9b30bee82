"""A face as a detector reports it, and why a picture of faces is refused."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visavis.model.errors import FaceRefused


@dataclass(frozen=True, slots=True)
class Face:
    """One detected face, in pixels of the frame it was found in.

    ``landmarks`` has shape (5, 2), float32, x then y, in the order of the person standing opposite:
    eye on the image's left, eye on its right, nose tip, mouth corner left, mouth corner right.
    ``score`` is the detector's confidence, 0 to 1.
    """

    left: float
    top: float
    width: float
    height: float
    landmarks: NDArray[np.float32]
    score: float


class NoFace(FaceRefused):
    """The detector found nobody."""

    code = "no_face"
    mend = "Face the camera in even light, without a mask, and try again."


class SeveralFaces(FaceRefused):
    """Another face is at least half as wide as the largest (rule S2)."""

    code = "several_faces"
    mend = "Only one person at a time: ask the others to step back, and try again."


class FaceTooSmall(FaceRefused):
    """Too few pixels between the eyes to tell people apart."""

    code = "too_small"
    mend = "Come closer, or send a photo in which the face is larger."


class FaceCutByBorder(FaceRefused):
    """Part of the face is outside the picture."""

    code = "cut_by_border"
    mend = "Move to the middle, so that the whole face is in the picture."
