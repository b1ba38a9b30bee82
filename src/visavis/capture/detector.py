"""The port through which faces are found."""

from typing import Protocol

from visavis.model.face import Face
from visavis.model.image import Frame


class Detector(Protocol):
    """Finds faces.

    Every implementation

    * returns each face once, in pixels of ``frame``, boxes and landmarks unclipped: what lies outside the picture has
      coordinates outside it;
    * finds, beside the largest face, every other that is at least half as wide, where a person would see it: rule S2
      leans on this;
    * returns an empty list, and raises nothing, for a picture that shows nobody, however small, large or oblong;
    * keeps nothing of the picture and may be called from several threads at once;
    * gives the same faces for the same picture.
    """

    def detect(self, frame: Frame) -> list[Face]:
        """The faces in ``frame``, in any order."""
        ...
