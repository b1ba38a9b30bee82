"""The one face a picture is about."""

import numpy as np
import pytest
from fixtures.synthetic import face, frame

from visavis.capture.align import REFERENCE_POINTS
from visavis.capture.one_face import MAX_OUTSIDE, MIN_EYE_DISTANCE, eye_distance, the_one_face
from visavis.model.errors import FaceRefused
from visavis.model.face import Face, FaceCutByBorder, FaceTooSmall, NoFace, SeveralFaces

FRAME = frame()


def test_a_single_face_is_taken() -> None:
    only = face()
    assert the_one_face([only], frame=FRAME) is only


def test_nobody_is_refused() -> None:
    with pytest.raises(NoFace):
        the_one_face([], frame=FRAME)


@pytest.mark.parametrize("order", [1, -1])
def test_s2_another_face_half_as_wide_is_refused(order: int) -> None:
    largest, other = face(width=150), face(left=450, width=75, height=100)
    with pytest.raises(SeveralFaces):
        the_one_face([largest, other][::order], frame=FRAME)


@pytest.mark.parametrize("order", [1, -1])
def test_s2_a_smaller_face_is_background(order: int) -> None:
    largest, other = face(width=150), face(left=450, width=74.9, height=100)
    assert the_one_face([largest, other][::order], frame=FRAME) is largest


def test_s2_width_decides_not_score() -> None:
    largest, other = face(width=150, score=0.61), face(left=450, width=60, height=80, score=0.99)
    assert the_one_face([other, largest], frame=FRAME) is largest


def test_s2_a_second_person_is_refused_even_if_the_first_is_cut() -> None:
    with pytest.raises(SeveralFaces):
        the_one_face([face(left=-100), face(left=300)], frame=FRAME)


@pytest.mark.parametrize(
    "cut",
    [face(left=-100), face(top=-120), face(left=570), face(top=400)],
    ids=["left", "top", "right", "bottom"],
)
def test_a_face_cut_by_the_border_is_refused(cut: Face) -> None:
    with pytest.raises(FaceCutByBorder):
        the_one_face([cut], frame=FRAME)


def reaching_out(share: float) -> Face:
    """A face whose landmarks are all inside, and ``share`` of whose crop is beyond the right border."""
    side = 160.0
    landmarks = REFERENCE_POINTS * (side / 112) + (640 - side * (1 - share), 100)
    return Face(400, 100, 150, 200, landmarks.astype(np.float32), 0.9)


def test_a_face_of_which_the_embedder_would_see_too_little_is_refused() -> None:
    with pytest.raises(FaceCutByBorder):
        the_one_face([reaching_out(MAX_OUTSIDE + 0.07)], frame=FRAME)
    nearly = reaching_out(MAX_OUTSIDE - 0.07)
    assert the_one_face([nearly], frame=FRAME) is nearly


@pytest.mark.parametrize("place", range(5))
def test_a_landmark_outside_is_refused_wherever_the_box_is(place: int) -> None:
    cut = face()
    cut.landmarks[place] = (-1, 200)
    with pytest.raises(FaceCutByBorder):
        the_one_face([cut], frame=FRAME)


def test_eyes_too_close_together_are_refused() -> None:
    width = MIN_EYE_DISTANCE * 112 / 35.24
    with pytest.raises(FaceTooSmall):
        the_one_face([face(width=width - 1, height=width)], frame=FRAME)
    enough = face(width=width + 1, height=width)
    assert the_one_face([enough], frame=FRAME) is enough


def test_the_distance_of_the_eyes_does_not_depend_on_their_slope() -> None:
    level, sloping = face(), face()
    level.landmarks[:2] = [(100, 100), (150, 100)]
    sloping.landmarks[:2] = [(100, 100), (130, 140)]
    assert eye_distance(level) == pytest.approx(50)
    assert eye_distance(sloping) == pytest.approx(50)


def test_every_refusal_says_what_to_do() -> None:
    for refusal in (NoFace, SeveralFaces, FaceCutByBorder, FaceTooSmall):
        assert issubclass(refusal, FaceRefused)
        assert refusal.mend.endswith(".")
        assert refusal.code
