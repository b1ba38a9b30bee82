"""What somebody is shown of their own entries is checked before they see it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from support.log_builder import NOW, signer_of, witness_of
from support.log_lies import LIES
from support.own_log import ANN, Shown, remembering, shown

from visavis.audit.checkpoint import Checkpoint
from visavis.audit.note import Note
from visavis.audit.tiles import MAX_BUNDLE
from visavis.client import LogReader, OwnLog, Receipt, VisavisProblem
from visavis.client.errors import LogRefused, ProofWrong


@pytest.fixture
def one(tmp_path: Path) -> Shown:
    return shown(tmp_path / "log")


def test_every_entry_is_given_out_with_what_it_means(one: Shown) -> None:
    found: OwnLog = one.look()
    assert [own.proven for own in found.entries] == [True, True, True, False]
    assert all(own.details["subject"] == ANN for own in found.entries)
    first = found.entries[0]
    assert (first.entry.event.value, first.entry.fields["outcome"], first.at.isoformat()) == (
        "decision",
        "MATCH",
        "2026-01-01T08:00:00+00:00",
    )
    assert found.signed is not None
    assert found.signed.checkpoint.size == 325


@pytest.mark.parametrize("name", LIES)
def test_a_server_that_lies_is_refused_by_name(one: Shown, tmp_path: Path, name: str) -> None:
    lie, code = LIES[name]
    lie(one, tmp_path)
    with pytest.raises(VisavisProblem) as refused:
        one.look()
    assert refused.value.code == code
    assert refused.value.mend
    if isinstance(refused.value, LogRefused):
        evidence = json.loads(refused.value.evidence or b"")
        assert evidence == json.loads(json.dumps(one.said))


def test_the_error_can_be_caught_by_its_class(one: Shown, tmp_path: Path) -> None:
    LIES["a valid proof for another leaf"][0](one, tmp_path)
    with pytest.raises(ProofWrong):
        one.look()


def test_the_log_is_asked_for_before_the_person_names_themselves_and_without_a_signature(one: Shown) -> None:
    remembering(one, 50)
    one.look()
    assert [request.url.path for request in one.asked][:2] == ["/log/checkpoint", "/v1/me/log"]
    public = [request for request in one.asked if request.url.path.startswith("/log/")]
    assert len(public) > 1
    for request in public:
        assert not {"signature", "signature-input", "authorization", "visavis-link"} & set(request.headers)
        assert ANN not in str(request.headers)


@pytest.mark.parametrize("size", [1, 5, 255, 256, 257, 300, 325])
def test_a_log_that_goes_on_is_believed(one: Shown, size: int) -> None:
    found = remembering(one, size).look()
    assert len(found.entries) == 4


def test_of_a_tile_without_an_end_little_is_read() -> None:
    told = 0

    def endless() -> Iterator[bytes]:
        nonlocal told
        for _ in range(200):
            told += 1
            yield bytes(1_000_000)

    transport = httpx2.MockTransport(lambda _request: httpx2.Response(200, content=endless()))
    with LogReader("https://faces.example", transport=transport) as reader:
        assert len(reader.tile("tile/0/000")) == MAX_BUNDLE + 1
    assert told == MAX_BUNDLE // 1_000_000 + 1


def test_pages_are_put_together_and_may_be_under_different_trees(one: Shown) -> None:
    """The log goes on while the pages are read."""
    first, *rest = one.items
    one.log.publish()
    index = rest[-1]["index"]
    rest[-1]["proof"] = bytes(one.log.proof(index)).decode()
    key = one.said["pages"][0]["log_key"]
    one.said["pages"] = [
        {"items": [first], "next": str(first["index"]), "log_key": key},
        {"items": rest, "next": None, "log_key": key},
    ]
    found = one.look()
    assert [own.proven for own in found.entries] == [True] * 4
    assert found.signed.checkpoint.size == 326


def test_the_first_key_is_remembered_with_the_newest_tree(one: Shown, tmp_path: Path) -> None:
    one.receipt = replace(one.receipt, log_key=None)
    receipt = one.look().receipt
    assert receipt.log_key == str(signer_of().key)
    assert receipt.log_checkpoint == one.said["checkpoint"]
    path = tmp_path / "receipt.json"
    one.receipt.save(path)
    receipt.save_again(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Receipt.load(path) == receipt


def test_nothing_is_remembered_of_what_does_not_check_out(one: Shown, tmp_path: Path) -> None:
    before = one.receipt
    LIES["a fork that grew"][0](one, tmp_path)
    with pytest.raises(LogRefused):
        one.look()
    assert one.receipt == before


def test_a_key_from_elsewhere_counts_before_that_of_the_receipt(one: Shown) -> None:
    with pytest.raises(VisavisProblem, match="note_unsigned"):
        one.look(log_key=str(signer_of(2).key))
    one.receipt = replace(one.receipt, log_key=str(signer_of(2).key))
    assert one.look(log_key=str(signer_of().key)).receipt.log_key == str(signer_of().key)


def test_witnesses_have_to_have_cosigned(one: Shown) -> None:
    keys = [str(witness_of(number).key) for number in (1, 2)]
    with pytest.raises(VisavisProblem, match="cosignatures_missing"):
        one.look(witness_keys=keys)
    one.items[:] = one.items[-1:]
    size = int(one.said["checkpoint"].split("\n")[1])
    text = Checkpoint(signer_of().name, size, one.log.tree.edge(size).root()).text()
    one.said["checkpoint"] = str(Note(text, (signer_of().sign(text), witness_of(1).cosign(text, moment=NOW))))
    assert one.look(witness_keys=keys, witnesses=1).signed.cosigned == {"witness1.example": NOW}
    with pytest.raises(VisavisProblem, match="cosignatures_missing"):
        one.look(witness_keys=keys)
    with pytest.raises(VisavisProblem, match="verifier_key_malformed"):
        one.look(witness_keys=keys, witnesses=3)


def test_before_anything_is_published_nothing_is_proven(one: Shown) -> None:
    one.said["checkpoint"] = None
    one.items[:] = one.items[-1:]
    found = one.look()
    assert (found.signed, [own.proven for own in found.entries]) == (None, [False])
    assert found.receipt.log_checkpoint is None


@pytest.mark.parametrize("kept", ["", "x", "a\nb\n\n", "\ud800"])
def test_a_receipt_that_remembers_nonsense_is_told(one: Shown, kept: str) -> None:
    one.receipt = replace(one.receipt, log_checkpoint=kept)
    with pytest.raises(VisavisProblem, match="receipt_unreadable"):
        one.look()
