"""Tiles that grow: what is not full is remembered, what is full is written and forgotten (C2SP tlog-tiles)."""

from visavis.audit.merkle import Edge, edge_of, leaf_hash
from visavis.audit.tiles import HEIGHT, WIDTH, Tile, Tiles, bundle, last_tiles, subtree, tile_of, unbundle
from visavis.flows.ports import Resources
from visavis.model.audit import EntryWrong


class Tiling:
    """The right edge of a published tree, by levels of tiles."""

    def __init__(self, folder: Resources) -> None:
        self._folder = folder
        self._rows: list[list[bytes]] = []
        self.size = 0
        self.entries: list[bytes] = []
        """Those of the last bundle, while it is not full."""

    @classmethod
    def of(cls, tiles: Tiles, folder: Resources) -> "Tiling":
        """The edge of a tree whose tiles were checked.

        :raises EntryMalformed, EntryWrong, ResourceMissing: its last bundle is not the one of the tree.
        """
        tiling = cls(folder)
        tiling.size = tiles.size
        level = 0
        while count := tiles.size >> HEIGHT * level:
            tiling._rows.append(list(tiles.hashes(level, count // WIDTH)) if count % WIDTH else [])
            level += 1
        if tiles.size % WIDTH:
            tile = tile_of(tiles.size, 0, tiles.size // WIDTH)
            tiling.entries = unbundle(folder.read(tile.entries_path), width=tile.width)
            if [leaf_hash(entry) for entry in tiling.entries] != tiling._rows[0]:
                raise EntryWrong(f"{tile.entries_path} does not hold the entries of its tile.")
        return tiling

    def add(self, entry: bytes) -> None:
        """One more entry. What becomes full is written at once."""
        self.entries.append(entry)
        self.size += 1
        if len(self.entries) == WIDTH:
            self._folder.write(Tile(0, self.size // WIDTH - 1).entries_path, bundle(self.entries))
            self.entries = []
        self._push(0, leaf_hash(entry))

    def flush(self, before: int) -> None:
        """Write what is not full, as far as it grew since the size ``before``."""
        for tile in last_tiles(self.size):
            if before >> HEIGHT * tile.level == self.size >> HEIGHT * tile.level:
                continue
            self._folder.write(tile.path, b"".join(self._rows[tile.level]))
            if tile.level == 0:
                self._folder.write(tile.entries_path, bundle(self.entries))

    def clean(self, before: int) -> None:
        """Remove what was not full at the size ``before`` and is now."""
        for tile in last_tiles(before):
            if self.size >> HEIGHT * (tile.level + 1) > tile.index:
                self._folder.remove(tile.path.rpartition("/")[0])
                if tile.level == 0:
                    self._folder.remove(tile.entries_path.rpartition("/")[0])

    def edge(self) -> Edge:
        """The edge of the tree of all that was added."""
        return edge_of(self.size, self._read)

    def _read(self, level: int, index: int) -> bytes:
        tile_level, below = divmod(level, HEIGHT)
        begin = (index << below) % WIDTH
        return subtree(self._rows[tile_level][begin : begin + (1 << below)])

    def _push(self, level: int, found: bytes) -> None:
        if level == len(self._rows):
            self._rows.append([])
        row = self._rows[level]
        row.append(found)
        if len(row) == WIDTH:
            self._folder.write(Tile(level, (self.size >> HEIGHT * (level + 1)) - 1).path, b"".join(row))
            self._rows[level] = []
            self._push(level + 1, subtree(row))
