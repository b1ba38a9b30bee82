"""Opening many references at once: the seals one by one, the numbers in them together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.model.keys import EpochDestroyed, SubjectSecret
from visavis.protect.envelope import key_version_of
from visavis.protect.keys import unwrap
from visavis.protect.references import SQUARED_TOLERANCE, VERSION_BYTES

_FLOAT: Final = np.dtype("<f4")
_NONE: Final = (np.zeros((0, 0), dtype=np.float32), np.zeros(0, dtype=np.int64))


@dataclass(frozen=True, slots=True)
class WrappingKeys:
    """The keys of the epochs (32 bytes each) that subjects' keys may be wrapped in, by their numbers."""

    epochs: Mapping[int, bytes] = field(repr=False)

    def unwrap(self, wrapped: bytes, *, subject_id: str, public_key: bytes) -> SubjectSecret:
        """The secret of somebody who agreed.

        :raises SealBroken: it belongs to another subject or public key, or was edited.
        :raises EpochDestroyed: nobody can open it any more.
        """
        epoch = key_version_of(wrapped)
        key = self.epochs.get(epoch)
        if key is None:
            raise EpochDestroyed(f"Epoch {epoch} was destroyed.")
        return unwrap(wrapped, epoch=epoch, epoch_key=key, subject_id=subject_id, public_key=public_key)


@dataclass(frozen=True, slots=True)
class StoredMany:
    """Templates as they are stored: unit vectors (float32, (n, d)), and what version of the gallery's key each has."""

    vectors: NDArray[np.float32]
    versions: NDArray[np.int64]


def read_many(plaintexts: Sequence[bytes]) -> tuple[StoredMany, NDArray[np.bool_]]:
    """The templates in many opened seals, and which of them are unit vectors of the size that most have.

    Those that are not stand in the result as zeros; where none is, the result is empty.
    """
    if not plaintexts:
        return StoredMany(*_NONE), np.zeros(0, dtype=np.bool_)
    sizes = [len(plaintext) for plaintext in plaintexts]
    usual = max(set(sizes), key=sizes.count)
    if usual <= VERSION_BYTES or (usual - VERSION_BYTES) % _FLOAT.itemsize:
        return StoredMany(*_NONE), np.zeros(len(plaintexts), dtype=np.bool_)
    fitting = [plaintext if len(plaintext) == usual else bytes(usual) for plaintext in plaintexts]
    table = np.frombuffer(b"".join(fitting), dtype=np.uint8).reshape(len(plaintexts), usual)
    versions = np.ascontiguousarray(table[:, :VERSION_BYTES]).view(">u4").reshape(-1).astype(np.int64)
    vectors = np.ascontiguousarray(table[:, VERSION_BYTES:]).view(_FLOAT).astype(np.float32)
    squares = np.einsum("ij,ij->i", vectors, vectors)
    # Written so that a number that is none fails too.
    is_unit = np.abs(squares - 1.0) < SQUARED_TOLERANCE
    vectors[~is_unit] = 0
    return StoredMany(vectors, versions), is_unit
