"""Checking a whole log, from a place that nobody trusts, with whom to believe as the only thing given.

What is read once need not be read again: an auditor remembers a checkpoint, the edge of its tree and how the grammar
stood, and the next time reads what was added, after the log has shown that it still begins with the same tree.
"""

from collections import deque
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
    LogRefused,
    ResourceMissing,
    TileMalformed,
    TileWrong,
)

CHECKPOINT: Final = "checkpoint"
"""Where the checkpoint lies below the log's prefix."""

_BATCH: Final = 32
"""Bundles that are hashed together: enough that handing them to somebody else is worth it."""

_AHEAD: Final = 8
"""Batches that may wait for their hashes, so that memory stays bounded."""

_PARTIAL: Final = ".p/"
_KEPT: Final = 64
"""Tiles that are fetched before the entries and needed again; there are never as many."""


class Served(NamedTuple):
    """What lies under a tile of level 0: its bytes, empty where they were checked already, and its entries."""

    hashes: bytes
    entries: list[bytes]


Each = Callable[[Callable[[Tile], Served], Iterable[Tile]], Iterator[Served]]
"""What a function gives for each tile, in their order, as ``map`` does it."""


class Piece(NamedTuple):
    """A tile of level 0 and the entries below it, as they were served.

    ``root``: what the tile above says of a full tile; None for one that is not full, which was checked already.
    """

    tile: Tile
    hashes: bytes
    entries: list[bytes]
    root: bytes | None


class Finding(NamedTuple):
    """What is wrong, in a form that can travel between processes."""

    refusal: type[LogRefused]
    detail: str


Share = Callable[[Sequence[Piece]], Callable[[], Finding | None]]
"""Has ``check_pieces`` done, by whomever and whenever; what it gives back waits for the finding."""


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


def check_pieces(pieces: Sequence[Piece]) -> Finding | None:
    """Hash entries and compare them with their tiles, and full tiles with what the tiles above say.

    It is a good part of the work of checking a log, needs nothing but its arguments, and may be done elsewhere.
    """
    for piece in pieces:
        try:
            _require_in_tree(piece)
        except LogRefused as refusal:
            return Finding(type(refusal), refusal.detail)
    return None


def check_here(pieces: Sequence[Piece]) -> Callable[[], Finding | None]:
    """The ``Share`` of somebody who is alone."""
    finding = check_pieces(pieces)
    return lambda: finding


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
    :param share: has entries hashed.
    :param seen: told of each entry, with what it is; nothing of it may be believed before ``run`` came to its end.
    :param advanced: told of entries that were looked at, by their number.
    """

    fetch: Fetch
    trust: Trust
    known: Known | None = None
    each: Each = map
    share: Share = check_here
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
        """Everything from ``known`` on (3 to 6).

        What is not in the tree is no entry, and so cannot break a rule of theirs: of all that is wrong with some pieces
        and those before, tiles and hashes are told first.
        """
        waiting: deque[Callable[[], Finding | None]] = deque()
        refusal: LogRefused | None = None
        finding: Finding | None = None
        try:
            for pieces in _batched(self._pieces(tiles, known.checkpoint.size // WIDTH)):
                waiting.append(self.share(pieces))
                for piece in pieces:
                    self._take(piece, known.grammar)
                if finding := _found(waiting, down_to=_AHEAD):
                    break
        except LogRefused as error:
            refusal = error
        if finding := finding or _found(waiting, down_to=0):
            raise finding.refusal(finding.detail) from None
        if refusal is not None:
            raise refusal

    def _pieces(self, tiles: Tiles, first: int) -> Iterator[Piece]:
        def wanted() -> Iterator[Tile]:
            # One at a time: a checkpoint can speak of more entries than there is memory.
            return (tile_of(tiles.size, 0, index) for index in range(first, -(-tiles.size // WIDTH)))

        for tile, served in zip(wanted(), self.each(self._served, wanted()), strict=True):
            if tile.width < WIDTH:
                yield Piece(tile, b"".join(tiles.hashes(0, tile.index)), served.entries, None)
            elif len(served.hashes) != WIDTH * HASH_BYTES:
                raise TileMalformed(f"{tile.path} has {len(served.hashes)} bytes.")
            else:
                root = tiles.hashes(1, tile.index // WIDTH)[tile.index % WIDTH]
                yield Piece(tile, served.hashes, served.entries, root)

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

    def _take(self, piece: Piece, grammar: Grammar) -> None:
        """Read the entries that were not read before (5 and 6)."""
        new = piece.entries[grammar.size - piece.tile.index * WIDTH :]
        take, seen = grammar.take, self.seen
        for data in new:
            try:
                entry = read_entry(data)
            except EntryMalformed as refusal:
                raise EntryMalformed(f"Entry {grammar.size}: {refusal.detail}") from None
            take(entry)
            if seen is not None:
                seen(entry)
        self.advanced(len(new))


def _batched(pieces: Iterator[Piece]) -> Iterator[list[Piece]]:
    batch: list[Piece] = []
    try:
        for piece in pieces:
            batch.append(piece)
            if len(batch) == _BATCH:
                yield batch
                batch = []
    except LogRefused:
        # What came before is looked at first: the first thing that is wrong is what is told.
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _found(waiting: deque[Callable[[], Finding | None]], *, down_to: int) -> Finding | None:
    """What comes of the earliest batches, until so many are left or something is wrong."""
    while len(waiting) > down_to:
        if finding := waiting.popleft()():
            return finding
    return None


def _require_in_tree(piece: Piece) -> None:
    hashes = [leaf_hash(entry) for entry in piece.entries]
    matches = b"".join(hashes) == piece.hashes
    served = hashes if matches else _split(piece.hashes)
    if piece.root is not None and subtree(served) != piece.root:
        raise TileWrong(f"{piece.tile.path} is not what the checkpoint says.")
    if not matches:
        at = next(at for at, (ours, theirs) in enumerate(zip(hashes, served, strict=True)) if ours != theirs)
        index = piece.tile.index * WIDTH + at
        raise EntryWrong(f"Entry {index} in {piece.tile.entries_path} is not the one in the tree.")


def _split(hashes: bytes) -> list[bytes]:
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
