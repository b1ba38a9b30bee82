"""A face turned upright and cut out."""

import numpy as np
import pytest
from fixtures.synthetic import frame
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from visavis.capture.align import REFERENCE_POINTS, align, share_outside, similarity
from visavis.model.face import Face
from visavis.model.image import Frame

PLACES = st.floats(-500, 500)
TURNS = st.builds(lambda size, angle: size * np.exp(1j * angle), st.floats(0.1, 10), st.floats(-np.pi, np.pi))


def moved(points: NDArray[np.float64], turn: complex, shift: complex) -> NDArray[np.float64]:
    z = turn * (points[:, 0] + 1j * points[:, 1]) + shift
    return np.stack([z.real, z.imag], axis=1)


def seen(turn: complex, shift: complex, *, side: int) -> Frame:
    """A smooth pattern fixed to the face, seen by a camera that ``turn`` and ``shift`` describe."""
    y, x = np.mgrid[0:side, 0:side]
    z = ((x + 1j * y) - shift) / turn
    waves = [np.sin(z.real / 9), np.cos(z.imag / 11), np.sin((z.real + z.imag) / 13)]
    return Frame((128 + 100 * np.stack(waves, axis=-1)).astype(np.uint8))


def face_at(turn: complex, shift: complex) -> Face:
    return Face(0, 0, 1, 1, moved(REFERENCE_POINTS, turn, shift).astype(np.float32), 0.9)


@given(TURNS, PLACES, PLACES)
def test_an_exact_similarity_is_found(turn: complex, x: float, y: float) -> None:
    shift = complex(x, y)
    found_turn, found_shift = similarity(REFERENCE_POINTS, moved(REFERENCE_POINTS, turn, shift))
    assert found_turn == pytest.approx(turn, abs=1e-6)
    assert found_shift == pytest.approx(shift, abs=1e-4)


@given(st.lists(st.tuples(PLACES, PLACES), min_size=5, max_size=5), TURNS, st.integers(0, 3))
def test_no_other_similarity_has_a_smaller_error(targets: list[tuple[float, float]], other: complex, way: int) -> None:
    target = np.array(targets)
    turn, shift = similarity(REFERENCE_POINTS, target)

    def error(turn: complex, shift: complex) -> float:
        return float(((moved(REFERENCE_POINTS, turn, shift) - target) ** 2).sum())

    nudge = 1e-3 * 1j**way
    for better in [(turn + nudge, shift), (turn, shift + 100 * nudge), (other, shift)]:
        assert error(turn, shift) <= error(*better) + 1e-6


@settings(max_examples=40, deadline=None)
@given(st.floats(0.7, 2.5), st.floats(-np.pi, np.pi), st.floats(-8, 8), st.floats(-8, 8))
def test_the_crop_does_not_depend_on_how_the_face_lies_in_the_picture(
    size: float, angle: float, x: float, y: float
) -> None:
    upright = align(seen(1, 60 + 60j, side=240), face_at(1, 60 + 60j))
    turn = size * np.exp(1j * angle)
    middle = 230 + 230j + complex(x, y)
    shift = middle - turn * (56 + 56j)
    turned = align(seen(turn, shift, side=460), face_at(turn, shift))
    difference = np.abs(turned.astype(int) - upright.astype(int))
    # Sampling a wave of 57 pixels at other places, and blocks averaged before it, move a value by a few units.
    assert difference.mean() < 3
    assert difference.max() <= 24


def test_the_crop_of_an_already_aligned_face_is_the_picture() -> None:
    picture = frame(112, 112)
    crop = align(picture, Face(0, 0, 112, 112, REFERENCE_POINTS.astype(np.float32), 0.9))
    assert np.abs(crop.astype(int) - picture.pixels.astype(int)).max() <= 1


def test_what_lies_outside_the_picture_is_black() -> None:
    white = Frame(np.full((100, 100, 3), 255, np.uint8))
    half = align(white, face_at(1, -56))
    assert half[:, 60:].max() == 0 or half[:, :50].max() == 0
    assert half.max() == 255
    assert align(white, face_at(1, 5000)).max() == 0


def test_a_large_face_is_averaged_not_skipped() -> None:
    # A checkerboard finer than the crop's sampling must come out grey, not as a pattern that is not there.
    board = np.indices((1200, 1200)).sum(axis=0) % 2 * 255
    crop = align(Frame(np.repeat(board[..., None], 3, axis=2).astype(np.uint8)), face_at(8, 100 + 100j))
    assert np.abs(crop.astype(int) - 127).max() <= 2


def test_the_crop_has_the_shape_embedders_take() -> None:
    crop = align(frame(), face_at(2, 100 + 100j))
    assert crop.shape == (112, 112, 3)
    assert crop.dtype == np.uint8
    assert crop.flags.c_contiguous


@pytest.mark.parametrize(("shift", "share"), [(0, 0), (-28, 0.25), (-28j, 0.25), (44 + 44j, 0.4375), (-500, 1)])
def test_how_much_of_the_crop_is_outside(shift: complex, share: float) -> None:
    picture = frame(128, 128)
    assert share_outside(picture, face_at(1, shift)) == pytest.approx(share, abs=0.05)
