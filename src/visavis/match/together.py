"""What several references of one person are compared as."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

SEVERAL: Final = 2
"""From so many references on somebody is compared by their sum."""
_NOTHING: Final = 1e-3
"""Sums of unit vectors that are shorter have no direction."""


def direction(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The direction of the sum of somebody's references: a unit vector, or zeros where they cancel each other out.

    :param vectors: unit templates, shape (references, dimension).
    """
    total: NDArray[np.float32] = vectors.sum(axis=0)
    length = np.linalg.norm(total)
    if length <= _NOTHING:
        return np.zeros_like(total)
    total /= length
    return total
