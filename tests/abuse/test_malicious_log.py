"""A log that lies.

Who: whoever runs the server, or sits between it and an auditor. What they have: the log's key, every resource, and any
answer HTTP allows. What they must not get: an auditor who believes something false. Each lie is refused with the one
error that names it.
"""

import itertools
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from sim.evil_log import Answer, EvilLog, endless, evil_log, packed, redirect, slow
from support.auditor import (
    BEFORE,
    HURRIED,
    LOG,
    PATIENT,
    SIZE,
    audit,
    edited,
    forged,
    head,
    seen_before,
    signed,
    signed_text,
    with_edited,
)
from support.log_builder import LogBuilder, Story, built, signer_of

from visavis import bootstrap_audit
from visavis.audit.checkpoint import Checkpoint, read_checkpoint
from visavis.audit.leaf import read_entry
from visavis.audit.merkle import EMPTY_ROOT, Edge, leaf_hash
from visavis.audit.note import NoteSigner, read_note
from visavis.audit.tiles import MAX_BUNDLE, WIDTH, Tile, bundle
from visavis.audit.verify import require_begins_with
from visavis.model.audit import (
    CheckpointForeign,
    CheckpointMalformed,
    CheckpointStale,
    EntryMalformed,
    EntryWrong,
    Event,
    GrammarBroken,
    LogForked,
    LogRefused,
    LogUnreachable,
    NoteMalformed,
    NoteUnsigned,
    ResourceMissing,
    TileMalformed,
    TileWrong,
)


def test_the_honest_log_is_believed(log: EvilLog, honest: LogBuilder, tmp_path: Path) -> None:
    assert audit(log).checkpoint == head(honest)
    assert audit(log, known=seen_before(log, tmp_path)).checkpoint == head(honest)
    for path in ("checkpoint", "tile/0/000", "tile/entries/000", "tile/entries/002.p/88"):
        log.lies[path] = packed(log.truth(path))
    assert audit(log).edge == honest.tree.edge()


class Case(NamedTuple):
    """A lie by itself: what is served instead of what, and what has to come of it, with whatever it has to name."""

    name: str
    lies: Callable[[LogBuilder], dict[str, Answer | bytes]]
    error: type[LogRefused]
    names: str = ""


def bundle_of(entries: list[bytes], index: int = 0) -> bytes:
    return bundle(entries[index * WIDTH : (index + 1) * WIDTH])


def swapped(honest: LogBuilder) -> list[bytes]:
    entries = list(honest.entries)
    entries[10], entries[11] = entries[11], entries[10]
    return entries


def raw_bundle(*entries: bytes) -> bytes:
    return b"".join(len(entry).to_bytes(2) + entry for entry in entries)


def hidden_tiles(honest: LogBuilder) -> dict[str, Answer | bytes]:
    """An edited entry, with the tile that it would have; only what lies above is honest."""
    entries = with_edited(honest)
    return {
        "tile/entries/000": bundle_of(entries),
        "tile/0/000": b"".join(map(leaf_hash, entries[:WIDTH])),
    }


def other_edge(honest: LogBuilder) -> dict[str, Answer | bytes]:
    other = LogBuilder(honest.folder / "elsewhere").add(with_edited(honest)).tree
    return {path.path: other.tile(path) for path in (Tile(1, 0, 2), Tile(0, 2, 88))}


def of_size(size: int, root: bytes = b"\x11" * 32) -> Callable[[LogBuilder], dict[str, Answer | bytes]]:
    return lambda _: {"checkpoint": signed(Checkpoint(LOG.name, size, root))}


def huge_with_an_edge(_: LogBuilder) -> dict[str, Answer | bytes]:
    """More entries than there can be, of which only the topmost tile has to be made up."""
    top = Tile(7, 0, 64)
    hashes = [bytes([number]) * 32 for number in range(64)]
    root = Edge().extended(hashes).root()
    return {"checkpoint": signed(Checkpoint(LOG.name, 1 << 62, root)), top.path: b"".join(hashes)}


def text_of(honest: LogBuilder, change: Callable[[str], str]) -> dict[str, Answer | bytes]:
    return {"checkpoint": signed_text(change(head(honest).text()))}


OTHER_ORIGIN = NoteSigner("other.example", LOG.private_key)
BUNDLE, LAST_BUNDLE, TILE, EDGE = "tile/entries/001", "tile/entries/002.p/88", "tile/0/001", "tile/0/002.p/88"

CASES = [
    Case("an entry is edited", lambda h: {"tile/entries/000": bundle_of(with_edited(h))}, EntryWrong, "Entry 100 "),
    Case("an edited entry with its tile", hidden_tiles, TileWrong, "tile/0/000 "),
    Case("another tree's edge", other_edge, TileWrong),
    Case("another order", lambda h: {"tile/entries/000": bundle_of(swapped(h))}, EntryWrong, "Entry 10 "),
    Case("bundles are swapped", lambda h: {"tile/entries/000": bundle_of(h.entries, 1)}, EntryWrong, "Entry 0 "),
    Case("the last entry is edited",
         lambda h: {LAST_BUNDLE: bundle([*h.entries[512:-1], h.entries[0]])}, EntryWrong, "Entry 599 "),
    Case("an entry is left out",
         lambda h: {"tile/entries/000": bundle(h.entries[:99] + h.entries[100:WIDTH])}, EntryMalformed, "000 "),
    Case("a bundle has one more", lambda h: {BUNDLE: raw_bundle(*h.entries[256:513])}, EntryMalformed, BUNDLE),
    Case("the last bundle has one more",
         lambda h: {LAST_BUNDLE: bundle([*h.entries[512:], h.entries[0]])}, EntryMalformed, LAST_BUNDLE),
    Case("a bundle ends within an entry", lambda h: {BUNDLE: bundle_of(h.entries, 1)[:-1]}, EntryMalformed, BUNDLE),
    Case("a bundle is empty", lambda _: {BUNDLE: b""}, EntryMalformed, BUNDLE),
    Case("a tile is too long", lambda h: {TILE: h.fetch(TILE) + bytes(32)}, TileMalformed, TILE),
    Case("a tile is too short", lambda h: {TILE: h.fetch(TILE)[:-32]}, TileMalformed, TILE),
    Case("a tile at the edge is too long", lambda h: {EDGE: h.fetch(EDGE) + bytes(32)}, TileMalformed, EDGE),
    Case("a tile at the edge is too short", lambda h: {EDGE: h.fetch(EDGE)[:-1]}, TileMalformed, EDGE),
    Case("a tile of another place", lambda h: {TILE: h.fetch("tile/0/000")}, TileWrong, TILE),
    Case("a tile of another level", lambda h: {"tile/1/000.p/2": h.fetch("tile/0/000")[:64]}, TileWrong),
    Case("a tile is not there", lambda _: {TILE: Answer(status=404)}, ResourceMissing, TILE),
    Case("a tile at the edge is not there", lambda _: {EDGE: Answer(status=404)}, ResourceMissing, EDGE),
    Case("a bundle is gone", lambda _: {BUNDLE: Answer(status=410)}, ResourceMissing, BUNDLE),
    Case("the checkpoint is not there", lambda _: {"checkpoint": Answer(status=404)}, ResourceMissing, "checkpoint"),
    Case("another key signs", lambda h: {"checkpoint": signed(head(h), by=signer_of(2))}, NoteUnsigned),
    Case("the text is changed after it was signed",
         lambda h: {"checkpoint": h.fetch("checkpoint").replace(b"\n600\n", b"\n599\n")}, NoteUnsigned),
    Case("another log's checkpoint",
         lambda h: {"checkpoint": signed(replace(head(h), origin="other.example"), by=OTHER_ORIGIN)}, NoteUnsigned),
    Case("a checkpoint for another log",
         lambda h: {"checkpoint": signed(replace(head(h), origin="other.example"))}, CheckpointForeign, "other"),
    Case("nobody signs", lambda h: {"checkpoint": head(h).text().encode()}, NoteMalformed),
    Case("a page of some web server", lambda _: {"checkpoint": b"<!doctype html><p>Hello"}, NoteMalformed),
    Case("a line that nobody checks", lambda h: text_of(h, lambda text: f"{text}more\n"), CheckpointMalformed),
    Case("a size that is written in two ways",
         lambda h: text_of(h, lambda t: t.replace("600", "0600")), CheckpointMalformed),
    Case("a root that is no hash",
         lambda _: {"checkpoint": signed_text(f"{LOG.name}\n600\nAAAA\n")}, CheckpointMalformed),
    Case("more entries than can be counted",
         lambda h: text_of(h, lambda text: text.replace("600", str(1 << 63))), CheckpointMalformed),
    Case("a huge size", of_size((1 << 63) - 1), ResourceMissing, "tile/"),
    Case("a huge size with an edge", huge_with_an_edge, ResourceMissing, "tile/"),
    Case("a size that is not that of the tiles", of_size(SIZE + 1), ResourceMissing),
    Case("an empty tree with a root",
         lambda h: text_of(h, lambda text: text.replace("600", "0")), CheckpointMalformed),
    Case("the root of nothing", of_size(SIZE, EMPTY_ROOT), TileWrong),
    Case("an endless checkpoint", lambda _: {"checkpoint": endless()}, NoteMalformed),
    Case("an endless tile", lambda _: {TILE: endless()}, TileMalformed, TILE),
    Case("an endless bundle", lambda _: {BUNDLE: endless()}, EntryMalformed, BUNDLE),
    Case("a tile that grows when it is unpacked", lambda _: {TILE: packed(bytes(50_000_000))}, TileMalformed, TILE),
    Case("a redirect to a file", lambda _: {TILE: redirect("file:///etc/passwd")}, LogUnreachable, "302"),
    Case("a redirect of the checkpoint", lambda _: {"checkpoint": redirect("/tile/0/000", 301)}, LogUnreachable, "301"),
    Case("an error", lambda _: {TILE: Answer(status=503)}, LogUnreachable, TILE),
    Case("a refusal", lambda _: {TILE: Answer(status=403)}, LogUnreachable, TILE),
    Case("half of a packed tile",
         lambda h: {TILE: packed(h.fetch(TILE), change=lambda d: d[:-9])}, LogUnreachable, TILE),
    Case("what is not packed", lambda h: {TILE: packed(h.fetch(TILE), change=lambda _: b"no")}, LogUnreachable, TILE),
    Case("an unknown coding", lambda h: {TILE: packed(h.fetch(TILE), coding="br")}, LogUnreachable, TILE),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_lie_is_refused_by_its_name(log: EvilLog, honest: LogBuilder, case: Case) -> None:
    log.lies |= case.lies(honest)
    with pytest.raises(LogRefused) as refused:
        audit(log)
    assert type(refused.value) is case.error, refused.value
    assert case.names in refused.value.detail


@pytest.mark.parametrize("every_s", [0.02, 30])
def test_nobody_is_kept_waiting(log: EvilLog, honest: LogBuilder, every_s: float) -> None:
    """By a checkpoint that comes a byte at a time, or not at all."""
    log.lies["checkpoint"] = slow(honest.fetch("checkpoint"), every_s=every_s)
    begun = time.monotonic()
    with pytest.raises(LogUnreachable, match="checkpoint"):
        audit(log, patience=HURRIED)
    assert time.monotonic() - begun < 10


def test_a_redirect_leads_nobody_to_another_server(log: EvilLog, honest: LogBuilder) -> None:
    with evil_log(honest.folder) as elsewhere:
        log.lies["checkpoint"] = redirect(f"{elsewhere.url}/checkpoint", 307)
        with pytest.raises(LogUnreachable):
            audit(log)
        assert elsewhere.asked == []


def test_no_more_is_read_of_a_bundle_than_can_be_right(log: EvilLog) -> None:
    log.lies[BUNDLE] = endless()
    with bootstrap_audit.open_source(log.url, patience=PATIENT) as source:
        assert len(source.fetch(BUNDLE)) == MAX_BUNDLE + 1


# What only somebody sees who has looked before.


def test_a_fork_is_refused(log: EvilLog, honest: LogBuilder, tmp_path: Path) -> None:
    """All tiles, entries and signatures of the other tree are right: by itself nobody could tell."""
    known = seen_before(log, tmp_path)
    log.shows(forged(with_edited(honest), tmp_path))
    assert audit(log).checkpoint.size == SIZE
    with pytest.raises(LogForked, match="The tree of 600 entries does not begin with the one of 300"):
        audit(log, known=known)


def test_a_fork_of_the_same_size_is_refused(log: EvilLog, honest: LogBuilder, tmp_path: Path) -> None:
    known = audit(log)
    log.shows(forged(with_edited(honest), tmp_path))
    with pytest.raises(LogForked, match="two trees of 600"):
        audit(log, known=known)


@pytest.mark.parametrize("size", [0, 1, 256, 299])
def test_a_rewound_log_and_a_stale_checkpoint_are_refused(log: EvilLog, tmp_path: Path, size: int) -> None:
    known = seen_before(log, tmp_path)
    log.shows(built(tmp_path / "older", size).folder)
    with pytest.raises(CheckpointStale, match=f"It has {size} entries and has had 300"):
        audit(log, known=known)


def test_an_entry_that_is_dropped_from_the_tree_itself_is_missed(
    log: EvilLog, honest: LogBuilder, tmp_path: Path
) -> None:
    known = seen_before(log, tmp_path)
    log.shows(forged(honest.entries[:100] + honest.entries[101:], tmp_path))
    with pytest.raises(LogForked):
        audit(log, known=known)


def test_a_session_that_is_dropped_from_the_tree_itself_is_missed_even_by_a_stranger(
    log: EvilLog, honest: LogBuilder, tmp_path: Path
) -> None:
    index = next(at for at, entry in enumerate(honest.entries) if read_entry(entry).event is Event.SESSION)
    log.shows(forged(honest.entries[:index] + honest.entries[index + 1 :], tmp_path))
    with pytest.raises(GrammarBroken, match=f"Entry {index}: it decides without a session"):
        audit(log)


def test_a_partial_tile_that_the_later_full_one_contradicts(log: EvilLog, honest: LogBuilder, tmp_path: Path) -> None:
    """Somebody was shown another last entry in the partial tile than what the full one came to have."""
    shown = log.folder
    log.shows(forged([*honest.entries[: BEFORE - 1], edited(honest, BEFORE - 1)], tmp_path))
    known = audit(log)
    log.shows(shown)
    with pytest.raises(LogForked):
        audit(log, known=known)


def test_what_was_added_is_checked_like_the_rest(log: EvilLog, honest: LogBuilder, tmp_path: Path) -> None:
    for path, lie, error in [
        ("tile/entries/001", bundle(honest.entries[255:511]), EntryWrong),
        ("tile/entries/002.p/88", bundle(honest.entries[511:599]), EntryWrong),
        ("tile/0/001", bytes(32 * 256), TileWrong),
        ("tile/0/002.p/88", bytes(32 * 88), TileWrong),
    ]:
        known = seen_before(log, tmp_path)
        log.lies = {path: lie}
        with pytest.raises(error):
            audit(log, known=known)


def test_a_session_from_before_serves_once(log: EvilLog, tmp_path: Path) -> None:
    """The grammar goes on where it stood."""
    story = Story()
    visit, more = list(story.visit()), list(story.visit())
    first = [story.entry(Event.START), visit[0]]
    log.shows(forged(first, tmp_path))
    known = audit(log)
    shutil.rmtree(tmp_path / "forged")
    log.shows(forged([*first, visit[1], more[0], visit[1]], tmp_path))
    with pytest.raises(GrammarBroken, match="Entry 4: "):
        audit(log, known=known)


def test_a_log_that_grows_while_it_is_read_is_no_lie(log: EvilLog, honest: LogBuilder, tmp_path: Path) -> None:
    """Its partial tiles may be gone; the full ones have the same beginning."""
    log.shows(built(tmp_path / "larger", SIZE, 1100).folder)
    log.lies["checkpoint"] = honest.note()
    shutil.rmtree(log.folder / "tile" / "0" / "002.p")
    shutil.rmtree(log.folder / "tile" / "entries" / "002.p")
    assert audit(log).edge == honest.tree.edge()


def test_what_lies_between_two_kept_checkpoints(honest: LogBuilder, tmp_path: Path) -> None:
    """For every pair of sizes of an honest log, and for none of a forked one."""
    other = LogBuilder(tmp_path / "forged").add(with_edited(honest))
    sizes = [0, 1, 99, 100, 101, 255, 256, 257, 511, 512, 513, 599, 600]
    trees = {size: read_checkpoint(read_note(honest.note(size)).text) for size in sizes}
    forks = {size: read_checkpoint(read_note(other.note(size)).text) for size in sizes}
    folder = built(tmp_path / "larger", *sizes, 1100)
    for older, newer in itertools.combinations_with_replacement(sizes, 2):
        require_begins_with(trees[older], trees[newer], folder.fetch)
        if older > 100:
            with pytest.raises(LogForked):
                require_begins_with(forks[older], trees[newer], folder.fetch)
        if older < newer:
            with pytest.raises(CheckpointStale):
                require_begins_with(trees[newer], trees[older], folder.fetch)
