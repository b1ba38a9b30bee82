"""The door of a witness: statuses, media types and bounds as C2SP tlog-witness has them."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog
from fastapi.testclient import TestClient
from starlette.types import Message
from support.submitting import ORIGIN, SomeLog

from visavis.adapters.witness.state import State, held, make_state
from visavis.audit.note import Note, cosigned_at, read_signatures
from visavis.audit.witnessing import MAX_SUBMISSION, write_submission
from visavis.witness.app import STATUS, create_app
from visavis.witness.cosigning import Cosigning

LOG = SomeLog()
FORK = LOG.forked(2)


class Clock:
    """Seconds since 1970."""

    now = 1_770_000_000


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    make_state(tmp_path / "witness", name="witness.example/w1")
    with held(tmp_path / "witness") as opened:
        opened.trust(LOG.key)
        yield opened


@pytest.fixture
def door(state: State) -> TestClient:
    app = create_app(Cosigning(state, state.cosigner, now=lambda: Clock.now))
    return TestClient(app, raise_server_exceptions=False)


def post(door: TestClient, body: bytes) -> httpx2.Response:
    answer: Any = door.post("/add-checkpoint", content=body)
    assert isinstance(answer, httpx2.Response)
    return answer


def test_a_cosignature_is_a_line(door: TestClient, state: State) -> None:
    answer = post(door, LOG.submission(0, 3))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    (signature,) = read_signatures(answer.text)
    assert cosigned_at(Note(LOG.checkpoint(3).text(), (signature,)), state.key) == Clock.now
    # As a client may do it: joined to the checkpoint it is one note.
    assert cosigned_at(Note(LOG.checkpoint(3).text(), read_signatures(answer.text)), state.key)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "submission_malformed"),
        (b"old 0\n\nnoise", 400, "submission_malformed"),
        (write_submission(old_size=3, proof=[bytes(32)] * 64, note=LOG.note(7)), 400, "submission_malformed"),
        (write_submission(old_size=9, proof=[], note=LOG.note(7)), 400, "submission_malformed"),
        (LOG.submission(3, 7).ljust(MAX_SUBMISSION + 1, b"x"), 400, "submission_malformed"),
        (SomeLog(origin="log.example/b").submission(0, 3), 404, "log_unknown"),
        (SomeLog(seed="another key").submission(3, 7), 403, "note_unsigned"),
        (FORK.submission(3, 3), 409, "log_forked"),
        (FORK.submission(3, 7), 422, "proof_wrong"),
    ],
)
def test_a_refusal_has_its_status_and_says_why(door: TestClient, body: bytes, status: int, code: str) -> None:
    assert post(door, LOG.submission(0, 3)).status_code == 200
    answer = post(door, body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = json.loads(answer.content)
    assert (problem["code"], problem["status"]) == (code, status)
    assert problem["mend"]
    assert problem["request_id"] == answer.headers["request-id"]


@pytest.mark.parametrize(("old", "new"), [(0, 7), (2, 7), (5, 7), (0, 3), (1, 2)])
def test_another_old_size_is_answered_with_the_size(door: TestClient, old: int, new: int) -> None:
    post(door, LOG.submission(0, 3))
    answer = post(door, LOG.submission(old, new))
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "text/x.tlog.size"
    assert answer.content == b"3\n"


def test_where_nothing_was_cosigned_the_size_is_zero(door: TestClient) -> None:
    answer = post(door, LOG.submission(2, 7))
    assert (answer.status_code, answer.content) == (409, b"0\n")


def test_a_clock_that_is_far_back_is_told(door: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    post(door, LOG.submission(0, 3))
    monkeypatch.setattr(Clock, "now", Clock.now - 3600)
    answer = post(door, LOG.submission(3, 7))
    assert (answer.status_code, answer.json()["code"]) == (503, "witness_clock_back")


def test_a_witness_that_cannot_write_is_not_there(door: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(State, "keep", full)
        answer = post(door, LOG.submission(0, 3))
    assert (answer.status_code, answer.json()["code"]) == (503, "witness_stopped")
    assert post(door, LOG.submission(0, 3)).status_code == 503


def test_every_refusal_of_the_rules_has_a_status() -> None:
    assert sorted(set(STATUS.values())) == [400, 403, 404, 409, 422, 503]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_the_door_takes_one_method(door: TestClient, method: str) -> None:
    assert door.request(method, "/add-checkpoint").status_code == 405


@pytest.mark.parametrize("path", ["/", "/add-checkpoint/", "/docs", "/openapi.json", "/checkpoint"])
def test_there_is_one_door(door: TestClient, path: str) -> None:
    assert door.post(path, follow_redirects=False).status_code in {307, 404}


async def test_a_body_without_end_is_not_taken_in(state: State) -> None:
    app = create_app(Cosigning(state, state.cosigner, now=lambda: Clock.now))
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"x" * 1024

    async with httpx2.AsyncClient(transport=_Streaming(app), base_url="http://witness") as http:
        answer = await http.post("/add-checkpoint", content=endless())
    assert answer.status_code == 400
    assert taken < MAX_SUBMISSION // 1024 + 5


async def test_a_body_that_does_not_come_is_not_waited_for(state: State) -> None:
    app = create_app(Cosigning(state, state.cosigner, now=lambda: Clock.now), body_s=0.05)

    async def slow() -> AsyncIterator[bytes]:
        yield b"old 0\n"
        await asyncio.sleep(30)
        yield b"\n"

    async with httpx2.AsyncClient(transport=_Streaming(app), base_url="http://witness") as http:
        answer = await asyncio.wait_for(http.post("/add-checkpoint", content=slow()), 5)
    assert (answer.status_code, answer.json()["code"]) == (400, "submission_malformed")


async def test_who_hangs_up_has_sent_nothing(state: State) -> None:
    app = create_app(Cosigning(state, state.cosigner, now=lambda: Clock.now))
    said: list[Message] = [
        {"type": "http.request", "body": LOG.submission(0, 3), "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return said.pop(0)

    async def send(_: Message) -> None:
        """Nobody listens."""

    scope = {"type": "http", "method": "POST", "path": "/add-checkpoint", "headers": [], "query_string": b""}
    await app({**scope, "raw_path": b"/add-checkpoint", "root_path": "", "client": None}, receive, send)
    assert State(state.folder).watched(ORIGIN).latest is None


@pytest.fixture
def telling() -> Iterator[None]:
    """Lines at ``info`` too, which other tests do without."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))
    yield
    structlog.configure(**before)


@pytest.mark.usefixtures("telling")
def test_requests_are_told_without_their_content(door: TestClient, state: State) -> None:
    with structlog.testing.capture_logs() as lines:
        post(door, LOG.submission(0, 3))
        post(door, LOG.submission(0, 3))
        post(door, FORK.submission(3, 3))
    told = [(line["event"], line.get("route"), line.get("status"), line.get("code")) for line in lines]
    assert told == [
        ("request", "/add-checkpoint", 200, None),
        ("request", "/add-checkpoint", 409, "old_size_unfit"),
        ("evidence", None, None, "log_forked"),
        ("request", "/add-checkpoint", 409, "log_forked"),
    ]
    assert ORIGIN not in str(lines)
    assert state.key.name not in str(lines)


class _Streaming(httpx2.AsyncBaseTransport):
    """To an app in this process, whose requests come in as they are made: the library's own reads them whole."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        assert isinstance(request.stream, httpx2.AsyncByteStream)
        chunks = request.stream.__aiter__()
        status, body, headers = 0, b"", []

        async def receive() -> Message:
            try:
                return {"type": "http.request", "body": await anext(chunks), "more_body": True}
            except StopAsyncIteration:
                return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            nonlocal status, body, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], message["headers"]
            else:
                body += message.get("body", b"")

        scope = {
            "type": "http", "method": request.method, "path": request.url.path, "raw_path": request.url.raw_path,
            "root_path": "", "query_string": b"", "headers": request.headers.raw, "client": None,
        }  # fmt: skip
        await self._app(scope, receive, send)
        return httpx2.Response(status, headers=headers, content=body)
