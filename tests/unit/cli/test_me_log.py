"""``visavis me log``: what it shows, what it keeps, and what it refuses to show."""

import json
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from click.testing import Result
from fixtures.answers import OFFER
from support.log_builder import signer_of
from support.log_lies import LIES
from support.own_log import Shown, shown

from visavis.client import Receipt

Run = Callable[..., Result]

FILE = "mine.json"
KEY = str(signer_of().key)


@pytest.fixture
def one(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Shown:
    """A server, and a receipt in the folder where commands run."""
    del run  # its server is replaced by this one
    server = shown(tmp_path / "log")
    server.receipt = replace(server.receipt, offer=OFFER)
    server.receipt.save(tmp_path / FILE)
    monkeypatch.setattr(httpx2.HTTPTransport, "handle_request", lambda _, request: server(request))
    return server


def test_entries_are_told_in_plain_words(run: Run, one: Shown) -> None:
    told = run("me", "log", FILE)
    assert told.exit_code == 0, told.output
    rows = told.stdout.splitlines()
    assert rows[0].split() == ["when", "what", "who", "purpose", "result", "in", "the", "log"]
    assert len(rows) == 1 + len(one.items)
    for words in (
        "2026-01-01 08:00",
        "Your face was compared with everybody enrolled",
        "recognised",
        "proven, entry 20",
    ):
        assert words in rows[1]
    assert "not yet published" in rows[-1]
    assert "has 325 entries" in told.stderr


def test_json_has_everything_that_was_checked(run: Run, one: Shown) -> None:
    told = json.loads(run("me", "log", FILE, "--json").stdout)
    assert (told["log_key"], told["size"]) == (KEY, 325)
    first = told["entries"][0]
    assert (first["index"], first["event"], first["outcome"], first["proven"]) == (20, "decision", "MATCH", True)
    assert first["details"] == one.items[0]["details"]
    assert [entry["proven"] for entry in told["entries"]] == [True, True, True, False]


def test_the_receipt_remembers_the_key_and_the_tree(run: Run, one: Shown, tmp_path: Path) -> None:
    path = tmp_path / FILE
    path.unlink()
    replace(one.receipt, log_key=None).save(path)
    assert run("me", "log", FILE).exit_code == 0
    kept = Receipt.load(path)
    assert (kept.log_key, kept.log_checkpoint) == (KEY, one.said["checkpoint"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not [other for other in tmp_path.iterdir() if other.name.startswith(f".{FILE}")]
    LIES["another key"][0](one, tmp_path)
    refused = run("me", "log", FILE)
    assert refused.exit_code == 1
    assert "note_unsigned" in refused.stderr


@pytest.mark.parametrize("name", ["a valid proof for another leaf", "other details", "a fork for one person"])
def test_what_does_not_check_out_is_not_shown_and_kept(run: Run, one: Shown, tmp_path: Path, name: str) -> None:
    lie, code = LIES[name]
    lie(one, tmp_path)
    before = (tmp_path / FILE).read_bytes()
    for _ in range(2):
        refused = run("me", "log", FILE, "--proofs", "proofs")
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert code in refused.stderr
    assert (tmp_path / FILE).read_bytes() == before
    assert not (tmp_path / "proofs").exists()
    (evidence,) = tmp_path.glob(f"{FILE}.evidence-*.json")
    assert evidence.name in refused.stderr
    assert json.loads(evidence.read_text()) == json.loads(json.dumps(one.said))
    assert stat.S_IMODE(evidence.stat().st_mode) == 0o600


def test_proofs_are_checked_by_whoever_gets_them_without_the_server(run: Run, one: Shown, tmp_path: Path) -> None:
    assert run("me", "log", FILE, "--proofs", "proofs").exit_code == 0
    folder = tmp_path / "proofs"
    proven = [item for item in one.items if item["proof"] is not None]
    assert {path.name for path in folder.iterdir()} == {
        f"{item['index']}.{kind}" for item in proven for kind in ("entry", "tlog-proof", "opening.json")
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    asked = len(one.asked)
    checked = run(*("audit", "proof", "proofs/20.tlog-proof", "--entry", "proofs/20.entry", "--log-key", KEY, "--json"))
    assert checked.exit_code == 0, checked.output
    assert json.loads(checked.stdout)["index"] == 20
    other = run(
        "audit", "proof", "proofs/20.tlog-proof", "--entry", f"proofs/{proven[1]['index']}.entry", "--log-key", KEY
    )
    assert (other.exit_code, "proof_wrong" in other.stderr) == (1, True)
    assert len(one.asked) == asked
    opening = json.loads((folder / "20.opening.json").read_text())
    assert opening == {name: one.items[0][name] for name in ("salt", "details")}


def test_a_witness_can_be_asked_for(run: Run, one: Shown) -> None:
    del one
    key = "one.example+c85d7f3d+BD1AF8PoQ4lakrcKp00bfrycmCzPLsSWjMDNVfEq9GYM"
    refused = run("me", "log", FILE, "--witness-key", key)
    assert (refused.exit_code, "cosignatures_missing" in refused.stderr) == (1, True)
    assert run("me", "log", FILE, "--witness-key", key, "--witnesses", "0").exit_code == 0
