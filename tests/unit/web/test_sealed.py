"""A sealed server's few doors, how it opens, and how one is sealed again."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from structlog.testing import capture_logs
from support.logged import entries_of, require_sound
from support.world import BASE, World

from visavis.flows.unseal import Gathering, Opened
from visavis.model.keys import Custodian, Custody, DataMissing
from visavis.protect.epochs import new_tree
from visavis.protect.key_store import KeyStore, new_store
from visavis.protect.quorum import answer_challenge, approval_public_of, split
from visavis.web.rates import Rates
from visavis.web.sealed import SealedServer
from visavis.web.texts import CATALOGUES

ROOT = bytes([7]) * 32
SHARES = split(ROOT, shares=3, threshold=2)
OTHERS = split(ROOT, shares=3, threshold=2)
CUSTODY = Custody(
    "quorum", 2, tuple(Custodian(n, f"c{n}", approval_public_of(words)) for n, words in enumerate(SHARES, start=1))
)

DATA = new_store(new_tree(now=datetime(2027, 1, 1, tzinfo=UTC)), root=ROOT, custody=CUSTODY).sealed()


def held(store: KeyStore) -> KeyStore:
    """The same keys, with custodians."""
    return new_store(store.tree, root=ROOT, custody=CUSTODY)


class Sealed:
    """A sealed server in this process, in front of an app that says who opened it."""

    def __init__(self, data: bytes, *, failures_per_minute: int = 100) -> None:
        self.failed: list[Exception] = []
        self.opened: list[Opened] = []
        self.breaks: Exception | None = None
        self.lived: list[str] = []
        rates = Rates(calls_per_minute=1000, failures_per_minute=failures_per_minute)
        self.app = SealedServer(Gathering(data), open_app=self._open, failed=self.failed.append, rates=rates)
        self.http = TestClient(self.app, base_url=BASE, raise_server_exceptions=False)

    def _open(self, opened: Opened) -> FastAPI:
        if self.breaks is not None:
            raise self.breaks
        self.opened.append(opened)

        @contextmanager
        def living() -> Iterator[None]:
            self.lived.append("begun")
            yield
            self.lived.append("ended")

        app = FastAPI(lifespan=lambda _: _Async(living()))
        app.add_api_route("/real", lambda: "open")
        return app

    def give(self, words: str) -> httpx2.Response:
        return self.http.post("/v1/unseal", json={"words": words})

    def wait(self) -> None:
        until = time.monotonic() + 10
        while time.monotonic() < until and not self.failed and self.http.get("/real").status_code != 200:
            time.sleep(0.01)


class _Async:
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __aenter__(self) -> None:
        self._inner.__enter__()

    async def __aexit__(self, *error: object) -> None:
        self._inner.__exit__(None, None, None)


@pytest.fixture
def sealed() -> Iterator[Sealed]:
    server = Sealed(DATA)
    with server.http:
        yield server


def code(response: httpx2.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"), ("GET", "/v1/galleries"), ("POST", "/v1/sessions"), ("DELETE", "/v1/unseal"), ("GET", "/readyz"),
        ("PUT", "/healthz"), ("GET", "/nowhere"), ("BREW", "/"), ("GET", "/static/js/none.js"),
        ("GET", "/log/checkpoint"),
    ],
)  # fmt: skip
def test_every_other_door_says_why_and_when_to_come_again(sealed: Sealed, method: str, path: str) -> None:
    answer = sealed.http.request(method, path)
    assert code(answer) == (503, "server_sealed")
    assert answer.headers["Retry-After"] == "30"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"] == "0 of 2 custodians have given their shares."
    assert "Content-Security-Policy" in answer.headers


def test_it_is_alive_and_its_page_loads(sealed: Sealed) -> None:
    assert sealed.http.get("/healthz").json()["status"] == "sealed"
    page = sealed.http.get("/unseal")
    assert page.is_success
    for path in (
        "/static/js/pages/unseal.js",
        "/static/js/server/api.js",
        "/static/js/shared/dom.js",
        "/static/style.css",
        CATALOGUES["de"].address,
    ):
        assert sealed.http.get(path).is_success
    assert f'data-texts="{CATALOGUES["de"].address}"' in sealed.http.get("/unseal?lang=de").text


def test_the_last_share_opens_the_real_app_in_the_same_process(sealed: Sealed) -> None:
    assert sealed.give(SHARES[2]).json() == {"state": "SEALED", "given": 1, "needed": 2}
    assert sealed.http.get("/v1/unseal").json() == {"state": "SEALED", "given": 1, "needed": 2}
    assert sealed.give(SHARES[0]).json() == {"state": "OPENING", "given": 2, "needed": 2}
    sealed.wait()
    assert sealed.http.get("/real").json() == "open"
    assert sealed.opened == [Opened(ROOT, (1, 3))]
    assert sealed.lived == ["begun"]


def test_the_real_app_ends_with_the_server() -> None:
    server = Sealed(DATA)
    with server.http:
        for words in SHARES[:2]:
            server.give(words)
        server.wait()
    assert server.lived == ["begun", "ended"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("open sesame", (422, "share_malformed")),
        (OTHERS[0], (403, "share_foreign")),
        ("x" * 601, (422, "request_invalid")),
        ("", (422, "request_invalid")),
    ],
)
def test_a_wrong_share_is_refused_by_name_and_not_repeated(
    sealed: Sealed, words: str, expected: tuple[int, str]
) -> None:
    with capture_logs() as lines:
        answer = sealed.give(words)
    assert code(answer) == expected
    assert not words or words not in answer.text + str(lines)
    assert sealed.http.get("/v1/unseal").json()["given"] == 0


def test_a_share_is_neither_told_nor_logged(sealed: Sealed) -> None:
    with capture_logs() as lines:
        answers = [sealed.give(SHARES[0]), sealed.give(SHARES[0])]
    assert [answer.status_code for answer in answers] == [200, 409]
    told = str(lines) + "".join(answer.text for answer in answers)
    assert " ".join(SHARES[0].split()[:3]) not in told


def test_who_guesses_waits() -> None:
    server = Sealed(DATA, failures_per_minute=3)
    with server.http:
        found = [code(server.give("open sesame")) for _ in range(4)]
    assert found[-1] == (429, "locked_out")
    assert found[0] == (422, "share_malformed")


def test_a_large_body_is_refused_before_it_is_taken_in(sealed: Sealed) -> None:
    assert code(sealed.http.post("/v1/unseal", content=b"x" * 200_000)) == (413, "body_too_large")


def test_an_app_that_does_not_open_is_told_to_whoever_ends_the_process(sealed: Sealed) -> None:
    sealed.breaks = DataMissing("There is no database.")
    for words in SHARES[:2]:
        sealed.give(words)
    sealed.wait()
    assert sealed.failed == [sealed.breaks]
    assert code(sealed.http.get("/v1/galleries")) == (503, "server_sealed")


# A server that is open


@pytest.fixture
def ended(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    calls: list[str] = []
    monkeypatch.setattr(world.services.seal, "_end", lambda: calls.append("ended"))
    return calls


def test_one_operator_seals_with_a_key_of_that_scope(world: World, ended: list[str]) -> None:
    made = world.made("/v1/api-keys", {"name": "guard", "scopes": ["seal"]})
    headers = {"Authorization": f"Bearer {made['secret']}"}
    assert world.http.get("/v1/galleries", headers=headers).status_code == 403
    answer = world.http.post("/v1/seal", headers=headers)
    assert (answer.status_code, answer.json()) == (202, {"state": "SEALING", "entered": True})
    assert ended == ["ended"]
    assert entries_of(world.services.store)[-1].event.value == "seal"
    require_sound(world)


@pytest.mark.parametrize("scopes", [["admin"], ["enrol", "operate"]])
def test_no_other_key_seals(world: World, ended: list[str], scopes: list[str]) -> None:
    made = world.made("/v1/api-keys", {"name": "desk", "scopes": scopes})
    headers = {"Authorization": f"Bearer {made['secret']}"}
    assert code(world.http.post("/v1/seal", headers=headers)) == (403, "scope_missing")
    assert ended == []


def test_a_key_for_one_gallery_does_not_seal(world: World, ended: list[str]) -> None:
    made = world.made("/v1/api-keys", {"name": "desk", "scopes": ["seal"], "gallery_ids": [world.gallery()]})
    headers = {"Authorization": f"Bearer {made['secret']}"}
    assert world.http.post("/v1/seal", headers=headers).status_code == 403
    assert ended == []


def test_a_server_that_cannot_enter_it_is_sealed_all_the_same(
    world: World, ended: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **_named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("visavis.flows.seal.record_act", full)
    assert world.api("POST", "/v1/seal").json() == {"state": "SEALING", "entered": False}
    assert ended == ["ended"]


def test_who_opened_it_is_entered(world: World) -> None:
    world.services.seal.unsealed((1, 3))
    assert entries_of(world.services.store)[-1].event.value == "unseal"
    require_sound(world)


def test_an_open_server_takes_no_share(world: World) -> None:
    assert code(world.http.post("/v1/unseal", json={"words": SHARES[0]})) == (409, "not_sealed")
    assert world.http.get("/v1/unseal").json() == {"state": "OPEN", "given": 0, "needed": 0}


def rehearsed(world: World, *, number: int, words: str, challenge: str | None = None) -> httpx2.Response:
    challenge = challenge or world.http.post("/v1/rehearsals").json()["challenge"]
    answer = answer_challenge(challenge, words=words)
    body = {"challenge": challenge, "number": number, "answer": answer}
    return world.http.post("/v1/rehearsals/answers", json=body)


@pytest.fixture
def quorum(world: World) -> World:
    world.services.keyring.keys.change(held)
    return world


def test_a_custodian_rehearses(quorum: World) -> None:
    assert rehearsed(quorum, number=2, words=SHARES[1]).json() == {"number": 2, "name": "c2"}


def test_a_rehearsal_with_another_share_number_or_challenge_fails(quorum: World) -> None:
    assert code(rehearsed(quorum, number=2, words=SHARES[0])) == (403, "rehearsal_failed")
    assert code(rehearsed(quorum, number=1, words=OTHERS[0])) == (403, "rehearsal_failed")
    assert code(rehearsed(quorum, number=9, words=SHARES[0])) == (404, "custodian_unknown")
    for made_up in ("x", "A" * 75, "ä", "AAAA" * 14):
        assert code(rehearsed(quorum, number=1, words=SHARES[0], challenge=made_up)) == (403, "rehearsal_failed")


def test_a_challenge_serves_for_ten_minutes(quorum: World) -> None:
    challenge = quorum.http.post("/v1/rehearsals").json()["challenge"]
    quorum.clock.move(minutes=9)
    assert rehearsed(quorum, number=1, words=SHARES[0], challenge=challenge).is_success
    quorum.clock.move(minutes=2)
    assert code(rehearsed(quorum, number=1, words=SHARES[0], challenge=challenge)) == (403, "rehearsal_failed")


def test_nobody_rehearses_where_the_root_lies_in_a_file(world: World) -> None:
    assert code(world.http.post("/v1/rehearsals")) == (404, "custodian_unknown")
