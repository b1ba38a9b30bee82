"""One face of one picture, prepared once for every measure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from visavis.model.face import Face
from visavis.model.image import Frame
from visavis.model.mesh import Mesh, Pose

SIDE: Final = 308
"""Width and height of the picture that most measures look at, pixels: half as large as that of ISO/IEC 29794-5, which
says nothing else of faces that come from cameras of two megapixels, in a quarter of the time."""

REFERENCE: Final = np.array([(125.5, 136.0), (182.0, 136.0), (154.0, 168.0), (131.0, 201.0), (177.5, 201.0)])
"""Where the centres of the eyes, the tip of the nose and the corners of the mouth lie in it, shape (5, 2), x then y:
half of the standard's."""

LEFT_EYE: Final = (33, 133)
RIGHT_EYE: Final = (362, 263)
"""The corners of the eyes by their numbers in the mesh, as seen in the picture."""
NOSE: Final = 4
MOUTH: Final = (61, 291)
CHIN: Final = 152
OVAL: Final = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""The outline of the face, in order."""

LINEAR_PART: Final = 0.04045
"""Up to here sRGB is a straight line (IEC 61966-2-1)."""
_LINEAR: Final = np.array(
    [v / 12.92 if v <= LINEAR_PART else ((v + 0.055) / 1.055) ** 2.4 for v in np.arange(256) / 255]
)
_WEIGHTS: Final = np.array([0.2126, 0.7152, 0.0722])
_TABLES: Final = (255.0 * _WEIGHTS[:, None] * _LINEAR[None, :]).astype(np.float32)


def anchors(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """What ``REFERENCE`` places, of points in the mesh's order; shape (5, 2)."""
    eyes = [points[list(eye), :2].mean(axis=0) for eye in (LEFT_EYE, RIGHT_EYE)]
    return np.array([*eyes, points[NOSE, :2], points[MOUTH[0], :2], points[MOUTH[1], :2]], dtype=np.float64)


@dataclass(frozen=True)
class View:
    """What measures look at; kept in memory only, while a picture is looked at.

    ``faces`` are all that were found in ``frame``, ``face`` the one that is meant. ``picture`` is that face upright
    (``SIDE`` x ``SIDE`` x 3, uint8, red, green, blue), black where it reaches outside the frame, and ``points`` its
    mesh in there, shape (468, 2).
    """

    frame: Frame = field(repr=False)
    face: Face = field(repr=False)
    faces: Sequence[Face] = field(repr=False)
    mesh: Mesh = field(repr=False)
    pose: Pose
    picture: NDArray[np.uint8] = field(repr=False)
    points: NDArray[np.float64] = field(repr=False)
    inside: NDArray[np.bool_] = field(repr=False)
    """Which pixels of ``picture`` show something of the frame."""

    @cached_property
    def luminance(self) -> NDArray[np.uint8]:
        """Linear luminance of ``picture`` by ITU-R BT.709, 0 to 255."""
        parts = [_TABLES[channel][self.picture[:, :, channel]] for channel in range(3)]
        light: NDArray[np.uint8] = np.floor(parts[0] + parts[1] + parts[2] + 0.5).astype(np.uint8)
        return light

    @cached_property
    def face_region(self) -> NDArray[np.bool_]:
        """The pixels of ``picture`` inside the outline of the face."""
        return self.region(OVAL) & self.inside

    @cached_property
    def histogram(self) -> NDArray[np.float64]:
        """Shares of the luminances 0 to 255 in the face; all 0 where no pixel of it is in the picture."""
        counts = np.bincount(self.luminance[self.face_region], minlength=256).astype(np.float64)
        return counts / max(1.0, float(counts.sum()))

    @cached_property
    def eyes(self) -> NDArray[np.float64]:
        """The centres of the eyes in the frame, shape (2, 2)."""
        return anchors(self.mesh.points)[:2]

    @cached_property
    def eye_chin(self) -> float:
        """From the middle between the eyes to the chin, pixels of the frame."""
        return float(np.linalg.norm(self.mesh.flat[CHIN] - self.eyes.mean(axis=0)))

    def region(self, outline: Sequence[int]) -> NDArray[np.bool_]:
        """The pixels of ``picture`` inside the polygon of these points of the mesh."""
        drawn = Image.new("1", (SIDE, SIDE))
        ImageDraw.Draw(drawn).polygon([(float(x), float(y)) for x, y in self.points[list(outline)]], fill=1)
        return np.array(drawn, dtype=np.bool_)

    def opening(self, pairs: Sequence[tuple[int, int]]) -> float:
        """The largest distance between the points of a pair, pixels of the frame."""
        ends = np.array(pairs)
        return float(np.linalg.norm(self.mesh.flat[ends[:, 0]] - self.mesh.flat[ends[:, 1]], axis=1).max())
