"""Tiles and bundles: where they lie, and that nothing is given out of a false one."""

from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.plain_tree import PlainTree

from visavis.audit.merkle import EMPTY_ROOT, HASH_BYTES, prove_consistency, prove_inclusion
from visavis.audit.tiles import (
    HEIGHT,
    MAX_ENTRY,
    WIDTH,
    Tile,
    Tiles,
    bundle,
    last_tiles,
    subtree,
    tile_of,
    tiles_between,
    unbundle,
)
from visavis.model.audit import EntryMalformed, ResourceMissing, TileMalformed, TileWrong

MOST: Final = WIDTH * WIDTH + 3 * WIDTH + 5
PLAIN: Final = PlainTree([b"entry %d" % index for index in range(MOST)])
SIZES: Final = (1, 2, 255, 256, 257, 511, 700, 65535, 65536, 65537, MOST)


def data_of(tile: Tile) -> bytes:
    step = WIDTH**tile.level
    begin = tile.index * WIDTH
    return b"".join(PLAIN.hash(at * step, (at + 1) * step) for at in range(begin, begin + tile.width))


def served(size: int) -> dict[str, bytes]:
    return {tile.path: data_of(tile) for tile in tiles_between(0, size)}


def fetch_from(files: dict[str, bytes], asked: list[str] | None = None) -> Callable[[str], bytes]:
    def fetch(path: str) -> bytes:
        if asked is not None:
            asked.append(path)
        if path not in files:
            raise ResourceMissing(path)
        return files[path]

    return fetch


def opened(files: dict[str, bytes], size: int) -> Tiles:
    return Tiles(fetch_from(files), size=size, root=PLAIN.root(size))


@pytest.mark.parametrize(
    ("index", "path"),
    [
        (0, "000"),
        (7, "007"),
        (999, "999"),
        (1000, "x001/000"),
        (1234067, "x001/x234/067"),
        (123456078, "x123/x456/078"),
    ],
)
def test_a_tile_lies_where_the_specification_says(index: int, path: str) -> None:
    assert Tile(5, index).path == f"tile/5/{path}"
    assert Tile(0, index, 2).path == f"tile/0/{path}.p/2"
    assert Tile(0, index).entries_path == f"tile/entries/{path}"
    assert Tile(0, index, 255).entries_path == f"tile/entries/{path}.p/255"


def test_a_tree_of_70000_entries_has_the_tiles_of_the_specification() -> None:
    tiles = list(tiles_between(0, 70_000))
    assert sum(tile.level == 0 and tile.width == WIDTH for tile in tiles) == 273
    assert [tile for tile in tiles if tile.level == 0][-1] == Tile(0, 273, 112)
    assert [tile for tile in tiles if tile.level] == [Tile(1, 0), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert list(last_tiles(70_000)) == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]


def test_a_tree_of_256_entries_has_the_tiles_of_the_specification() -> None:
    assert list(tiles_between(0, 256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(last_tiles(256)) == [Tile(1, 0, 1)]


@given(st.integers(0, 1 << 18), st.integers(0, 1 << 18))
def test_a_tree_that_grows_gets_every_tile_that_it_had_not(one: int, other: int) -> None:
    old_size, size = sorted((one, other))
    old, new = set(tiles_between(0, old_size)), set(tiles_between(0, size))
    grown = list(tiles_between(old_size, size))
    assert set(grown) == new - old
    assert len(grown) == len(set(grown))


@given(st.integers(0, (1 << 63) - 1))
def test_the_tiles_at_the_end_hold_the_edge(size: int) -> None:
    tiles = list(last_tiles(size))
    assert sum(tile.width * WIDTH**tile.level for tile in tiles) == size
    assert all(tile.width < WIDTH and tile.level <= 63 // HEIGHT for tile in tiles)
    assert all(tile_of(size, tile.level, tile.index) == tile for tile in tiles)


@pytest.mark.parametrize(("level", "index"), [(0, 3), (1, 1), (2, 0), (0, -1), (7, 0), (-1, 0)])
def test_a_tile_that_the_tree_has_not_is_not_made(level: int, index: int) -> None:
    with pytest.raises(ValueError, match=r"no such tile|negative shift"):
        tile_of(3 * WIDTH, level, index)


@pytest.mark.parametrize(("old_size", "size"), [(2, 1), (-1, 1), (0, -1), (-2, -1)])
def test_a_tree_does_not_shrink(old_size: int, size: int) -> None:
    with pytest.raises(ValueError, match="larger"):
        list(tiles_between(old_size, size))


def test_there_are_no_tiles_of_less_than_nothing() -> None:
    with pytest.raises(ValueError, match="no such tile"):
        list(last_tiles(-1))


@given(st.lists(st.binary(max_size=300), max_size=WIDTH))
def test_a_bundle_reads_as_it_was_written(entries: list[bytes]) -> None:
    assert unbundle(bundle(entries), width=len(entries)) == entries


def test_the_longest_entry_fits_and_no_longer_one() -> None:
    longest = b"x" * MAX_ENTRY
    assert bundle([longest])[:2] == b"\xff\xff"
    assert unbundle(bundle([longest]), width=1) == [longest]
    with pytest.raises(ValueError, match="do not fit"):
        bundle([longest + b"x"])
    with pytest.raises(ValueError, match="do not fit"):
        bundle([b""] * (WIDTH + 1))


@given(st.binary(max_size=600), st.integers(1, WIDTH))
def test_any_bytes_are_a_bundle_or_refused(data: bytes, width: int) -> None:
    try:
        entries = unbundle(data, width=width)
    except EntryMalformed:
        return
    assert len(entries) == width
    assert bundle(entries) == data


@pytest.mark.parametrize(
    ("data", "width"),
    [(b"", 1), (b"\x00", 1), (b"\x00\x01", 1), (b"\x00\x01a\x00", 1), (b"\x00\x01a", 2), (b"\x00\x01a\x00\x01b", 1)],
)
def test_a_bundle_of_other_length_is_refused(data: bytes, width: int) -> None:
    with pytest.raises(EntryMalformed):
        unbundle(data, width=width)


def test_a_subtree_is_hashed_as_the_tree_is() -> None:
    for height in range(9):
        width = 1 << height
        assert subtree([PLAIN.hash(at, at + 1) for at in range(width)]) == PLAIN.root(width)
    for width in (0, 3, 255):
        with pytest.raises(ValueError, match="perfect subtree"):
            subtree([EMPTY_ROOT] * width)


@pytest.mark.parametrize("size", SIZES)
def test_every_hash_of_a_tree_is_read_from_its_tiles(size: int) -> None:
    tiles = opened(served(size), size)
    assert tiles.edge.root() == PLAIN.root(size)
    for level in range(size.bit_length()):
        last = (size >> level) - 1
        for index in {0, last // 2, last}:
            assert tiles.read(level, index) == PLAIN.hash(index << level, (index + 1) << level)


@given(st.integers(1, MOST), st.data())
def test_proofs_are_made_from_tiles(size: int, data: st.DataObject) -> None:
    tiles = Tiles(lambda path: data_of(tile_at(path)), size=size, root=PLAIN.root(size))
    index, old_size = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    assert prove_inclusion(index, size, tiles.read) == PLAIN.path(index, size)
    assert prove_consistency(old_size, size, tiles.read) == PLAIN.proof(old_size, size)


def tile_at(path: str) -> Tile:
    name, _, width = path.partition(".p/")
    _, level, *index = name.split("/")
    return Tile(int(level), int("".join(part.strip("x") for part in index)), int(width or WIDTH))


def test_only_tiles_that_the_checkpoint_promises_are_asked_for() -> None:
    asked: list[str] = []
    tiles = Tiles(fetch_from(served(700), asked), size=700, root=PLAIN.root(700))
    assert asked == ["tile/0/002.p/188", "tile/1/000.p/2"]
    prove_inclusion(5, 700, tiles.read)
    prove_inclusion(6, 700, tiles.read)
    assert asked[2:] == ["tile/0/000"]


def test_an_empty_tree_needs_no_tiles() -> None:
    tiles = Tiles(fetch_from({}), size=0, root=EMPTY_ROOT)
    assert (tiles.edge.size, tiles.edge.hashes) == (0, ())
    with pytest.raises(TileWrong):
        Tiles(fetch_from({}), size=0, root=PLAIN.root(1))
    with pytest.raises(ValueError, match="no such"):
        tiles.read(0, 0)


@pytest.mark.parametrize(("level", "index"), [(0, 700), (1, 350), (2, 175), (8, 2), (9, 1), (10, 0), (0, -1), (60, 0)])
def test_a_hash_that_the_tree_has_not_is_not_made_up(level: int, index: int) -> None:
    with pytest.raises(ValueError, match="no such"):
        opened(served(700), 700).read(level, index)


@given(st.integers(0, 7), st.data())
def test_every_changed_bit_of_a_tile_is_refused(bit: int, data: st.DataObject) -> None:
    files = served(700)
    tile = data.draw(st.sampled_from(list(tiles_between(0, 700))))
    at = data.draw(st.integers(0, len(files[tile.path]) - 1))
    changed = bytearray(files[tile.path])
    changed[at] ^= 1 << bit
    with pytest.raises(TileWrong):
        opened({**files, tile.path: bytes(changed)}, 700).hashes(tile.level, tile.index)


@pytest.mark.parametrize("path", sorted(served(700)))
@pytest.mark.parametrize("change", [-HASH_BYTES, -1, 1, HASH_BYTES])
def test_a_tile_of_another_length_is_refused(path: str, change: int) -> None:
    files = served(700)
    tile = tile_at(path)
    with pytest.raises(TileMalformed):
        opened({**files, path: (files[path] + bytes(HASH_BYTES))[: len(files[path]) + change]}, 700).hashes(
            tile.level, tile.index
        )


@pytest.mark.parametrize("path", sorted(served(700)))
def test_a_tile_that_is_missing_is_named(path: str) -> None:
    files = served(700)
    tile = tile_at(path)
    del files[path]
    with pytest.raises(ResourceMissing, match=path):
        opened(files, 700).hashes(tile.level, tile.index)


def test_tiles_that_changed_places_are_refused() -> None:
    files = served(700)
    files["tile/0/000"], files["tile/0/001"] = files["tile/0/001"], files["tile/0/000"]
    tiles = opened(files, 700)
    for index in (0, 1):
        with pytest.raises(TileWrong):
            tiles.hashes(0, index)


def test_a_refused_tile_is_not_remembered_as_believed() -> None:
    files = served(700)
    good = files["tile/0/000"]
    files["tile/0/000"] = bytes(len(good))
    tiles = opened(files, 700)
    for _ in range(2):
        with pytest.raises(TileWrong):
            tiles.hashes(0, 0)
    files["tile/0/000"] = good
    assert b"".join(tiles.hashes(0, 0)) == good


@given(st.integers(0, (1 << 63) - 1), st.binary(max_size=100))
def test_any_bytes_for_tiles_end_in_a_named_error(size: int, junk: bytes) -> None:
    def fetch(path: str) -> bytes:
        width = tile_at(path).width
        return (junk * (width * HASH_BYTES))[: width * HASH_BYTES] if len(junk) % 2 else junk

    with pytest.raises((TileMalformed, TileWrong)):
        Tiles(fetch, size=size, root=b"\x01" * HASH_BYTES)
