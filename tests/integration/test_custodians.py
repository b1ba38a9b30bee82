"""A server process whose root key is with custodians: sealed, unsealed, sealed again."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.logged import entries_of
from support.quorum import Installation, given, installation
from support.surface import operations
from support.world import World

from visavis.adapters.sql.store import SqlStore
from visavis.cli.share_words import words_of


@pytest.fixture
def held(tmp_path: Path) -> Installation:
    return installation(tmp_path)


def words(sheet: Path) -> str:
    return words_of((sheet,), None, count=1)[0]


def asked(of: Installation, method: str, path: str, **body: Any) -> tuple[int, str]:
    answer = of.ask(method, path, **body)
    is_problem = answer.headers["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"] if is_problem else ""


def ended(process: "subprocess.Popen[bytes]") -> int:
    return process.wait(timeout=30)


def test_a_server_is_sealed_until_three_custodians_and_again_when_one_operator_says_so(held: Installation) -> None:
    sheets = held.hold_ceremony()
    assert not held.key_file.exists()
    with held.serving() as process:
        for method, path in (
            ("GET", "/v1/galleries"),
            ("POST", "/v1/sessions"),
            ("GET", "/readyz"),
            ("GET", "/nowhere"),
        ):
            assert asked(held, method, path) == (503, "server_sealed")
        held.done("keys", "unseal", *given(sheets[4:]))
        assert held.refused("keys", "unseal", *given(sheets[4:])) == "share_repeated"
        assert held.refused("keys", "unseal", typed=["open sesame"]) == "share_malformed"
        held.done("keys", "unseal", typed=[words(sheets[0])])
        assert asked(held, "GET", "/v1/galleries") == (503, "server_sealed"), "two of three are not enough"
        held.done("keys", "unseal", *given(sheets[2:3]))
        held.wait_until_open(process)
        assert json.loads(held.done("--json", "gallery", "list"))["items"] == []
        assert held.refused("keys", "unseal", *given(sheets[1:2])) == "not_sealed"
        held.done("keys", "seal", "--yes")
        assert ended(process) == 0
    log = held.log().decode()
    told = [tuple(words(sheet).split()[at : at + 3]) for sheet in sheets for at in range(0, 33, 3)]
    assert not [three for three in told if " ".join(three) in log], "words of a share are in the log"


@pytest.mark.slow
def test_every_door_of_a_sealed_server_is_shut(held: Installation, world: World) -> None:
    held.hold_ceremony()
    own = {("GET", "/healthz"), ("GET", "/v1/unseal"), ("POST", "/v1/unseal")}
    with held.serving():
        headers = {"Authorization": f"Bearer {held.secret}"}
        for method, path, _ in operations(world):
            if (method, path) not in own:
                told = asked(held, method, path.replace("{", "").replace("}", ""), headers=headers, json={})
                assert told == (503, "server_sealed"), (method, path)
        for method, path in (("GET", "/"), ("GET", "/me"), ("GET", "/openapi.json"), ("PUT", "/v1/x")):
            assert asked(held, method, path) == (503, "server_sealed")
        answer = held.ask("GET", "/v1/galleries")
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.json()["detail"] == "0 of 3 custodians have given their shares."
        assert held.ask("GET", "/healthz").json()["status"] == "sealed"
        assert held.ask("GET", "/unseal").is_success


@pytest.mark.slow
def test_unsealing_and_sealing_are_in_the_log(held: Installation) -> None:
    sheets = held.hold_ceremony()
    with held.serving() as process:
        for sheet in sheets[:3]:
            held.done("keys", "unseal", *given([sheet]))
        held.wait_until_open(process)
        key = json.loads(held.done("--json", "apikey", "create", "--name", "guard", "--scope", "seal"))["secret"]
        assert asked(held, "GET", "/v1/galleries", headers={"Authorization": f"Bearer {key}"}) == (403, "scope_missing")
        assert asked(held, "POST", "/v1/seal", headers={"Authorization": f"Bearer {key}"}) == (202, "")
        assert ended(process) == 0
    store = SqlStore(f"sqlite:///{held.folder / 'data' / 'visavis.db'}")
    events = [entry.event.value for entry in entries_of(store)]
    store.close()
    assert events[-4:] == ["start", "unseal", "key", "seal"]


@pytest.mark.slow
def test_a_custodian_who_was_removed_opens_nothing(held: Installation) -> None:
    former = held.hold_ceremony()
    folder = held.folder / "new"
    numbers = ["--shares", "4", "--threshold", "2", "--replace", "--out", str(folder), "--later"]
    held.done("keys", "ceremony", *numbers, *given(former[:3]))
    new = [folder / f"share-{number}.html" for number in range(1, 5)]
    with held.serving() as process:  # the former custodians still open it
        for sheet in former[2:]:
            held.done("keys", "unseal", *given([sheet]))
        held.wait_until_open(process)
        held.done("keys", "seal", "--yes")
        assert ended(process) == 0
    held.done("keys", "confirm", *given(new[2:]))
    with held.serving() as process:
        assert held.refused("keys", "unseal", *given(former[:1])) == "share_foreign"
        for sheet in new[:2]:
            held.done("keys", "unseal", *given([sheet]))
        held.wait_until_open(process)


@pytest.mark.slow
def test_a_custodian_rehearses_over_rest_and_by_hand(held: Installation) -> None:
    sheets = held.hold_ceremony()
    challenge = json.loads(held.done("--json", "keys", "rehearsal"))["challenge"]
    told = json.loads(held.done("--json", "keys", "rehearse", "--challenge", challenge, *given(sheets[3:4])))
    answer = ["--challenge", challenge, "--answer", told["answer"]]
    assert json.loads(held.done("--json", "keys", "rehearsal", "--number", "4", *answer))["name"] == "custodian 4"
    assert held.refused("keys", "rehearsal", "--number", "3", *answer) == "rehearsal_failed"
    with held.serving() as process:
        for sheet in sheets[:3]:
            held.done("keys", "unseal", *given([sheet]))
        held.wait_until_open(process)
        assert json.loads(held.done("--json", "keys", "rehearse", typed=[words(sheets[4])]))["number"] == 5


@pytest.mark.slow
def test_a_server_whose_models_are_gone_ends_and_says_why(held: Installation) -> None:
    """The shares are spent: it does not stay there half open."""
    sheets = held.hold_ceremony()
    (held.folder / "data" / "visavis.db").rename(held.folder / "elsewhere.db")
    with held.serving() as process:
        for sheet in sheets[:3]:
            held.done("keys", "unseal", *given([sheet]))
        assert ended(process) != 0
    assert b'"code":"data_missing"' in held.log()
