"""Two people in one photo, for an enrolment that both could use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from visavis.quality.view import anchors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from attacks.species import Victim


def morph(one: Victim, other: Victim, *, share: float = 0.5) -> NDArray[np.uint8]:
    """The second's face laid over the first's by eyes, nose and mouth, and mixed with it.

    :param share: of the second, 0 to 1.
    """
    place, source = (anchors(victim.mesh.points) for victim in (one, other))
    known = np.hstack([place, np.ones((5, 1))])
    across, down = (np.linalg.lstsq(known, source[:, axis], rcond=None)[0] for axis in (0, 1))
    height, width = one.picture.shape[:2]
    laid = Image.fromarray(other.picture).transform(
        (width, height), Image.Transform.AFFINE, (*across, *down), Image.Resampling.BILINEAR
    )
    mixed: NDArray[np.uint8] = np.clip(
        (1 - share) * one.picture.astype(np.float32) + share * np.asarray(laid, np.float32) + 0.5, 0, 255
    ).astype(np.uint8)
    return mixed
