"""The secret turn of one gallery: an orthogonal matrix that follows from the gallery's key.

Inner products survive, so a gallery is searched as before; templates of two galleries do not compare. What this does
not do stands in ``docs/threat-model.md``; how the matrix is made, to the byte, in ``spec/gallery-transform.md``.

The matrix is drawn from the Haar measure, the only distribution that prefers no turn to another, by the subgroup
algorithm: one Householder reflection of a Gaussian vector for each dimension (Stewart 1980, SIAM J. Numer. Anal. 17(3);
Diaconis and Shahshahani 1987; Mezzadri 2007, Notices of the AMS 54(5), arXiv math-ph/0609050). Compared with the QR
decomposition of a Gaussian matrix it needs no LAPACK, no signs mended afterwards, and magnifies no rounding: two
machines differ in the last bits of a float64, which float32 does not keep.
"""

from typing import Final

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR
from numpy.typing import NDArray

from visavis.model.keys import TransformUnfit
from visavis.protect.envelope import KEY_BYTES
from visavis.protect.keys import derive

TOLERANCE: Final = 1e-6
"""How far the product of the float32 matrix with its transpose may be from the identity, in any place."""

_FLOAT: Final = np.dtype(np.float32)
_WORD: Final = 8
_UNIT: Final = 2.0**-53


class Transform:
    """The turn of one gallery, made once and held for as long as the gallery is open.

    Making one of 128 dimensions takes some milliseconds, one of 1,024 about two seconds. There is no cache in this
    module: it would keep what a key makes after the key is gone. The caller holds one beside the key.
    """

    __slots__ = ("_matrix", "_transposed")

    def __init__(self, key: bytes, *, dimension: int) -> None:
        """Make the matrix of ``key``, the gallery's 32 bytes, for templates of ``dimension`` numbers (2 or more).

        :raises ValueError: the key or the dimension is of another size.
        :raises TransformUnfit: the arithmetic of this machine gave a matrix that is not orthonormal.
        """
        if len(key) != KEY_BYTES or dimension < 2:  # noqa: PLR2004 -- in one dimension there is no turn to keep secret
            raise ValueError("a transform takes a key of 32 bytes and at least two dimensions")
        self._matrix: NDArray[np.float32] = _haar(_gaussians(key, dimension), dimension).astype(np.float32)
        _require_orthonormal(self._matrix)
        self._transposed = np.ascontiguousarray(self._matrix.T)

    @property
    def dimension(self) -> int:
        """How many numbers a template has."""
        return len(self._matrix)

    def forward(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Templates as they are stored and compared in this gallery, in the shape they came in.

        Lengths and inner products are kept within 1e-6. The last bit of a result may depend on how many vectors were
        given at once.

        :param vectors: float32, shape (dimension,) or (n, dimension).
        :raises ValueError: another shape or type.
        """
        turned: NDArray[np.float32] = self._fitting(vectors).dot(self._transposed)
        return turned

    def backward(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Undo ``forward``, for a gallery whose key changes or whose references are handed over.

        :param vectors: float32, shape (dimension,) or (n, dimension).
        :raises ValueError: another shape or type.
        """
        turned: NDArray[np.float32] = self._fitting(vectors).dot(self._matrix)
        return turned

    def _fitting(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        shape = vectors.shape
        if len(shape) not in {1, 2} or shape[-1] != len(self._matrix) or vectors.dtype != _FLOAT:
            raise ValueError(f"this gallery's templates are float32 with {self.dimension} dimensions")
        return vectors


def _gaussians(key: bytes, dimension: int) -> NDArray[np.float64]:
    """As many normal numbers as the reflections need, from AES-256 in counter mode."""
    count = dimension * (dimension + 1) // 2
    pairs = (count + 1) // 2
    stream = Cipher(AES256(derive(key, f"gallery transform {dimension}")), CTR(bytes(16))).encryptor()
    words = np.frombuffer(stream.update(bytes(2 * pairs * _WORD)), dtype="<u8").reshape(pairs, 2)
    return _normal(words.astype(np.uint64))[:count]


def _normal(words: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Normal numbers, shape (2 n,), from random words of shape (n, 2), by Box and Muller (1958)."""
    # 53 bits and never 0, whose logarithm there is not.
    uniform = ((words >> np.uint64(11)).astype(np.float64) + 1.0) * _UNIT
    radius, angle = np.sqrt(-2.0 * np.log(uniform[:, 0])), 2.0 * np.pi * uniform[:, 1]
    return np.stack((radius * np.cos(angle), radius * np.sin(angle)), axis=1).reshape(-1)


def _haar(gaussians: NDArray[np.float64], dimension: int) -> NDArray[np.float64]:
    """An orthogonal matrix from ``dimension * (dimension + 1) / 2`` normal numbers.

    From the lower right corner outwards: the corner of size k is multiplied by the reflection that takes the first
    axis to the direction of the next k numbers. Its first column is then uniform on the sphere, and what lies in it
    was uniform already.
    """
    matrix = np.eye(dimension)
    taken = 0
    for size in range(1, dimension + 1):
        mirror = gaussians[taken : taken + size].copy()
        taken += size
        sign = 1.0 if mirror[0] >= 0 else -1.0
        mirror[0] += sign * np.sqrt(mirror @ mirror)
        mirror /= np.sqrt(mirror @ mirror)
        corner = matrix[dimension - size :, dimension - size :]
        corner -= np.outer(2.0 * mirror, mirror @ corner)
        corner *= -sign
    return matrix


def _require_orthonormal(matrix: NDArray[np.float32]) -> None:
    exact = matrix.astype(np.float64)
    error = np.abs(exact @ exact.T - np.eye(len(exact))).max()
    # Written so that a number that is none, in the matrix, fails too.
    if not error <= TOLERANCE:
        raise TransformUnfit(f"The transform of a gallery is off by {error:.1e}.")
