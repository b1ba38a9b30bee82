import json
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
from click.testing import Result
from fixtures.answers import BASE, GRANT_TERMS, SECRET, FakeServer, an_id, decision, problem, session

from visavis.consent.receipt import granted_by

Run = Callable[..., Result]

SES = an_id("ses")
OPEN, CLOSE = "POST /v1/sessions", f"DELETE /v1/sessions/{SES}"
PERSON = {"subject_id": an_id("sub"), "external_reference": "staff 7"}
CODES = {"MATCH": 0, "NO_MATCH": 10, "REFUSED": 11, "REVIEW": 12}


def door(name: str) -> str:
    return f"POST /v1/sessions/{SES}/{name}"


@pytest.fixture
def attempts(station: list[str], photo: str) -> dict[str, tuple[list[str], str]]:
    """A command line and what is typed, by door."""
    return {
        "identify": (["identify", *station, photo], ""),
        "verify": (["verify", *station, "--reference", "staff 7", photo], ""),
        "document-check": (["document-check", *station, "--grant-here", photo, photo], "I agree\n"),
        "pin": (["pin", *station, "--reference", "staff 7"], "123456\n"),
        "qr": (["qr", *station], f"vq1.{an_id('sub')}.{SECRET}\n"),
    }


def opened(server: FakeServer, name: str) -> None:
    server.answers |= {
        OPEN: session("document_check" if name == "document-check" else "identify"),
        CLOSE: None,
        "GET /v1/grant": GRANT_TERMS,
        "POST /v1/grant": session("document_check"),
    }


@pytest.mark.parametrize("outcome", CODES)
@pytest.mark.parametrize("name", ["identify", "verify", "document-check", "pin", "qr"])
def test_the_exit_code_is_the_decision(
    run: Run, server: FakeServer, attempts: dict[str, tuple[list[str], str]], name: str, outcome: str
) -> None:
    opened(server, name)
    answer = decision(outcome, subject=PERSON if outcome == "MATCH" else None)
    server.answers[door(name)] = answer
    line, typed = attempts[name]
    result = run(*line, "--json", typed=typed)
    assert result.exit_code == CODES[outcome], result.output
    assert json.loads(result.stdout) == answer
    assert CLOSE not in server.called
    shown = run(*line, typed=typed)
    assert shown.exit_code == CODES[outcome]
    assert outcome in shown.stdout
    assert ("staff 7" in shown.stdout) == (outcome == "MATCH")


@pytest.mark.parametrize("name", ["identify", "verify", "document-check", "pin", "qr"])
def test_an_attempt_that_ends_without_a_decision_gives_its_session_up(
    run: Run, server: FakeServer, attempts: dict[str, tuple[list[str], str]], name: str
) -> None:
    opened(server, name)
    server.answers[door(name)] = problem("body_too_large", 413)
    line, typed = attempts[name]
    result = run(*line, typed=typed)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "body_too_large" in result.stderr
    assert server.called[-1] == CLOSE


def test_the_first_failure_is_told_not_that_of_closing(
    run: Run, server: FakeServer, station: list[str], photo: str
) -> None:
    server.answers |= {
        OPEN: session(),
        door("identify"): httpx2.ReadError("lost"),
        CLOSE: problem("session_used", 409),
    }
    result = run("identify", *station, photo)
    assert result.exit_code == 1
    assert "unreachable" in result.stderr
    assert "session_used" not in result.stderr


def test_s2_no_session_is_opened_without_photo_or_key(
    run: Run, server: FakeServer, station: list[str], photo: str, tmp_path: Path
) -> None:
    server.answers[OPEN] = session()
    assert "photo_unreadable" in run("identify", *station, "nowhere.jpg").stderr
    (tmp_path / "station.pem").chmod(0o644)
    assert "key_unreadable" in run("identify", *station, photo).stderr
    assert server.requests == []


def test_s3_a_stranger_is_a_word_and_a_code(run: Run, server: FakeServer, station: list[str], photo: str) -> None:
    server.answers |= {OPEN: session(), door("identify"): decision("NO_MATCH")}
    shown = run("identify", *station, photo)
    assert "sub_" not in shown.stdout
    assert "score" not in shown.output


def test_s7_a_pin_is_no_argument_others_could_read(run: Run, station: list[str]) -> None:
    assert run("pin", *station, "--reference", "staff 7", "--pin", "123456").exit_code == 2
    assert run("pin", *station, "--reference", "staff 7", "123456").exit_code == 2


def test_a_pin_that_is_none_is_not_repeated(run: Run, server: FakeServer, station: list[str]) -> None:
    server.answers |= {OPEN: session(), CLOSE: None}
    result = run("pin", *station, "--reference", "staff 7", typed="hunter2\n")
    assert result.exit_code == 1
    assert "hunter2" not in result.output


def test_the_holder_grants_on_their_own_device_and_the_station_waits(
    run: Run, server: FakeServer, station: list[str], photo: str
) -> None:
    server.answers |= {
        OPEN: session("document_check"),
        "GET /v1/grant": [GRANT_TERMS, GRANT_TERMS, problem("session_unknown", 404)],
        door("document-check"): decision("MATCH"),
    }
    result = run("document-check", *station, photo, photo, "--json")
    assert result.exit_code == 0, result.output
    assert f"{BASE}/grant#{SECRET}" in result.stderr
    assert server.called == [OPEN, *["GET /v1/grant"] * 3, door("document-check")]
    assert "POST /v1/grant" not in server.called


def test_s2_the_pictures_of_a_holder_are_not_sent_before_they_grant(
    run: Run, server: FakeServer, station: list[str], photo: str
) -> None:
    opened(server, "document-check")
    result = run("document-check", *station, "--grant-here", photo, photo, typed="no\n")
    assert result.exit_code == 1
    assert str(GRANT_TERMS["text"]) in result.stderr
    assert server.called == [OPEN, "GET /v1/grant", CLOSE]


def test_a_holders_grant_in_this_terminal_is_for_what_they_read(
    run: Run, server: FakeServer, station: list[str], photo: str
) -> None:
    opened(server, "document-check")
    server.answers[door("document-check")] = decision("MATCH")
    assert run("document-check", *station, "--grant-here", photo, photo, typed="I agree\n").exit_code == 0
    token = server.json_of(server.called.index("POST /v1/grant"))["grant"]
    assert granted_by(token, session_id=SES, text=str(GRANT_TERMS["text"]), language="en")


def test_nobody_can_agree_in_the_holders_name(run: Run, server: FakeServer, station: list[str], photo: str) -> None:
    opened(server, "document-check")
    assert run("document-check", *station, "--grant-here", "--yes", photo, photo).exit_code == 2
    assert run("document-check", *station, "--grant-here", photo, photo, typed="yes\n").exit_code != 0
    assert "POST /v1/grant" not in server.called
