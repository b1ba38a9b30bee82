"""``visavis me renew``: who goes on keeps one receipt, whatever happens to the line, in front of a whole server."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner, Result
from sim.faces import photo
from structlog.testing import capture_logs
from support.world import BASE, World

from visavis.cli.main import program
from visavis.client import ConsentLink, Receipt

Call = Callable[..., Result]


@pytest.fixture
def call(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """The program as a shell would run it, by a person who agrees."""
    monkeypatch.setattr(httpx2.HTTPTransport, "handle_request", lambda _, asked: world.transport.handle_request(asked))
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr("visavis.client.credentials.time.time", lambda: world.clock.now().timestamp())
    monkeypatch.chdir(tmp_path)

    def call(typed: str = "I agree\n") -> Result:
        with capture_logs():  # the server's, which is in this process
            return CliRunner().invoke(program, ["--json", "me", "renew", "mine.json"], input=typed)

    return call


@pytest.fixture
def mine(world: World, call: Call, tmp_path: Path) -> Path:  # noqa: ARG001 -- nothing may reach a real network
    """The receipt of somebody who agreed for a day."""
    link = world.pending(world.gallery(retention_days=1), "ann", photo("ann"))
    with capture_logs(), ConsentLink(f"{BASE}/consent#{link}") as asked:
        receipt = asked.prepare(asked.terms())
        receipt.save(tmp_path / "mine.json")
        asked.countersign(receipt)
    return tmp_path / "mine.json"


def files(mine: Path) -> list[str]:
    return sorted(path.name for path in mine.parent.glob("mine*"))


def test_who_goes_on_has_the_new_receipt_in_the_place_of_the_old(world: World, call: Call, mine: Path) -> None:
    old = Receipt.load(mine)
    world.clock.move(hours=13)
    result = call()
    assert result.exit_code == 0, result.output
    new, told = Receipt.load(mine), json.loads(result.stdout)
    assert (told["receipt_id"], told["receipt"]) == (new.receipt_id, "mine.json")
    assert new.receipt_id != old.receipt_id
    assert (new.private_key, new.log_key, new.log_checkpoint) == (old.private_key, old.log_key, old.log_checkpoint)
    assert (files(mine), oct(mine.stat().st_mode)[-3:]) == (["mine.json"], "600")
    assert "I agree to be recognised" in result.stderr
    assert [row[0] for row in world.sql("SELECT id FROM receipts")] == [new.receipt_id]


@pytest.mark.parametrize(("hours", "typed"), [(1, "I agree\n"), (13, "no\n")])
def test_too_early_or_without_a_yes_nothing_changes(
    world: World, call: Call, mine: Path, hours: int, typed: str
) -> None:
    before = mine.read_bytes()
    world.clock.move(hours=hours)
    result = call(typed)
    assert result.exit_code == 1
    assert hours > 1 or "nothing to renew" in result.output
    assert (mine.read_bytes(), files(mine)) == (before, ["mine.json"])


def test_an_answer_that_was_lost_is_found_again(
    world: World, call: Call, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.clock.move(hours=13)
    before = mine.read_bytes()

    def lost(_: Any, asked: httpx2.Request) -> httpx2.Response:
        answer = world.transport.handle_request(asked)
        if asked.method == "POST":
            raise httpx2.ReadError("the line broke", request=asked)
        return answer

    with monkeypatch.context() as line:
        line.setattr(httpx2.HTTPTransport, "handle_request", lost)
        assert call().exit_code == 1
    assert (mine.read_bytes(), files(mine)) == (before, ["mine.json", "mine.json.new"])
    result = call("")  # nothing is asked again
    assert result.exit_code == 0, result.output
    assert [(Receipt.load(mine).receipt_id,)] == world.sql("SELECT id FROM receipts")
    assert files(mine) == ["mine.json"]


def test_what_the_server_refuses_leaves_the_old_receipt(
    world: World, call: Call, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.clock.move(hours=13)
    before = mine.read_bytes()

    def ended(_: Any, asked: httpx2.Request) -> httpx2.Response:
        answer = world.transport.handle_request(asked)
        if asked.url.path.endswith("/renewal") and asked.method == "GET":
            world.clock.move(hours=2)  # read for longer than an offer lives; what is signed then is not old
        return answer

    with monkeypatch.context() as line:
        line.setattr(httpx2.HTTPTransport, "handle_request", ended)
        result = call()
    assert result.exit_code == 1
    assert json.loads(result.stderr.splitlines()[-1])["code"] == "renewal_outdated"
    assert (mine.read_bytes(), files(mine)) == (before, ["mine.json"])
