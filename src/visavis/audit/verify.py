"""Checking a whole log, from a place that nobody trusts, with whom to believe as the only thing given.

What is read once need not be read again: an auditor remembers a checkpoint, the edge of its tree and how the grammar
stood, and the next time reads what was added, after the log has shown that it still begins with the same tree.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from visavis.audit.checkpoint import Checkpoint, Signed, Trust, require_checkpoint
from visavis.audit.grammar import Grammar
from visavis.audit.leaf import Entry, read_entry
from visavis.audit.merkle import EMPTY_ROOT, HASH_BYTES, Edge, edge_of, leaf_hash
from visavis.audit.tiles import WIDTH, Fetch, Tile, Tiles, subtree, tile_of, unbundle
from visavis.model.audit import (
    CheckpointStale,
    EntryMalformed,
    EntryWrong,
    LogForked,
    ResourceMissing,
    TileMalformed,
    TileWrong,
)

CHECKPOINT: Final = "checkpoint"
"""Where the checkpoint lies below the log's prefix."""

_PARTIAL: Final = ".p/"
_KEPT: Final = 64
"""Tiles that are fetched before the entries and needed again; there are never as many."""


class Served(NamedTuple):
    """What lies under a tile of level 0: its bytes, empty where they were checked already, and its entries."""

    hashes: bytes
    entries: list[bytes]


Each = Callable[[Callable[[Tile], Served], Iterable[Tile]], Iterator[Served]]
"""What a function gives for each tile, in their order, as ``map`` does it."""


@dataclass(slots=True)
class Known:
    """What an auditor remembers of a log that checked out: its checkpoint, its edge, and how the grammar stood."""

    checkpoint: Checkpoint
    edge: Edge
    grammar: Grammar


def nothing_known(origin: str) -> Known:
    """What is known of a log before the first look."""
    return Known(Checkpoint(origin, 0, EMPTY_ROOT), Edge(), Grammar())


def whole_if_gone(fetch: Fetch) -> Fetch:
    """The same place; of a tile or bundle that is not full and is gone, the beginning of the full one is taken.

    A log may drop such a one as soon as there is a full one (C2SP tlog-tiles, Partial Tiles).
    """

    def fetch_either(path: str) -> bytes:
        try:
            return fetch(path)
        except ResourceMissing as missing:
            full, separator, width = path.partition(_PARTIAL)
            if not separator:
                raise
            try:
                data = fetch(full)
            except ResourceMissing:
                raise missing from None
            return _beginning(full, data, int(width))

    return fetch_either


def read_head(fetch: Fetch, *, trust: Trust) -> Signed:
    """The log's checkpoint as it is now, if it may be believed.

    :raises LogRefused: as ``require_checkpoint``; or it cannot be read.
    """
    return require_checkpoint(fetch(CHECKPOINT), trust=trust)


def open_tiles(checkpoint: Checkpoint, fetch: Fetch) -> Tiles:
    """The tiles of a checkpoint's tree.

    :raises TileMalformed, TileWrong, ResourceMissing: its edge does not check out.
    """
    return Tiles(whole_if_gone(fetch), size=checkpoint.size, root=checkpoint.root)


def require_begins_with(older: Checkpoint, newer: Checkpoint, fetch: Fetch) -> Tiles:
    """That a tree is the beginning of a newer one, by the newer one's tiles, which are given back.

    1. The newer one is not smaller. 2. If they have one size, they are one tree. 3. The tiles are the newer tree's.
    4. Its first entries make the older root.

    :raises CheckpointStale: 1. :raises LogForked: 2 or 4. :raises TileMalformed, TileWrong, ResourceMissing: 3.
    """
    if newer.size < older.size:
        raise CheckpointStale(f"It has {newer.size} entries and has had {older.size} before.")
    if newer.size == older.size and newer.root != older.root:
        raise LogForked(f"There are two trees of {older.size} entries.")
    tiles = open_tiles(newer, fetch)
    if edge_of(older.size, tiles.read).root() != older.root:
        raise LogForked(f"The tree of {newer.size} entries does not begin with the one of {older.size}.")
    return tiles


@dataclass(slots=True)
class Audit:
    """One look at a log, from what was known of it to what it shows now.

    1. Its checkpoint may be believed.
    2. Its tree is what was known, or begins with it.
    3. The tiles that are not full make the tree's root, and each full tile what the tile above says of it.
    4. Each bundle has the entries whose hashes are in the tile, and no others.
    5. Each entry is of a form that there is.
    6. It may stand where it stands.

    Of a log that grew, 3 to 6 are done for what was added; 2 is what makes the rest the same as before.

    :param fetch: the log's resources.
    :param trust: whom to believe.
    :param known: what was remembered; without it everything is read.
    :param each: has tiles and entries fetched, in order; ``map`` fetches one after the other.
    :param seen: told of each entry, with what it is; nothing of it may be believed before ``run`` came to its end.
    :param advanced: told of entries that were looked at, by their number.
    """

    fetch: Fetch
    trust: Trust
    known: Known | None = None
    each: Each = map
    seen: Callable[[Entry], None] | None = None
    advanced: Callable[[int], None] = lambda _: None
    _kept: dict[str, bytes] = field(default_factory=dict)
    _signed: Signed | None = None

    def head(self) -> Signed:
        """The checkpoint that this look is about (1). It is fetched once.

        :raises LogRefused: see ``read_head``.
        """
        if self._signed is None:
            self._signed = read_head(self.fetch, trust=self.trust)
        return self._signed

    def run(self) -> Known:
        """Check everything. What was known is used up: go on with what is given back.

        :returns: what to remember.
        :raises LogRefused: the leaf says what is wrong, its detail with which resource or entry.
        """
        checkpoint, known = self.head().checkpoint, self.known
        if known is None:
            known = nothing_known(checkpoint.origin)
            tiles = open_tiles(checkpoint, self._tile)
        elif known.checkpoint == checkpoint:
            return known
        else:
            tiles = require_begins_with(known.checkpoint, checkpoint, self._tile)  # 2
        self._read(tiles, known)
        return Known(checkpoint, tiles.edge, known.grammar)

    def _read(self, tiles: Tiles, known: Known) -> None:
        """Everything from ``known`` on (3 to 6), in order: of all that is wrong the first is told."""
        first = known.checkpoint.size // WIDTH

        def wanted() -> Iterator[Tile]:
            # One at a time: a checkpoint can speak of more entries than there is memory.
            return (tile_of(tiles.size, 0, index) for index in range(first, -(-tiles.size // WIDTH)))

        for tile, served in zip(wanted(), self.each(self._served, wanted()), strict=True):
            _require_in_tree(tile, served, tiles)
            self._take(served.entries[known.grammar.size - tile.index * WIDTH :], known.grammar)

    def _served(self, tile: Tile) -> Served:
        try:
            entries = unbundle(whole_if_gone(self.fetch)(tile.entries_path), width=tile.width)
        except EntryMalformed:
            raise EntryMalformed(f"{tile.entries_path} does not hold exactly {tile.width} entries.") from None
        if tile.width < WIDTH:
            return Served(b"", entries)
        # The tile where the known tree ended was fetched to see whether this one begins with it.
        kept = self._kept.pop(tile.path, None)
        return Served(self.fetch(tile.path) if kept is None else kept, entries)

    def _tile(self, path: str) -> bytes:
        data = self.fetch(path)
        if len(self._kept) < _KEPT:
            self._kept[path] = data
        return data

    def _take(self, entries: Sequence[bytes], grammar: Grammar) -> None:
        """Read entries that were not read before (5 and 6)."""
        take, seen = grammar.take, self.seen
        for data in entries:
            try:
                entry = read_entry(data)
            except EntryMalformed as refusal:
                raise EntryMalformed(f"Entry {grammar.size}: {refusal.detail}") from None
            take(entry)
            if seen is not None:
                seen(entry)
        self.advanced(len(entries))


def _require_in_tree(tile: Tile, served: Served, tiles: Tiles) -> None:
    """Check a tile of level 0 against the one above, and entries against the tile (3 and 4)."""
    hashes = [leaf_hash(entry) for entry in served.entries]
    if tile.width < WIDTH:
        promised = list(tiles.hashes(0, tile.index))
    else:
        promised = hashes if b"".join(hashes) == served.hashes else _split(tile, served.hashes)
        if subtree(promised) != tiles.hashes(1, tile.index // WIDTH)[tile.index % WIDTH]:
            raise TileWrong(f"{tile.path} is not what the checkpoint says.")
    if hashes != promised:
        at = next(at for at, (ours, theirs) in enumerate(zip(hashes, promised, strict=True)) if ours != theirs)
        index = tile.index * WIDTH + at
        raise EntryWrong(f"Entry {index} in {tile.entries_path} is not the one in the tree.")


def _split(tile: Tile, hashes: bytes) -> list[bytes]:
    if len(hashes) != WIDTH * HASH_BYTES:
        raise TileMalformed(f"{tile.path} has {len(hashes)} bytes.")
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]


def _beginning(full: str, data: bytes, width: int) -> bytes:
    """The first ``width`` hashes of a full tile, or entries of a full bundle."""
    if full.startswith("tile/entries/"):
        end = 0
        for _ in range(width):
            end += 2 + int.from_bytes(data[end : end + 2])
        return data[:end]
    if len(data) != WIDTH * HASH_BYTES:
        raise TileMalformed(f"{full} has {len(data)} bytes.")
    return data[: width * HASH_BYTES]
