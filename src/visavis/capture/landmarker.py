"""The port through which the many points of a face are found."""

from typing import Protocol

from visavis.model.face import Face
from visavis.model.image import Frame
from visavis.model.mesh import Mesh


class Landmarker(Protocol):
    """Finds the points of a face that a detector has found.

    Every implementation

    * gives all points, in pixels of ``frame``, those that are covered or outside the picture by what the rest implies;
    * says by ``presence`` where it sees no face, and raises nothing;
    * keeps nothing of the picture and may be called from several threads at once.
    """

    def find(self, frame: Frame, face: Face) -> Mesh:
        """The points of ``face``."""
        ...
