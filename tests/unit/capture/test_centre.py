"""Of several faces the one nearest the centre is meant, whatever its size and the order they were found in."""

from itertools import permutations

import numpy as np
import pytest

from visavis.capture.centre import nearest_the_centre
from visavis.model.face import Face, NoFace
from visavis.model.image import Frame

FRAME = Frame(np.zeros((100, 200, 3), np.uint8))


def face(middle: tuple[float, float], width: float) -> Face:
    left, top = middle[0] - width / 2, middle[1] - width / 2
    return Face(left, top, width, width, np.zeros((5, 2), np.float32), 0.9)


def test_the_face_nearest_the_centre_is_meant() -> None:
    near, far, beside = face((110, 45), 10), face((20, 50), 60), face((100, 90), 50)
    for order in permutations([near, far, beside]):
        assert nearest_the_centre(order, frame=FRAME) is near


def test_without_a_face_there_is_none() -> None:
    with pytest.raises(NoFace):
        nearest_the_centre([], frame=FRAME)
