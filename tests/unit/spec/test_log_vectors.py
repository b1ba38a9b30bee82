"""The log's formats hold what their specification says: every vector, with the code of its failure."""

import hashlib
import json
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, Final

import pytest
from fixtures import make_log_vectors
from support.plain_tree import PlainTree

from visavis.audit.checkpoint import Trust, require_checkpoint
from visavis.audit.commitment import Opened, read_opened, require_opens
from visavis.audit.grammar import Grammar
from visavis.audit.leaf import read_entry
from visavis.audit.merkle import require_consistency
from visavis.audit.note import read_key
from visavis.audit.proof import read_proof, require_logged
from visavis.audit.tiles import WIDTH, Tiles, last_tiles, tile_of, unbundle
from visavis.model.access import ReadingKind
from visavis.model.audit import Event, LogRefused
from visavis.model.decision import Means, Outcome, Resolution
from visavis.model.station import SessionKind
from visavis.protect.keys import tag

SPEC: Final = Path(__file__).parents[3] / "spec"
VECTORS: Final[dict[str, Any]] = json.loads((SPEC / "vectors" / "audit-log.json").read_text(encoding="ascii"))
TEXT: Final = (SPEC / "audit-log.md").read_text(encoding="utf-8")
LOG: Final = read_key(VECTORS["log_key"])
WITNESSES: Final = [read_key(line) for line in VECTORS["witness_keys"]]
PLAIN: Final = PlainTree([b"%d" % index for index in range(max(one["size"] for one in VECTORS["trees"]))])


def each(part: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", VECTORS[part], ids=lambda vector: str(vector["name"]))


def ends_as_said(vector: dict[str, Any], act: Callable[[], object]) -> None:
    if vector["failure"] is None:
        act()
        return
    with pytest.raises(LogRefused) as refusal:
        act()
    assert refusal.value.code == vector["failure"]


@each("entries")
def test_an_entry_ends_as_it_says(vector: dict[str, Any]) -> None:
    ends_as_said(vector, lambda: read_entry(vector["entry"].encode()))


@each("openings")
def test_an_opening_ends_as_it_says(vector: dict[str, Any]) -> None:
    def act() -> None:
        require_opens(read_opened(bytes.fromhex(vector["opening_hex"])), commitment=vector["commitment"])

    ends_as_said(vector, act)


@pytest.mark.parametrize("vector", VECTORS["commitments"], ids=lambda vector: str(vector["commitment"]))
def test_a_commitment_is_the_one_in_the_vector(vector: dict[str, Any]) -> None:
    assert Opened(bytes.fromhex(vector["salt_hex"]), vector["details"]).commitment() == vector["commitment"]


@each("stories")
def test_a_story_ends_as_it_says(vector: dict[str, Any]) -> None:
    grammar = Grammar()

    def act() -> None:
        for entry in vector["entries"]:
            grammar.take(read_entry(entry.encode()))

    ends_as_said(vector, act)
    assert grammar.size == (len(vector["entries"]) if vector["failure"] is None else vector["broken_at"])


@each("checkpoints")
def test_a_checkpoint_ends_as_it_says(vector: dict[str, Any]) -> None:
    trust = Trust(LOG, WITNESSES, vector["required"])
    ends_as_said(vector, lambda: require_checkpoint(vector["note"].encode(), trust=trust))


@each("proofs")
def test_a_proof_ends_as_it_says(vector: dict[str, Any]) -> None:
    def act() -> None:
        require_logged(vector["entry"].encode(), read_proof(vector["proof"].encode()), trust=Trust(LOG, WITNESSES, 2))

    ends_as_said(vector, act)


@each("consistency")
def test_a_consistency_proof_ends_as_it_says(vector: dict[str, Any]) -> None:
    def act() -> None:
        require_consistency(
            old_size=vector["old_size"],
            old_root=bytes.fromhex(vector["old_root_hex"]),
            size=vector["size"],
            root=bytes.fromhex(vector["root_hex"]),
            path=[bytes.fromhex(step) for step in vector["path_hex"]],
        )

    ends_as_said(vector, act)


def test_the_log_of_the_vectors_checks_out() -> None:
    log = VECTORS["log"]
    checkpoint = require_checkpoint(log["checkpoint"].encode(), trust=Trust(LOG, WITNESSES, 2)).checkpoint
    assert checkpoint.origin == LOG.name
    tiles = Tiles(lambda path: bytes.fromhex(log[path]), size=checkpoint.size, root=checkpoint.root)
    bundle = bytes.fromhex(log[tile_of(checkpoint.size, 0, 0).entries_path])
    entries = unbundle(bundle, width=checkpoint.size)
    (story,) = (one for one in VECTORS["stories"] if one["name"] == "one person, from the offer to the erasure")
    assert [entry.decode() for entry in entries] == story["entries"]
    assert b"".join(tiles.hashes(0, 0)).hex() == log["tile/0/000.p/9"]


def test_entries_of_the_log_commit_to_the_commitments_of_the_vectors() -> None:
    entries = [read_entry(entry.encode()) for entry in VECTORS["stories"][0]["entries"]]
    assert [entry.commitment for entry in entries] == [one["commitment"] for one in VECTORS["commitments"]]


@pytest.mark.parametrize("vector", VECTORS["trees"], ids=lambda vector: str(vector["size"]))
def test_a_tree_has_the_tiles_of_the_vector(vector: dict[str, Any]) -> None:
    size, digests = vector["size"], vector["tiles_sha256"]
    promised = {tile.path: tile for tile in (*last_tiles(size), *([tile_of(size, 0, 0)] if size >= WIDTH else []))}
    assert digests.keys() == promised.keys()
    assert vector["root_hex"] == PLAIN.root(size).hex()
    for path, tile in promised.items():
        step, begin = WIDTH**tile.level, tile.index * WIDTH
        data = b"".join(PLAIN.hash(at * step, (at + 1) * step) for at in range(begin, begin + tile.width))
        assert digests[path] == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("vector", VECTORS["handles"], ids=lambda vector: str(vector["handle"]))
def test_a_handle_is_made_as_the_specification_says(vector: dict[str, str]) -> None:
    digest = tag(bytes.fromhex(vector["subject_key_hex"]), use="log handle", of=b"")
    assert make_log_vectors._short(digest) == vector["handle"]


@pytest.mark.parametrize("vector", VECTORS["sessions"], ids=lambda vector: str(vector["session"]))
def test_a_session_is_named_as_the_specification_says(vector: dict[str, str]) -> None:
    digest = tag(bytes.fromhex(vector["root_hex"]), use="log sessions", of=vector["session_id"].encode())
    assert make_log_vectors._short(digest) == vector["session"]


def test_every_event_has_a_vector() -> None:
    events = {read_entry(vector["entry"].encode()).event for vector in VECTORS["entries"] if vector["failure"] is None}
    assert events == set(Event)


def test_every_way_to_fail_has_a_vector_and_stands_in_the_specification() -> None:
    parts = ("entries", "openings", "stories", "checkpoints", "proofs", "consistency")
    codes = {vector["failure"] for part in parts for vector in VECTORS[part]} - {None}
    assert codes == {
        "checkpoint_foreign",
        "checkpoint_malformed",
        "cosignatures_missing",
        "entry_malformed",
        "grammar_broken",
        "note_malformed",
        "note_unsigned",
        "opening_wrong",
        "proof_malformed",
        "proof_wrong",
    }
    assert all(f"`{code}`" in TEXT for code in codes)


def test_the_examples_of_the_specification_are_vectors() -> None:
    """So that nobody has to wonder which of the two is right."""
    for vector in VECTORS["entries"]:
        if vector["failure"] is None:
            assert f"\n{vector['entry']}\n" in TEXT
    assert VECTORS["log"]["checkpoint"] in TEXT
    assert VECTORS["proofs"][0]["proof"] in TEXT


@pytest.mark.parametrize("words", [SessionKind, Means, Outcome, ReadingKind, Resolution, Event])
def test_every_word_stands_in_the_specification(words: type[Enum]) -> None:
    assert [word.value for word in words if f"`{word.value}`" not in TEXT] == []


def test_the_script_makes_the_committed_file() -> None:
    assert make_log_vectors.FILE.read_text(encoding="ascii") == make_log_vectors.text()
