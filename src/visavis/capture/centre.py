"""The face a photo is labelled for, where others are in it too.

Only for photos that somebody labelled with one person, to measure on: a capture of a person who takes part is judged by
rule S2 (``one_face``).
"""

from collections.abc import Sequence

import numpy as np

from visavis.model.face import Face, NoFace
from visavis.model.image import Frame


def nearest_the_centre(faces: Sequence[Face], *, frame: Frame) -> Face:
    """The face whose middle is nearest the middle of ``frame``.

    :raises NoFace: there is none.
    """

    def distance(face: Face) -> float:
        across = face.left + face.width / 2 - frame.width / 2
        down = face.top + face.height / 2 - frame.height / 2
        return float(np.hypot(across, down))

    if not faces:
        raise NoFace
    return min(faces, key=distance)
