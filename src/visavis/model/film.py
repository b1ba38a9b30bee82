"""What is seen in the frames of a short capture; kept in memory only, while it is judged."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from visavis.model.mesh import Mesh, Pose
from visavis.model.template import Template


@dataclass(frozen=True, slots=True)
class Look:
    """One frame, and the one face in it.

    ``at_ms`` is when it was taken, milliseconds since the first. ``grey`` is the whole frame, shape (height, width),
    uint8, and ``scene`` the same in few points, in colour, shape (30, 40, 3), uint8, red, green, blue. ``box`` is where
    the face is in it: left, top, right and bottom, pixels. ``opened`` is the height of the eyes
    in their widths, ``template`` says whose face it is.
    """

    at_ms: int
    grey: NDArray[np.uint8] = field(repr=False)
    scene: NDArray[np.uint8] = field(repr=False)
    box: tuple[float, float, float, float]
    mesh: Mesh = field(repr=False)
    pose: Pose
    opened: float
    template: Template = field(repr=False)
