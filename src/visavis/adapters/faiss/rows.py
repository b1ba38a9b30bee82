"""Vectors in six bits a number: what the best of a scan are compared by."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

LARGEST: Final = 31
"""Numbers from -31 to 31 are kept."""
FOUR: Final = 4
"""Four numbers take three bytes."""


def packed(vectors: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    """Vectors as bytes, shape (n, 3 d / 4), and the step of each vector.

    Of unit vectors with 128 numbers a cosine is off by 0.0024 then (standard deviation), and by 0.0124 at most among
    40,000.

    :param vectors: shape (n, d), where d is a multiple of four.
    """
    wanted = np.abs(vectors).max(axis=1) / LARGEST
    steps = wanted.astype(np.float16)
    # Rounded up, so that the largest number of a vector does not become too large for its step; what fits stays, so
    # that a vector that is packed once more is the same.
    steps = np.where(steps < wanted, np.nextafter(steps, np.float16(np.inf)), steps)
    divisors = np.where(steps > 0, steps, 1).astype(np.float32)[:, None]
    numbers = (np.rint(vectors / divisors) + LARGEST + 1).astype(np.uint8)
    a, b, c, d = (numbers[:, at::FOUR] for at in range(FOUR))
    codes = np.empty((len(vectors), 3 * vectors.shape[1] // FOUR), np.uint8)
    codes[:, 0::3] = a | b << 6
    codes[:, 1::3] = b >> 2 | c << 4
    codes[:, 2::3] = c >> 4 | d << 2
    return codes, steps


def unpacked(codes: NDArray[np.uint8], steps: NDArray[np.float16]) -> NDArray[np.float32]:
    """The vectors, nearly: shape (n, d)."""
    a, b, c = (codes[:, at::3] for at in range(3))
    numbers = np.empty((len(codes), FOUR * codes.shape[1] // 3), np.uint8)
    numbers[:, 0::FOUR] = a & 63
    numbers[:, 1::FOUR] = a >> 6 | (b & 15) << 2
    numbers[:, 2::FOUR] = b >> 4 | (c & 3) << 4
    numbers[:, 3::FOUR] = c >> 2
    vectors = numbers.astype(np.float32)
    vectors -= LARGEST + 1
    vectors *= steps.astype(np.float32)[:, None]
    return vectors
