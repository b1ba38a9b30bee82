"""Which people of a set are nearer to each other than a threshold."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

ROWS: Final = 256
"""References compared with all others at once; a block of 100,000 columns takes 100 MB."""


def pairs_reaching(
    vectors: NDArray[np.float32],
    people: NDArray[np.int32],
    *,
    threshold: float,
    targets_from: int = 0,
    told: Callable[[], None] = lambda: None,
) -> set[tuple[int, int]]:
    """Pairs of two people of whom any row of one and a target of the other score ``threshold`` or more.

    The smaller number is first. Each row is compared with each target, whoever of the two it belongs to.

    :param vectors: unit templates of one model, shape (rows, dimension). Those that become zeros meanwhile score 0.
    :param people: the number of the person of each.
    :param targets_from: the rows from this one on are the targets.
    :param told: called after each block.
    """
    found: set[tuple[int, int]] = set()
    for start in range(0, len(vectors), ROWS):
        first = max(start, targets_from)  # targets above were compared with these rows when it was their turn
        scores = vectors[start : start + ROWS] @ vectors[first:].T
        row, column = np.nonzero(scores >= np.float32(threshold))
        scores[:] = 0
        one, other = people[start + row], people[first + column]
        apart = one != other
        low, high = np.minimum(one[apart], other[apart]), np.maximum(one[apart], other[apart])
        found |= set(zip(low.tolist(), high.tolist(), strict=True))
        told()
    return found
