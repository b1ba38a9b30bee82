"""Sets of comparisons and templates whose true error rates are known, because we planted them."""

import math

import numpy as np
from numpy.typing import NDArray

from visavis.evaluate.comparisons import Comparisons


def normal_comparisons(
    people: int, *, photos: int = 2, seed: int = 0, mated: tuple[float, float] = (0.6, 0.1), spread: float = 0.1
) -> Comparisons:
    """Everybody has as many photos; scores are normal: mated ones as told, non-mated ones around 0."""
    random = np.random.default_rng(seed)
    first, second = (np.repeat(one, photos**2) for one in np.triu_indices(people, 1))
    owner = np.repeat(np.arange(people), photos * (photos - 1) // 2)
    return comparisons(
        np.full(people, photos),
        (random.normal(*mated, len(owner)), owner),
        (random.normal(0, spread, len(first)), first, second),
    )


def comparisons(
    photos: NDArray[np.int64],
    mated: tuple[NDArray[np.float64], NDArray[np.int64]],
    non_mated: tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]],
) -> Comparisons:
    """These scores with their people, sorted as ``compare_all`` sorts them, all of them kept."""
    scores, owner = mated
    others, first, second = non_mated
    falling, falling_too = np.argsort(-scores, kind="stable"), np.argsort(-others, kind="stable")
    return Comparisons(
        photos=photos,
        mated=scores[falling].astype(np.float32),
        owner=owner[falling].astype(np.int32),
        non_mated=others[falling_too].astype(np.float32),
        first=first[falling_too].astype(np.int32),
        second=second[falling_too].astype(np.int32),
        kept_from=-10.0,
    )


def above(score: float, *, mean: float = 0.0, spread: float = 1.0) -> float:
    """The share of a normal distribution above a score."""
    return math.erfc((score - mean) / spread / math.sqrt(2)) / 2


def templates(
    people: int, photos: NDArray[np.int64] | int, *, noise: float, dimension: int = 128, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Unit vectors: a direction of their own for everybody, and ``noise`` times a random one for each photo."""
    random = np.random.default_rng(seed)
    each = np.full(people, photos) if isinstance(photos, int) else photos
    whose = np.repeat(np.arange(people), each)
    own = random.normal(size=(people, dimension)) / math.sqrt(dimension)
    rows = own[whose] + noise * random.normal(size=(len(whose), dimension)) / math.sqrt(dimension)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), whose.astype(np.int32)
