"""The port through which it is seen how far eyes are open."""

from typing import Protocol

from visavis.model.image import Frame
from visavis.model.mesh import Mesh


class EyeReader(Protocol):
    """Sees how far the eyes of a face are open.

    Every implementation

    * gives a number for any mesh, also where an eye is covered or outside the picture: then it says little;
    * keeps nothing of the picture and may be called from several threads at once.
    """

    def opened(self, frame: Frame, mesh: Mesh) -> float:
        """The mean height of both eyes in their widths: some 0.3 open wide, below 0.1 shut."""
        ...
