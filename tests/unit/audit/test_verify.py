"""Honest logs of every awkward size, read at once and bit by bit; lies are in tests/abuse."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.log_builder import LogBuilder, Story, built, signer_of, witness_of

from visavis.audit.checkpoint import Trust, read_checkpoint, require_checkpoint
from visavis.audit.grammar import Grammar
from visavis.audit.leaf import Entry, read_entry
from visavis.audit.note import read_note
from visavis.audit.remember import Memory, read_memory, write_memory
from visavis.audit.verify import Audit, Known, require_begins_with
from visavis.model.audit import (
    AuditMemoryUnusable,
    EntryWrong,
    LogRefused,
    LogUnreachable,
    ResourceMissing,
    TileMalformed,
)

SIZES = [0, 1, 2, 255, 256, 257, 511, 512, 513]
LARGE = [65535, 65536, 65537]
LOG = signer_of()
TRUST = Trust(LOG.key)


class Counting:
    """A place that remembers what it was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[str] = []

    def __call__(self, path: str) -> bytes:
        self.asked.append(path)
        place = self.folder / path
        if not place.is_file():
            raise ResourceMissing(path)
        return place.read_bytes()


def grammar_of(entries: list[bytes]) -> dict[str, Any]:
    grammar = Grammar()
    for entry in entries:
        grammar.take(read_entry(entry))
    return grammar.state()


def assert_known(known: Known, log: LogBuilder, size: int) -> None:
    """What came of it is what another implementation has."""
    assert known.edge == log.tree.edge(size)
    assert known.checkpoint == read_checkpoint(read_note(log.note(size)).text)
    assert known.grammar.state() == grammar_of(log.entries[:size])


@pytest.mark.parametrize("size", SIZES)
def test_an_honest_log_of_any_size_is_believed(tmp_path: Path, size: int) -> None:
    log = built(tmp_path, size)
    seen: list[Entry] = []
    known = Audit(Counting(tmp_path), TRUST, seen=seen.append).run()
    assert_known(known, log, size)
    assert seen == [read_entry(entry) for entry in log.entries]


@pytest.mark.slow
def test_a_log_with_three_levels_of_tiles_is_believed(tmp_path: Path) -> None:
    log, entries, before = LogBuilder(tmp_path), Story().entries(), None
    for size in LARGE:
        log.add(itertools.islice(entries, size - log.tree.size)).publish()
        assert_known(Audit(Counting(tmp_path), TRUST).run(), log, size)
        before = Audit(Counting(tmp_path), TRUST, before).run()
        assert_known(before, log, size)


def test_a_log_is_read_bit_by_bit(tmp_path: Path) -> None:
    log, entries, known = LogBuilder(tmp_path), Story().entries(), None
    for size in [*SIZES, 514, 800, 1024, 1500]:
        log.add(itertools.islice(entries, size - log.tree.size)).publish()
        known = Audit(Counting(tmp_path), TRUST, known).run()
        assert_known(known, log, size)


@given(st.lists(st.integers(0, 400), min_size=1, max_size=4))
@settings(max_examples=15, deadline=None)
def test_however_it_grew(tmp_path_factory: pytest.TempPathFactory, steps: list[int]) -> None:
    folder = tmp_path_factory.mktemp("log")
    log, entries, known = LogBuilder(folder), Story(1).entries(), None
    for step in steps:
        log.add(itertools.islice(entries, step)).publish()
        known = Audit(Counting(folder), TRUST, known).run()
    assert known is not None
    assert_known(known, log, sum(steps))


@pytest.mark.parametrize(
    ("before", "size", "wanted"),
    [
        # The last tile of each level, and what was added; never a bundle that was read in full before.
        (2600, 2600, set()),
        (2600, 2601, {"tile/0/010.p/41", "tile/1/000.p/10", "tile/entries/010.p/41"}),
        (2560, 2561, {"tile/0/010.p/1", "tile/1/000.p/10", "tile/entries/010.p/1"}),
        (
            2600,
            3000,
            {"tile/0/011.p/184", "tile/0/010", "tile/1/000.p/11", "tile/entries/010", "tile/entries/011.p/184"},
        ),
        (2600, 2816, {"tile/0/010", "tile/1/000.p/11", "tile/entries/010"}),
    ],
)
def test_only_what_is_new_is_read(tmp_path: Path, before: int, size: int, wanted: set[str]) -> None:
    log = built(tmp_path, before)
    known = Audit(Counting(tmp_path), TRUST).run()
    log.add(itertools.islice(Story(0).entries(), before, size)).publish()
    fetch = Counting(tmp_path)
    told: list[int] = []
    Audit(fetch, TRUST, known, advanced=told.append).run()
    assert set(fetch.asked) == {"checkpoint", *wanted}
    assert len(fetch.asked) == len(set(fetch.asked)), "nothing is fetched twice"
    assert sum(told) == size - before


def test_a_whole_log_is_fetched_once(tmp_path: Path) -> None:
    built(tmp_path, 1000)
    fetch = Counting(tmp_path)
    Audit(fetch, TRUST).run()
    lying = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert sorted(fetch.asked) == sorted(lying)


def test_a_refusal_while_reading_is_told_after_what_came_before(tmp_path: Path) -> None:
    """A bundle that cannot be had does not hide that an earlier one is false."""
    log = built(tmp_path, 20 * 256)
    log.write("tile/entries/003", log.fetch("tile/entries/004"))
    (tmp_path / "tile" / "entries" / "019").unlink()
    with pytest.raises(EntryWrong, match="Entry 768 "):
        Audit(Counting(tmp_path), TRUST).run()
    log.write("tile/entries/003", b"")
    with pytest.raises(LogRefused, match="tile/entries/003 "):
        Audit(Counting(tmp_path), TRUST).run()


def test_a_place_that_cannot_be_reached_is_not_a_false_log(tmp_path: Path) -> None:
    built(tmp_path, 300)

    def fetch(path: str) -> bytes:
        if path.startswith("tile/entries"):
            raise LogUnreachable(path)
        return (tmp_path / path).read_bytes()

    with pytest.raises(LogUnreachable):
        Audit(fetch, TRUST).run()


def test_partial_tiles_that_are_gone_are_taken_from_full_ones(tmp_path: Path) -> None:
    log = built(tmp_path, 300, 600)
    older, newer = (read_checkpoint(read_note(log.note(size)).text) for size in (300, 600))
    for path in ("tile/0/001.p/44", "tile/entries/001.p/44"):
        (tmp_path / path).unlink()
    log.write("checkpoint", log.note(300))
    assert_known(Audit(Counting(tmp_path), TRUST).run(), log, 300)
    require_begins_with(older, newer, Counting(tmp_path))
    log.write("tile/0/001", log.fetch("tile/0/001")[:-1])
    with pytest.raises(TileMalformed, match=r"tile/0/001 has 8191 bytes"):
        Audit(Counting(tmp_path), TRUST).run()


def test_a_full_bundle_that_ends_early_is_malformed_too(tmp_path: Path) -> None:
    log = built(tmp_path, 300, 600)
    (tmp_path / "tile/entries/001.p/44").unlink()
    log.write("checkpoint", log.note(300))
    log.write("tile/entries/001", log.fetch("tile/entries/001")[:50])
    with pytest.raises(LogRefused, match="exactly 44 entries"):
        Audit(Counting(tmp_path), TRUST).run()


# What is remembered.


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    log = built(tmp_path, 300, cosigners=[witness_of(1)])
    known = Audit(Counting(tmp_path), TRUST).run()
    return Memory(require_checkpoint(log.fetch("checkpoint"), trust=TRUST), known)


def test_what_is_remembered_comes_back(memory: Memory) -> None:
    data = write_memory(memory, log=LOG.key)
    again = read_memory(data, log=LOG.key)
    assert str(again.signed.note) == str(memory.signed.note)
    assert (again.known.checkpoint, again.known.edge) == (memory.known.checkpoint, memory.known.edge)
    assert again.known.grammar.state() == memory.known.grammar.state()
    assert write_memory(again, log=LOG.key) == data


def damages(good: dict[str, Any]) -> Iterator[dict[str, Any] | list[Any] | None]:
    yield from ([], None, {})
    yield from ({name: value for name, value in good.items() if name != left_out} for left_out in good)
    wrongs: list[Any] = [None, 7, "x", [], {}, [["x"]]]
    yield from ({**good, name: wrong} for name in good for wrong in wrongs)
    yield {**good, "version": 2}
    yield {**good, "more": 1}
    yield {**good, "edge": good["edge"][:-1]}
    yield {**good, "edge": [*good["edge"][:-1], good["edge"][0]]}
    yield {**good, "grammar": {**good["grammar"], "size": 299}}
    yield {**good, "note": good["note"].replace("300", "299")}


def test_a_damaged_memory_is_refused_and_nothing_else_happens(memory: Memory) -> None:
    good = json.loads(write_memory(memory, log=LOG.key))
    for damaged in damages(good):
        with pytest.raises(AuditMemoryUnusable):
            read_memory(json.dumps(damaged).encode(), log=LOG.key)
    for data in (b"", b"\xff", b"[" * 100_000, write_memory(memory, log=LOG.key)[:-9]):
        with pytest.raises(AuditMemoryUnusable):
            read_memory(data, log=LOG.key)


def test_a_memory_is_of_one_log(memory: Memory) -> None:
    for other in (signer_of(2), signer_of(1, origin="other.example")):
        with pytest.raises(AuditMemoryUnusable, match="another log"):
            read_memory(write_memory(memory, log=LOG.key), log=other.key)
        with pytest.raises(AuditMemoryUnusable):
            read_memory(write_memory(memory, log=other.key), log=other.key)
