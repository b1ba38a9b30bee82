"""Tiles and entry bundles (C2SP tlog-tiles): where they lie, how they read, and why they may be believed.

A tile is believed for one reason only: hashed together it is what a tile above it says, and the topmost ones are what
the checkpoint says.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from visavis.audit.merkle import HASH_BYTES, Edge, edge_of, node_hash
from visavis.model.audit import EntryMalformed, TileMalformed, TileWrong

WIDTH: Final = 256
HEIGHT: Final = 8
MAX_ENTRY: Final = 0xFFFF
"""Longest entry in bytes: its length is two bytes."""
MAX_BUNDLE: Final = WIDTH * (MAX_ENTRY + 2)
_KEPT: Final = 1024
"""Full tiles that one reader remembers: 20 MB."""

Fetch = Callable[[str], bytes]
"""The resource at a path below the log's prefix. It raises ``ResourceMissing`` where there is none, and should not read
more than ``MAX_BUNDLE`` + 1 bytes of what it is sent."""


@dataclass(frozen=True, slots=True)
class Tile:
    """``width`` hashes (1 to 256) at a level of the tree of tiles, from ``index * 256`` on."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where it lies below the log's prefix."""
        return f"tile/{self.level}/{_index_path(self.index)}{_partial(self.width)}"

    @property
    def entries_path(self) -> str:
        """Where the bundle of its entries lies; its level is 0."""
        return f"tile/entries/{_index_path(self.index)}{_partial(self.width)}"


def tile_of(size: int, level: int, index: int) -> Tile:
    """One tile as a tree of this size has it.

    :raises ValueError: it has none there.
    """
    width = min(WIDTH, (size >> HEIGHT * level) - index * WIDTH)
    if width < 1 or index < 0:
        raise ValueError("the tree has no such tile")
    return Tile(level, index, width)


def tiles_between(old_size: int, size: int) -> Iterator[Tile]:
    """Every tile that a tree has and that it did not have, or not as wide, when it was smaller; levels from 0 up.

    :raises ValueError: it was not smaller.
    """
    if not 0 <= old_size <= size:
        raise ValueError("the older tree is larger")
    level = 0
    while size >> HEIGHT * level:
        first, count = (old_size >> HEIGHT * level) // WIDTH, size >> HEIGHT * level
        if count > old_size >> HEIGHT * level:
            for index in range(first, -(-count // WIDTH)):
                yield tile_of(size, level, index)
        level += 1


def last_tiles(size: int) -> Iterator[Tile]:
    """The tiles that are not full, whose hashes together are the tree's edge."""
    level = 0
    while size >> HEIGHT * level:
        count = size >> HEIGHT * level
        if count % WIDTH:
            yield tile_of(size, level, count // WIDTH)
        level += 1


def bundle(entries: Sequence[bytes]) -> bytes:
    """Entries as a bundle.

    :raises ValueError: one is too long for its length to be written, or there are too many.
    """
    if len(entries) > WIDTH or any(len(entry) > MAX_ENTRY for entry in entries):
        raise ValueError("these entries do not fit into a bundle")
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)


def unbundle(data: bytes, *, width: int) -> list[bytes]:
    """The entries of a bundle.

    :raises EntryMalformed: there are not exactly ``width`` of them.
    """
    entries: list[bytes] = []
    at, end = 0, len(data)
    while at + 2 <= end and len(entries) < width:
        length = data[at] << 8 | data[at + 1]
        at += 2 + length
        entries.append(data[at - length : at])
    if at != end or len(entries) != width:
        raise EntryMalformed(f"A bundle does not hold exactly {width} entries.")
    return entries


def subtree(hashes: Sequence[bytes]) -> bytes:
    """The root over a power of two of hashes.

    :raises ValueError: there are as many as no perfect subtree has.
    """
    row = list(hashes)
    if len(row).bit_count() != 1:
        raise ValueError("not the hashes of a perfect subtree")
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


class Tiles:
    """The tiles of a tree of one size and root, from a place that nobody trusts.

    1. The tiles that are not full make the root. 2. A full tile makes the hash that the tile above has of it. Nothing
    is given out that was not checked so.
    """

    def __init__(self, fetch: Fetch, *, size: int, root: bytes) -> None:
        """Check the edge (1).

        :param size: less than 2**63, as a checkpoint's is.
        :raises TileMalformed: a tile has another length. :raises TileWrong: they are another tree's.
        :raises ResourceMissing: one is not there.
        """
        self._fetch = fetch
        self.size = size
        self._known = {(tile.level, tile.index): self._read(tile) for tile in last_tiles(size)}
        self._full = lru_cache(maxsize=_KEPT)(self._checked)
        self.edge = self._edge(root)

    def hashes(self, level: int, index: int) -> tuple[bytes, ...]:
        """The hashes of one tile, checked.

        :raises TileMalformed, TileWrong, ResourceMissing: as above. :raises ValueError: the tree has no such tile.
        """
        if (level, index) in self._known:
            return self._known[level, index]
        return self._full(level, index)

    def read(self, level: int, index: int) -> bytes:
        """For proofs: see ``merkle.Reader``.

        :raises TileMalformed, TileWrong, ResourceMissing: as above. :raises ValueError: the tree has no such hash.
        """
        if (index + 1) << level > self.size or index < 0:
            raise ValueError("the tree has no such hash")
        tile_level, below = divmod(level, HEIGHT)
        tile, at = divmod(index << below, WIDTH)
        return subtree(self.hashes(tile_level, tile)[at : at + (1 << below)])

    def _checked(self, level: int, index: int) -> tuple[bytes, ...]:
        tile = tile_of(self.size, level, index)
        hashes = self._read(tile)
        parent, at = divmod(index, WIDTH)
        if subtree(hashes) != self.hashes(level + 1, parent)[at]:
            raise TileWrong(f"{tile.path} is not what the checkpoint says.")
        return hashes

    def _edge(self, root: bytes) -> Edge:
        # Of the edge nothing lies below a full tile: a perfect subtree of 256 leaves is one hash a level above.
        edge = edge_of(self.size, self.read)
        if edge.root() != root:
            raise TileWrong("The tiles do not make the root of the checkpoint.")
        return edge

    def _read(self, tile: Tile) -> tuple[bytes, ...]:
        data = self._fetch(tile.path)
        if len(data) != tile.width * HASH_BYTES:
            raise TileMalformed(f"{tile.path} has {len(data)} bytes.")
        return tuple(data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES))


def _index_path(index: int) -> str:
    elements = [f"{index % 1000:03d}"]
    while index := index // 1000:
        elements.append(f"x{index % 1000:03d}")
    return "/".join(reversed(elements))


def _partial(width: int) -> str:
    return "" if width == WIDTH else f".p/{width}"
