"""RFC 6962, section 2.1, written down as it stands there: slow, and nothing of ours is used."""

import hashlib
from collections.abc import Sequence
from functools import lru_cache


def leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class PlainTree:
    """MTH, PATH and PROOF over the first entries of a list."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self.entries = entries
        self.hash = lru_cache(maxsize=None)(self._hash)

    def root(self, size: int) -> bytes:
        return self.hash(0, size)

    def path(self, index: int, size: int, begin: int = 0) -> list[bytes]:
        width = size - begin
        if width == 1:
            return []
        middle = begin + split(width)
        if index < middle:
            return [*self.path(index, middle, begin), self.hash(middle, size)]
        return [*self.path(index, size, middle), self.hash(begin, middle)]

    def proof(self, old_size: int, size: int) -> list[bytes]:
        return self._subproof(old_size, 0, size, complete=True)

    def _hash(self, begin: int, end: int) -> bytes:
        if end == begin:
            return hashlib.sha256().digest()
        if end - begin == 1:
            return leaf(self.entries[begin])
        middle = begin + split(end - begin)
        return node(self.hash(begin, middle), self.hash(middle, end))

    def _subproof(self, old_end: int, begin: int, end: int, *, complete: bool) -> list[bytes]:
        if old_end == end:
            return [] if complete else [self.hash(begin, end)]
        middle = begin + split(end - begin)
        if old_end <= middle:
            return [*self._subproof(old_end, begin, middle, complete=complete), self.hash(middle, end)]
        return [*self._subproof(old_end, middle, end, complete=False), self.hash(begin, middle)]


def split(width: int) -> int:
    """The largest power of two that is less."""
    power = 1
    while power * 2 < width:
        power *= 2
    return power
