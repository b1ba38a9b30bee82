"""The tree of RFC 6962, section 2.1: hashes, what a growing tree has to remember, and proofs.

Everything that looks into a tree does it through a ``Reader``, so that the same code serves tiles on a disk, tiles from
a server nobody trusts and a list in a test.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from visavis.model.audit import ProofWrong

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
MAX_PATH: Final = 63
"""Most hashes in a proof that anybody may send (C2SP tlog-witness)."""

Reader = Callable[[int, int], bytes]
"""``read(level, index)``: the hash over the entries from ``index * 2**level`` to ``(index + 1) * 2**level``; they all
have to be there."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Edge:
    """All that a tree needs to grow: its size, and the roots of its perfect subtrees, the largest first."""

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise ValueError("a tree of this size has another number of perfect subtrees")

    def extended(self, leaves: Iterable[bytes]) -> "Edge":
        """The edge after more leaf hashes."""
        size, hashes = self.size, list(self.hashes)
        for leaf in leaves:
            hashes.append(leaf)
            merging = size
            while merging & 1:
                right = hashes.pop()
                hashes[-1] = node_hash(hashes[-1], right)
                merging >>= 1
            size += 1
        return Edge(size, tuple(hashes))

    def root(self) -> bytes:
        """The root hash of the tree (32 bytes)."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root


def edge_of(size: int, read: Reader) -> Edge:
    """The edge of a tree that can be looked into."""
    hashes, begin = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            hashes.append(read(level, begin >> level))
            begin += 1 << level
    return Edge(size, tuple(hashes))


def prove_inclusion(index: int, size: int, read: Reader) -> list[bytes]:
    """The audit path of one entry (RFC 6962, 2.1.1), from the leaf up.

    :raises ValueError: the tree has no such entry.
    """
    if not 0 <= index < size:
        raise ValueError("the tree has no such entry")
    path: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(_range_hash(middle, end, read))
            end = middle
        else:
            path.append(_range_hash(begin, middle, read))
            begin = middle
    return path[::-1]


def prove_consistency(old_size: int, size: int, read: Reader) -> list[bytes]:
    """That a tree is the beginning of a larger one (RFC 6962, 2.1.2). Empty where either is empty or they are equal.

    :raises ValueError: the older tree is larger.
    """
    if not 0 <= old_size <= size:
        raise ValueError("the older tree is larger")
    if old_size in (0, size):
        return []
    path: list[bytes] = []
    begin, end, whole = 0, size, True
    while end != old_size:
        middle = begin + _split(end - begin)
        if old_size <= middle:
            path.append(_range_hash(middle, end, read))
            end = middle
        else:
            path.append(_range_hash(begin, middle, read))
            begin, whole = middle, False
    if not whole:
        path.append(_range_hash(begin, end, read))
    return path[::-1]


def require_inclusion(*, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check an inclusion proof (RFC 9162, 2.1.3.2).

    :param leaf: the leaf's hash.
    :raises ProofWrong: it does not prove that the tree of this root and size has this leaf there.
    """
    if not 0 <= index < size:
        raise ProofWrong("The tree has no such entry.")
    _require_hashes(path, leaf, root)
    position, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ProofWrong("The proof is too long.")
        if position & 1 or position == last:
            found = node_hash(sibling, found)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        position, last = position >> 1, last >> 1
    if last != 0 or found != root:
        raise ProofWrong("The entry is not in the tree of this checkpoint.")


def require_consistency(*, old_size: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]) -> None:
    """Check a consistency proof (RFC 9162, 2.1.4.2).

    :raises ProofWrong: it does not prove that the old tree is the beginning of the new one.
    """
    if not 0 <= old_size <= size:
        raise ProofWrong("The newer tree is smaller.")
    _require_hashes(path, old_root, root)
    if (not old_size and old_root != EMPTY_ROOT) or (not size and root != EMPTY_ROOT):
        raise ProofWrong("An empty tree has another root.")
    if old_size in (0, size):
        if path or (old_size and old_root != root):
            raise ProofWrong("Two trees of one size differ, or there is a proof where nothing is to be proved.")
        return
    hashes = [old_root, *path] if old_size & (old_size - 1) == 0 else list(path)
    if not hashes or _climb(hashes, old_size - 1, size - 1) != (old_root, root):
        raise ProofWrong("The newer tree does not begin with the older one.")


def _require_hashes(path: Sequence[bytes], *others: bytes) -> None:
    # A step of another length would let two trees be hashed from the same bytes.
    if len(path) > MAX_PATH or any(len(step) != HASH_BYTES for step in (*path, *others)):
        raise ProofWrong("The proof is longer than any, or a part of it is not a hash.")


def _climb(hashes: Sequence[bytes], position: int, last: int) -> tuple[bytes, bytes]:
    """The roots of the older and the newer tree that a consistency proof leads to."""
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            raise ProofWrong("The proof is too long.")
        if position & 1 or position == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        position, last = position >> 1, last >> 1
    if last != 0:
        raise ProofWrong("The proof is too short.")
    return old, new


def _split(width: int) -> int:
    """The largest power of two below ``width`` (at least 2)."""
    return 1 << (width - 1).bit_length() - 1


def _range_hash(begin: int, end: int, read: Reader) -> bytes:
    """The hash over the entries from ``begin`` to ``end``; ``begin`` is where a subtree begins."""
    width = end - begin
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return read(level, begin >> level)
    middle = begin + _split(width)
    return node_hash(_range_hash(begin, middle, read), _range_hash(middle, end, read))
