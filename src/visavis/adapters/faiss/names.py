"""Identifiers in 16 bytes each: millions of them as Python's strings would take more room than the templates."""

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"
_LENGTH: Final = 26
"""Characters of base 32 that 16 bytes take; the last two bits are zero."""
_NONE: Final = 255
_VALUES: Final = np.full(256, _NONE, np.uint8)
_VALUES[np.frombuffer(_ALPHABET.encode(), np.uint8)] = np.arange(32, dtype=np.uint8)
_SHIFT: Final = np.uint64(5)

Packed = NDArray[np.uint64]
"""Shape (n, 2): the higher and the lower half of each."""


class Names:
    """Packs identifiers of one kind, ``ref_…`` or ``sub_…``, and unpacks them.

    What ``visavis.model.ids.new_id`` makes is 128 bits, and those are kept. Any other text is kept as it is, and stands
    for the first 128 bits of its BLAKE2b digest.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = f"{prefix}_"
        self._others: dict[tuple[int, int], str] = {}

    def pack(self, names: Sequence[str]) -> Packed:
        """All of them, in order, shape (n, 2)."""
        whole = len(self._prefix) + _LENGTH
        usual = np.array([len(name) == whole and name.startswith(self._prefix) for name in names], np.bool_)
        packed = np.zeros((len(names), 2), np.uint64)
        if usual.any():
            text = "".join(name[-_LENGTH:] for name, is_usual in zip(names, usual, strict=True) if is_usual)
            values = _VALUES[np.frombuffer(text.encode("latin-1", "replace"), np.uint8)].reshape(-1, _LENGTH)
            fits = (values != _NONE).all(axis=1) & ((values[:, -1] & 3) == 0)
            packed[usual] = _halves(values)
            usual[np.flatnonzero(usual)[~fits]] = False
        for at in np.flatnonzero(~usual).tolist():
            digest = hashlib.blake2b(names[at].encode(), digest_size=16).digest()
            key = (int.from_bytes(digest[:8]), int.from_bytes(digest[8:]))
            self._others[key] = names[at]
            packed[at] = key
        return packed

    def unpack(self, packed: Packed) -> list[str]:
        """The texts of what ``pack`` made, shape (n, 2)."""
        return [self._text(int(high), int(low)) for high, low in packed]

    def _text(self, high: int, low: int) -> str:
        other = self._others.get((high, low))
        if other is not None:
            return other
        bits = (high << 64 | low) << 2
        return self._prefix + "".join(_ALPHABET[bits >> 5 * at & 31] for at in range(_LENGTH - 1, -1, -1))


def _halves(values: NDArray[np.uint8]) -> Packed:
    """130 bits in 26 characters, of which the last two are zero."""
    wide = values.astype(np.uint64)
    high, low = np.zeros((2, len(wide)), np.uint64)
    for column in range(12):
        high = high << _SHIFT | wide[:, column]
    high = high << np.uint64(4) | wide[:, 12] >> np.uint64(1)
    low = wide[:, 12] & np.uint64(1)
    for column in range(13, 25):
        low = low << _SHIFT | wide[:, column]
    low = low << np.uint64(3) | wide[:, 25] >> np.uint64(2)
    return np.stack([high, low], axis=1)
