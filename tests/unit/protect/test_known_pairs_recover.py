"""What the transform of a gallery does not do. These attacks succeed, and the threat model says so.

They are why templates are sealed outside the transform: all of them begin with templates that somebody opened.
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from visavis.protect.transform import Transform

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
DIMENSION = 128


def templates(count: int, dimension: int = DIMENSION) -> NDArray[np.float32]:
    """Uneven and with long tails, as templates of faces are."""
    raw = np.random.default_rng(3).exponential(size=(count, dimension)) * np.linspace(2, 0.5, dimension)
    unit: NDArray[np.float32] = (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)
    return unit


def nearest_turn(plain: NDArray[np.float32], turned: NDArray[np.float32]) -> NDArray[np.float64]:
    """The orthogonal matrix that fits the pairs best (orthogonal Procrustes, Schoenemann 1966, Psychometrika 31)."""
    left, _, right = np.linalg.svd(plain.astype(np.float64).T @ turned.astype(np.float64))
    fitted: NDArray[np.float64] = left @ right
    return fitted


@pytest.mark.parametrize("pairs", [DIMENSION, 2 * DIMENSION])
def test_as_many_known_pairs_as_dimensions_recover_the_matrix(pairs: int) -> None:
    plain = templates(pairs + 100)
    turned = Transform(KEY, dimension=DIMENSION).forward(plain)
    recovered = nearest_turn(plain[:pairs], turned[:pairs])
    exact = Transform(KEY, dimension=DIMENSION).forward(np.eye(DIMENSION, dtype=np.float32))
    assert np.abs(recovered - exact).max() < 1e-3
    undone = turned[pairs:] @ recovered.T
    assert np.abs(undone - plain[pairs:]).max() < 1e-3


def test_one_known_pair_fewer_leaves_two_matrices() -> None:
    plain = templates(DIMENSION - 1)
    turn = Transform(KEY, dimension=DIMENSION)
    exact = turn.forward(np.eye(DIMENSION, dtype=np.float32)).astype(np.float64)
    left, _, right = np.linalg.svd(plain.astype(np.float64).T @ turn.forward(plain).astype(np.float64))
    candidates = [(left * np.append(np.ones(DIMENSION - 1), last)) @ right for last in (1, -1)]
    errors = sorted(float(np.abs(candidate - exact).max()) for candidate in candidates)
    assert errors[0] < 1e-3
    assert errors[1] > 0.1


def test_the_gallerys_key_undoes_it() -> None:
    plain = templates(10)
    turned = Transform(KEY, dimension=DIMENSION).forward(plain)
    assert np.abs(Transform(KEY, dimension=DIMENSION).backward(turned) - plain).max() < 1e-6
    assert np.abs(Transform(OTHER, dimension=DIMENSION).backward(turned) - plain).max() > 0.1


def test_who_is_like_whom_in_a_gallery_can_be_seen_without_the_key() -> None:
    plain = templates(50)
    turned = Transform(KEY, dimension=DIMENSION).forward(plain)
    assert np.abs(plain @ plain.T - turned @ turned.T).max() < 1e-6


def test_galleries_of_the_same_photos_are_linked_without_any_key_or_known_pair() -> None:
    """Both have the same shape: the same principal axes in the same order, each with its long tail on one side."""

    def seen_from_its_axes(rows: NDArray[np.float32]) -> NDArray[np.float64]:
        middle = rows.astype(np.float64) - rows.mean(axis=0, dtype=np.float64)
        along: NDArray[np.float64] = middle @ np.linalg.eigh(middle.T @ middle)[1]
        along *= np.sign((along**3).sum(axis=0))
        return along

    plain = templates(400, 32)
    other_order = np.random.default_rng(4).permutation(400)
    ours = seen_from_its_axes(Transform(KEY, dimension=32).forward(plain))
    theirs = seen_from_its_axes(Transform(OTHER, dimension=32).forward(plain[other_order]))
    nearest = ((theirs[:, None] - ours[None]) ** 2).sum(axis=2).argmin(axis=1)
    assert np.array_equal(nearest, other_order)
