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
    told: Callable[[], None] = lambda: None,
) -> set[tuple[int, int]]:
    """Pairs of two people of whom any two references score ``threshold`` or more, the smaller number first.

    :param vectors: unit templates of one model, shape (references, dimension).
    :param people: the number of the person of each.
    :param told: called after each block.
    """
    found: set[tuple[int, int]] = set()
    for start in range(0, len(vectors), ROWS):
        scores = vectors[start : start + ROWS] @ vectors[start:].T
        row, column = np.nonzero(scores >= np.float32(threshold))
        scores[:] = 0
        one, other = people[start + row], people[start + column]
        apart = one != other
        low, high = np.minimum(one[apart], other[apart]), np.maximum(one[apart], other[apart])
        found |= set(zip(low.tolist(), high.tolist(), strict=True))
        told()
    return found
