import json
import stat
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from click.testing import Result
from fixtures.answers import AGREED, BASE, GRANT_TERMS, OFFER, OTHER_WAY, SECRET, TERMS, FakeServer, problem, session

from visavis.client import Receipt
from visavis.consent.receipt import countersigned_by
from visavis.consent.sentences import ENGLISH

Run = Callable[..., Result]

LINK = f"{BASE}/consent#{SECRET}"
SEND = "POST /v1/consent/countersignature"
FILE = "visavis-receipt.json"


@pytest.fixture(autouse=True)
def _asked(server: FakeServer) -> None:
    server.answers |= {"GET /v1/consent": TERMS, SEND: AGREED}


def test_signing_makes_the_key_here_and_keeps_the_receipt(run: Run, server: FakeServer, tmp_path: Path) -> None:
    result = run("consent", "sign", LINK, typed="I agree\n")
    assert result.exit_code == 0, result.output
    path = tmp_path / FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    receipt = Receipt.load(path)
    sent = server.json_of()["countersignature"]
    assert countersigned_by(sent, offer=OFFER) == receipt.signing_key.public_key().public_bytes_raw()
    assert receipt.private_key["d"] not in result.output
    assert OTHER_WAY["pin"] in result.stdout
    assert OTHER_WAY["qr"] in result.stdout


def test_the_person_reads_before_they_are_asked(run: Run) -> None:
    result = run("consent", "sign", LINK, typed="no\n")
    for told in ("We open the door.", "Acme", "privacy@acme.example", "until you withdraw", ENGLISH.person):
        assert told in result.stderr


@pytest.mark.parametrize("typed", ["", "\n", "y\n", "yes\n", "I disagree\n", "agree\n"])
def test_s1_nothing_is_signed_unless_the_person_types_it(
    run: Run, server: FakeServer, tmp_path: Path, typed: str
) -> None:
    result = run("consent", "sign", LINK, typed=typed)
    assert result.exit_code == 1
    assert server.called == ["GET /v1/consent"]
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("option", ["--yes", "-y", "--agree", "--force"])
def test_s1_no_flag_skips_it(run: Run, server: FakeServer, option: str) -> None:
    assert run("consent", "sign", LINK, option).exit_code == 2
    assert server.requests == []


def test_json_has_what_is_shown_once(run: Run) -> None:
    result = run("consent", "sign", LINK, "--json", typed="I agree\n")
    got = json.loads(result.stdout)
    assert got["other_way"] == OTHER_WAY
    assert got["receipt"] == FILE


def test_a_refused_signature_leaves_no_receipt(run: Run, server: FakeServer, tmp_path: Path) -> None:
    server.answers[SEND] = problem("consent_expired", 403)
    result = run("consent", "sign", LINK, typed="I agree\n")
    assert result.exit_code == 1
    assert "consent_expired" in result.stderr
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize(
    "answer", [httpx2.ReadError("lost"), problem("internal", 500), httpx2.Response(502), httpx2.Response(404)]
)
def test_a_lost_answer_does_not_lose_the_key(
    run: Run, server: FakeServer, tmp_path: Path, answer: Exception | httpx2.Response
) -> None:
    """The server may have taken the signature: only the receipt can then see and withdraw it."""
    server.answers[SEND] = answer
    assert run("consent", "sign", LINK, typed="I agree\n").exit_code == 1
    assert Receipt.load(tmp_path / FILE).countersignature == server.json_of()["countersignature"]


def test_a_receipt_that_cannot_be_kept_is_not_sent(run: Run, server: FakeServer, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("another receipt")
    result = run("consent", "sign", LINK, typed="I agree\n")
    assert "file_exists" in result.stderr
    assert SEND not in server.called
    assert (tmp_path / FILE).read_text() == "another receipt"


def test_photos_added_later_are_signed_with_the_same_key(run: Run, tmp_path: Path) -> None:
    run("consent", "sign", LINK, typed="I agree\n")
    run("consent", "sign", LINK, "--earlier", FILE, "--receipt", "second.json", typed="I agree\n")
    first, second = Receipt.load(tmp_path / FILE), Receipt.load(tmp_path / "second.json")
    assert first.private_key == second.private_key


def test_a_grant_is_typed_too(run: Run, server: FakeServer) -> None:
    server.answers |= {"GET /v1/grant": GRANT_TERMS, "POST /v1/grant": session("document_check")}
    assert run("consent", "grant", f"{BASE}/grant#{SECRET}", typed="no\n").exit_code == 1
    assert server.called == ["GET /v1/grant"]
    assert run("consent", "grant", f"{BASE}/grant#{SECRET}", typed="i agree\n").exit_code == 0
    assert server.called[-1] == "POST /v1/grant"


def test_declining_asks_first(run: Run, server: FakeServer) -> None:
    assert run("consent", "decline", LINK, typed="n\n").exit_code == 1
    assert server.requests == []
