"""Every comparison of a labelled set of templates, each pair of photos once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

ROWS: Final = 512
"""Photos compared with all others at once; a block of 100,000 columns takes 200 MB."""
MOST_KEPT: Final = 4_000_000
"""Non-mated comparisons that are kept; the others are only counted."""
KEPT_SHARE: Final = 0.12
"""Kept of a set that is not too large: enough to speak of false match rates up to a tenth."""
_SEEN: Final = np.float32(-2)
"""No cosine: stands where a pair was compared before, or a photo would be compared with itself."""
_LOOKED_AT: Final = 200_000
"""Comparisons drawn to find out from which score on they are kept."""


class TooFewPeople(ValueError):
    """Two people, one of them with two photos, are the least that can be compared both ways."""


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Scores of pairs of photos, and whose they are.

    Scores are cosines, -1 to 1. People are numbered from 0. ``kept_from`` is the score from which on non-mated
    comparisons were kept; nothing can be said of thresholds below it.
    """

    photos: NDArray[np.int64]
    """Photos of each person, shape (people,)."""

    mated: NDArray[np.float32]
    """Pairs of one person, descending."""

    owner: NDArray[np.int32]
    """The person of each mated pair."""

    non_mated: NDArray[np.float32]
    """Pairs of two people at or above ``kept_from``, descending."""

    first: NDArray[np.int32]
    """One person of each such pair."""

    second: NDArray[np.int32]
    """The other one."""

    kept_from: float

    @property
    def people(self) -> int:
        """How many there are."""
        return len(self.photos)

    @property
    def mated_pairs(self) -> int:
        """How many pairs of photos show one person."""
        return len(self.mated)

    @property
    def non_mated_pairs(self) -> int:
        """How many pairs of photos show two people, those that were not kept included."""
        return int((self.photos.sum() ** 2 - (self.photos**2).sum()) // 2)


def compare_all(
    vectors: NDArray[np.float32],
    people: NDArray[np.int32],
    *,
    told: Callable[[int], None] = lambda _rows: None,
    needs_mated: bool = True,
) -> Comparisons:
    """Compare every photo with every other once.

    :param vectors: unit templates of one model, shape (photos, dimension).
    :param people: the number of the person on each photo, 0 to people - 1, each at least once.
    :param told: called with how many rows of photos are done.
    :param needs_mated: whether there have to be two photos of somebody.
    :raises TooFewPeople: nothing is mated, or nothing is not.
    """
    photos = np.bincount(people)
    if len(photos) < 2 or (needs_mated and not (photos >= 2).any()):  # noqa: PLR2004 -- one pair of each sort
        raise TooFewPeople("There have to be two people, and two photos of one of them.")
    kept_from = _worth_keeping(vectors, people)
    mated, owner, high, first, second = [], [], [], [], []
    for start in range(0, len(vectors), ROWS):
        block = slice(start, start + ROWS)
        scores = vectors[block] @ vectors[start:].T
        scores[:, : len(scores)][np.tril_indices(len(scores))] = _SEEN
        mine, theirs = people[block], people[start:]
        row, column = np.nonzero((mine[:, None] == theirs[None, :]) & (scores != _SEEN))
        mated.append(scores[row, column])
        owner.append(mine[row])
        row, column = np.divmod(np.flatnonzero(scores >= kept_from), len(theirs))
        apart = mine[row] != theirs[column]
        row, column = row[apart], column[apart]
        high.append(scores[row, column])
        first.append(mine[row])
        second.append(theirs[column])
        told(start + len(scores))
    of_one, of_two = np.concatenate(mated), np.concatenate(high)
    falling, falling_too = np.argsort(-of_one, kind="stable"), np.argsort(-of_two, kind="stable")
    return Comparisons(
        photos=photos,
        mated=of_one[falling],
        owner=np.concatenate(owner)[falling].astype(np.int32),
        non_mated=of_two[falling_too],
        first=np.concatenate(first)[falling_too].astype(np.int32),
        second=np.concatenate(second)[falling_too].astype(np.int32),
        kept_from=kept_from,
    )


def _worth_keeping(vectors: NDArray[np.float32], people: NDArray[np.int32]) -> float:
    """The score that about the share of non-mated comparisons reach that is to be kept."""
    pairs = len(vectors) * (len(vectors) - 1) // 2
    if pairs <= MOST_KEPT:
        return -1.0 - 1e-3  # rounding can leave a cosine a little outside
    random = np.random.default_rng(0)
    one, two = random.integers(len(vectors), size=(2, _LOOKED_AT))
    apart = people[one] != people[two]
    scores = np.einsum("ij,ij->i", vectors[one[apart]], vectors[two[apart]])
    return float(np.quantile(scores, 1 - min(KEPT_SHARE, MOST_KEPT / pairs)))
