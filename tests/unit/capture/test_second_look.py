"""Landmarks from two looks."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from visavis.capture.align import REFERENCE_POINTS
from visavis.capture.second_look import look_again
from visavis.model.face import Face
from visavis.model.image import Frame

ERROR = np.array([1.5, -0.5], np.float32)
"""How a detector errs, always to the same side: in a mirror image that is the other side of the face."""


def face_at(left: float, top: float, *, size: float, landmarks: NDArray[np.float32]) -> Face:
    return Face(left, top, size, size, landmarks, 0.9)


def picture(width: int, height: int, *, left: int, top: int, size: int) -> Frame:
    """A face as five bright squares, each another brightness, on black."""
    pixels = np.zeros((height, width, 3), np.uint8)
    for number, (x, y) in enumerate(REFERENCE_POINTS * (size / 112)):
        row, column = round(top + y), round(left + x)
        pixels[max(0, row - 3) : max(0, row + 4), max(0, column - 3) : max(0, column + 4)] = 60 + 40 * number
    return Frame(pixels)


@dataclass
class BrightSpots:
    """A ``Detector`` that finds the squares, erring by ``error`` network pixels; remembers what it was shown."""

    error: NDArray[np.float32] = field(default_factory=lambda: ERROR)
    shown: list[Frame] = field(default_factory=list)
    blind: bool = False

    def detect(self, frame: Frame) -> list[Face]:
        self.shown.append(frame)
        if self.blind:
            return []
        grey = frame.pixels[:, :, 0].astype(float)
        places = []
        for number in range(5):
            rows, columns = np.nonzero(np.abs(grey - (60 + 40 * number)) < 10)
            if not len(rows):
                return []
            places.append((columns.mean(), rows.mean()))
        # As a detector does: the landmark on the picture's left comes first.
        eyes, nose, mouth = sorted(places[:2]), places[2:3], sorted(places[3:])
        found = np.array([*eyes, *nose, *mouth], np.float32)
        return [face_at(found[:, 0].min(), 0, size=float(np.ptp(found[:, 0])) * 2, landmarks=found + self.error)]


@pytest.mark.parametrize("size", [60, 112, 180, 300])
@pytest.mark.parametrize("corner", [(200, 150), (0, 0), (450, 300)])
def test_what_a_detector_errs_to_one_side_is_halved_at_least(size: int, corner: tuple[int, int]) -> None:
    frame = picture(800, 640, left=corner[0], top=corner[1], size=size)
    true = (REFERENCE_POINTS * (size / 112) + np.array(corner)).astype(np.float32)
    first = face_at(*corner, size=size, landmarks=true + ERROR)
    twice = look_again(frame, first, detector=BrightSpots())
    assert not np.array_equal(twice.landmarks, first.landmarks), "the second look was not used"
    factor = max(1, size // 80)
    assert np.abs((twice.landmarks - true)[:, 0].mean()) < abs(ERROR[0]) / 2 + factor
    assert (twice.left, twice.top, twice.width, twice.score) == (first.left, first.top, first.width, first.score)
    assert twice.landmarks.dtype == np.float32


def test_an_exact_detector_finds_the_same_place_again() -> None:
    frame = picture(640, 480, left=300, top=200, size=112)
    true = (REFERENCE_POINTS + np.array((300, 200))).astype(np.float32)
    exact = BrightSpots(error=np.zeros(2, np.float32))
    twice = look_again(frame, face_at(300, 200, size=112, landmarks=true), detector=exact)
    assert twice.landmarks == pytest.approx(true, abs=0.5)


def test_only_the_surroundings_of_the_face_are_shown_and_large_ones_smaller() -> None:
    detector = BrightSpots()
    for size in (90, 400):
        frame = picture(3000, 2000, left=1000, top=700, size=size)
        true = (REFERENCE_POINTS * (size / 112) + (1000, 700)).astype(np.float32)
        look_again(frame, face_at(1000, 700, size=size, landmarks=true), detector=detector)
    assert [(frame.width, frame.height) for frame in detector.shown] == [(180, 180), (160, 160)]


def test_nobody_and_somebody_else_leave_the_first_look() -> None:
    frame = picture(640, 480, left=300, top=200, size=112)
    elsewhere = (REFERENCE_POINTS + np.array((330, 230))).astype(np.float32)
    first = face_at(330, 230, size=112, landmarks=elsewhere)
    assert look_again(frame, first, detector=BrightSpots()) is first
    assert look_again(frame, first, detector=BrightSpots(blind=True)) is first


@given(st.floats(-400, 1000), st.floats(-400, 1000), st.floats(1, 2000), st.integers(1, 300), st.integers(1, 300))
@settings(max_examples=60, deadline=None)
def test_a_face_anywhere_and_of_any_size_does_no_harm(
    left: float, top: float, size: float, width: int, height: int
) -> None:
    frame = Frame(np.zeros((height, width, 3), np.uint8))
    first = face_at(left, top, size=size, landmarks=np.zeros((5, 2), np.float32))
    assert look_again(frame, first, detector=BrightSpots()) is first
