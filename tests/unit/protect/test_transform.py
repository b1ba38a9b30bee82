"""The secret turn of a gallery keeps what one gallery compares, and nothing that two galleries could."""

import math
import struct

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from visavis.model.keys import TransformUnfit
from visavis.protect import transform
from visavis.protect.keys import derive
from visavis.protect.transform import Transform

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
KEYS = st.binary(min_size=32, max_size=32)
SIZES = st.integers(min_value=2, max_value=48)
ODD_SIZES = [2, 3, 8, 64, 127, 128, 256]


def matrix_of(turn: Transform) -> NDArray[np.float64]:
    """The matrix, seen from outside: what it does to each axis."""
    return turn.forward(np.eye(turn.dimension, dtype=np.float32)).T.astype(np.float64)


def templates(count: int, dimension: int, *, seed: int = 1) -> NDArray[np.float32]:
    raw = np.random.default_rng(seed).standard_normal((count, dimension))
    unit: NDArray[np.float32] = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    return unit


def plainly_made(key: bytes, dimension: int) -> NDArray[np.float64]:
    """The specification once more, in whole reflection matrices and without NumPy's functions of numbers."""
    count = dimension * (dimension + 1) // 2
    stream = Cipher(AES256(derive(key, f"gallery transform {dimension}")), CTR(bytes(16))).encryptor()
    words = struct.unpack(f"<{count + count % 2}Q", stream.update(bytes(8 * (count + count % 2))))
    normal: list[float] = []
    for first, second in zip(words[::2], words[1::2], strict=True):
        radius = math.sqrt(-2 * math.log((first // 2048 + 1) / 2**53))
        angle = 2 * math.pi * (second // 2048 + 1) / 2**53
        normal += [radius * math.cos(angle), radius * math.sin(angle)]
    made = np.eye(dimension)
    for size in range(1, dimension + 1):
        begin = size * (size - 1) // 2
        direction = np.array(normal[begin : begin + size])
        sign = math.copysign(1.0, direction[0])
        mirror = direction + sign * np.linalg.norm(direction) * np.eye(size)[0]
        whole = np.eye(dimension)
        reflection = np.eye(size) - 2 * np.outer(mirror, mirror) / (mirror @ mirror)
        whole[dimension - size :, dimension - size :] = -sign * reflection
        made = whole @ made
        assert np.allclose(whole[dimension - size :, dimension - size], direction / np.linalg.norm(direction))
    return made


@pytest.mark.parametrize("dimension", [2, 3, 8, 127, 128])
def test_the_matrix_is_the_one_of_the_specification(dimension: int) -> None:
    assert np.abs(matrix_of(Transform(KEY, dimension=dimension)) - plainly_made(KEY, dimension)).max() < 1e-7


@given(key=KEYS, dimension=SIZES)
def test_one_key_gives_one_matrix(key: bytes, dimension: int) -> None:
    first, again = (matrix_of(Transform(key, dimension=dimension)) for _ in range(2))
    assert np.array_equal(first, again)


@given(key=KEYS, dimension=SIZES)
def test_the_matrix_is_orthonormal(key: bytes, dimension: int) -> None:
    made = matrix_of(Transform(key, dimension=dimension))
    assert np.abs(made @ made.T - np.eye(dimension)).max() <= transform.TOLERANCE
    assert np.abs(made.T @ made - np.eye(dimension)).max() <= transform.TOLERANCE


@given(key=KEYS, bit=st.integers(min_value=0, max_value=255))
def test_a_key_that_differs_in_one_bit_gives_an_unrelated_matrix(key: bytes, bit: int) -> None:
    near = bytearray(key)
    near[bit // 8] ^= 1 << bit % 8
    ours, theirs = (matrix_of(Transform(made, dimension=32)) for made in (key, bytes(near)))
    # Columns of unrelated turns are as far apart as random directions: the mean square of a cosine is 1/32.
    assert 0.5 < float(np.mean((ours.T @ theirs) ** 2) * 32) < 1.5
    assert abs(float(np.trace(ours.T @ theirs))) < 8


def test_dimensions_have_unrelated_matrices() -> None:
    small, large = (matrix_of(Transform(KEY, dimension=d)) for d in (127, 128))
    assert abs(float(np.sum(small * large[1:, 1:]))) < 8
    assert abs(float(np.sum(small * large[:-1, :-1]))) < 8


@pytest.mark.parametrize("dimension", ODD_SIZES)
def test_inner_products_lengths_and_the_way_back(dimension: int) -> None:
    turn = Transform(KEY, dimension=dimension)
    vectors = templates(500, dimension)
    turned = turn.forward(vectors)
    assert turned.dtype == np.float32
    assert turned.shape == vectors.shape
    exact, kept = (v.astype(np.float64) @ v.astype(np.float64).T for v in (vectors, turned))
    assert np.abs(exact - kept).max() < 1e-6
    assert np.abs(np.linalg.norm(turned, axis=1) - 1).max() < 1e-6
    assert np.abs(turn.backward(turned) - vectors).max() < 1e-6


@given(key=KEYS, dimension=SIZES, seed=st.integers(0, 2**32 - 1))
def test_one_vector_is_turned_as_it_is_among_others(key: bytes, dimension: int, seed: int) -> None:
    turn = Transform(key, dimension=dimension)
    vectors = templates(3, dimension, seed=seed)
    alone = turn.forward(vectors[1])
    assert alone.shape == (dimension,)
    assert np.abs(alone - turn.forward(vectors)[1]).max() < 1e-6
    assert np.abs(turn.backward(alone) - vectors[1]).max() < 1e-6


def test_a_turned_template_does_not_look_like_the_plain_one_or_that_of_another_gallery() -> None:
    vectors = templates(2000, 128)
    ours, theirs = (Transform(key, dimension=128).forward(vectors) for key in (KEY, OTHER))
    for first, second in ((vectors, ours), (vectors, theirs), (ours, theirs)):
        cosines = np.sum(first * second, axis=1)
        assert abs(float(cosines.mean())) < 0.05
        assert float(np.abs(cosines).max()) < 0.5


def test_no_vectors_give_no_vectors() -> None:
    nothing = np.zeros((0, 8), np.float32)
    turn = Transform(KEY, dimension=8)
    assert turn.forward(nothing).shape == turn.backward(nothing).shape == (0, 8)


@pytest.mark.parametrize(
    "vectors",
    [
        np.zeros(7, np.float32),
        np.zeros(9, np.float32),
        np.zeros((8, 7), np.float32),
        np.zeros((8, 9), np.float32),
        np.zeros((1, 1, 8), np.float32),
        np.float32(1).reshape(()),
        np.zeros(8, np.float64),
        np.zeros(8, np.int8),
    ],
    ids=lambda vectors: f"{vectors.dtype}{vectors.shape}",
)
def test_what_does_not_fit_is_refused(vectors: NDArray[np.float32]) -> None:
    turn = Transform(KEY, dimension=8)
    for way in (turn.forward, turn.backward):
        with pytest.raises(ValueError, match=r"^this gallery's templates are float32 with 8 dimensions$"):
            way(vectors)


@pytest.mark.parametrize(
    ("key", "dimension"), [(KEY[:31], 8), (KEY + b"\0", 8), (b"", 8), (KEY, 1), (KEY, 0), (KEY, -1)]
)
def test_a_key_or_dimension_of_another_size_is_refused(key: bytes, dimension: int) -> None:
    with pytest.raises(ValueError, match=r"^a transform takes a key of 32 bytes and at least two dimensions$"):
        Transform(key, dimension=dimension)


def test_the_smallest_dimension_is_two() -> None:
    assert Transform(KEY, dimension=2).dimension == 2


@pytest.mark.parametrize("spoilt", [1e-3, 1e-5, np.nan])
def test_a_matrix_that_came_out_wrong_is_refused(monkeypatch: pytest.MonkeyPatch, spoilt: float) -> None:
    def faulty(gaussians: NDArray[np.float64], dimension: int) -> NDArray[np.float64]:
        made = right(gaussians, dimension)
        made[3] += spoilt
        return made

    right = transform._haar
    monkeypatch.setattr(transform, "_haar", faulty)
    with pytest.raises(TransformUnfit, match=r"^The transform of a gallery is off by (\d\.\de-0\d|nan)\. "):
        Transform(KEY, dimension=8)


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_numbers_without_a_direction_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transform, "_gaussians", lambda _, dimension: np.zeros(dimension * (dimension + 1) // 2))
    with pytest.raises(TransformUnfit):
        Transform(KEY, dimension=8)


def test_the_least_and_the_greatest_words_give_numbers() -> None:
    made = transform._normal(np.array([[0, 2**64 - 1], [2**64 - 1, 0]], np.uint64))
    assert np.abs(made - [math.sqrt(106 * math.log(2)), 0, 0, 0]).max() < 1e-14


def test_all_turns_are_alike_likely() -> None:
    """Moments of the Haar measure on the orthogonal group (Diaconis and Shahshahani 1994, J. Appl. Prob. 31A)."""
    made = np.stack([matrix_of(Transform(number.to_bytes(32, "big"), dimension=5)) for number in range(3000)])
    traces = np.trace(made, axis1=1, axis2=2)
    squares = np.trace(made @ made, axis1=1, axis2=2)
    assert abs(float(traces.mean())) < 0.08
    assert abs(float((traces**2).mean()) - 1) < 0.12
    assert abs(float(squares.mean()) - 1) < 0.12
    assert abs(float((np.linalg.det(made) > 0).mean()) - 0.5) < 0.04
    assert np.abs(made.mean(axis=0)).max() < 0.04
    assert np.abs((made**2).mean(axis=0) - 1 / 5).max() < 0.02
    assert np.abs((made**4).mean(axis=0) - 3 / 35).max() < 0.02


def test_neither_key_nor_matrix_is_shown() -> None:
    turn = Transform(KEY, dimension=8)
    assert repr(turn).startswith("<visavis.protect.transform.Transform object")
    assert not hasattr(turn, "__dict__")
    assert all(KEY not in value for name in Transform.__slots__ if isinstance(value := getattr(turn, name), bytes))
