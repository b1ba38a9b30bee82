"""What is sent again, how often, how soon; and what is sent once, whatever happens."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fixtures.answers import API_KEY, BASE, GALLERY, FakeServer, an_id, decision, page, problem, session
from fixtures.every_call import EVERY_CALL, Kind
from hypothesis import given
from hypothesis import strategies as st

from visavis.client import AsyncVisavis, Retries, StationClient, Timeouts, Visavis, VisavisProblem
from visavis.client.errors import IdempotencyUnfinished, NotReady, RateLimited, TimedOut, Unreachable
from visavis.client.raising import problem_here
from visavis.client.trying import Tries

GALLERIES = "GET /v1/galleries"
OPEN = "POST /v1/galleries"
Failure = Exception | httpx2.Response
PASSING: list[Failure] = [
    httpx2.ConnectError("no"),
    httpx2.ConnectTimeout("no"),
    httpx2.ReadError("no"),
    httpx2.WriteError("no"),
]
LATE: list[Failure] = [httpx2.ReadTimeout("no"), httpx2.WriteTimeout("no"), httpx2.PoolTimeout("no")]
WAIT: list[Failure] = [problem("rate_limited", 429, retry_after_s=1.5), problem("not_ready", 503, retry_after_s=1.5)]
FINAL: list[Failure] = [
    problem("rate_limited", 429),
    problem("not_ready", 503),
    problem("internal", 500, retry_after_s=1),
    problem("gallery_full", 409, retry_after_s=1),
    problem("idempotency_unfinished", 409),
    httpx2.Response(502, text="Bad gateway"),
]


def kinds(failures: list[Failure]) -> list[str]:
    return [
        f"{f.status_code} {f.content[:40]!r}" if isinstance(f, httpx2.Response) else type(f).__name__ for f in failures
    ]


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the client waited, without waiting."""
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    return slept


def operator(server: FakeServer, **options: Any) -> Visavis:
    return Visavis(base_url=BASE, api_key=API_KEY, transport=server.transport, **options)


@pytest.mark.parametrize("failure", PASSING + WAIT, ids=kinds(PASSING + WAIT))
def test_a_reading_is_sent_again_when_it_can_help(failure: Failure) -> None:
    server = FakeServer({GALLERIES: [failure, failure, page(GALLERY)]})
    assert operator(server).galleries().items[0].id == an_id("gal")
    assert server.called == [GALLERIES] * 3


@pytest.mark.parametrize("failure", PASSING + WAIT, ids=kinds(PASSING + WAIT))
def test_a_write_with_a_key_is_sent_again_with_the_same_key(failure: Failure) -> None:
    server = FakeServer({OPEN: [failure, GALLERY]})
    operator(server).open_gallery(name="n", purpose_id=an_id("pur"), idempotency_key="once")
    assert [request.headers["Idempotency-Key"] for request in server.requests] == ["once", "once"]
    assert server.requests[0].content == server.requests[1].content


@pytest.mark.parametrize("failure", LATE + FINAL, ids=kinds(LATE + FINAL))
def test_what_asking_again_does_not_mend_is_asked_once(failure: Failure) -> None:
    server = FakeServer({GALLERIES: failure, OPEN: failure})
    with pytest.raises(VisavisProblem):
        operator(server).galleries()
    with pytest.raises(VisavisProblem):
        operator(server).open_gallery(name="n", purpose_id=an_id("pur"), idempotency_key="once")
    assert server.called == [GALLERIES, OPEN]


KNOWN_AGAIN = ("/imports", "/missing", "/entries", f"/imports/{an_id('imp')}/bundle", "/consent/photos", "/renewal")
"""Doors of imports, invitations and renewals: the server does what comes through them once by itself."""

NOT_REPEATABLE = [row for row in EVERY_CALL if not row[1].startswith("GET") and not row[1].endswith(KNOWN_AGAIN)]


@pytest.mark.parametrize(
    ("kind", "door", "answer", "call"), NOT_REPEATABLE, ids=[f"{k.sync.__name__}: {d}" for k, d, _, _ in NOT_REPEATABLE]
)
def test_a_write_without_a_key_is_sent_once(kind: Kind, door: str, answer: Any, call: Callable[[Any], Any]) -> None:
    del answer
    retries = Retries(most_tries=9, first_pause_s=0, longest_pause_s=100)
    for failure in PASSING + LATE + WAIT + FINAL:
        server = FakeServer({door: failure})
        caller = kind.sync(*kind.arguments, **kind.named, transport=server.transport, retries=retries)
        with pytest.raises(VisavisProblem):
            call(caller)
        assert server.called == [door]
        server = FakeServer({door: failure})
        twin = kind.aio(*kind.arguments, **kind.named, transport=server.transport, retries=retries)
        with pytest.raises(VisavisProblem):
            asyncio.run(call(twin))
        assert server.called == [door]


def test_s2_a_decision_has_no_way_to_be_sent_twice() -> None:
    server = FakeServer(
        {
            "POST /v1/sessions": session(),
            f"POST /v1/sessions/{an_id('ses')}/identify": [httpx2.ReadError("lost"), decision("MATCH")],
        }
    )
    key = Ed25519PrivateKey.generate()
    station = StationClient(base_url=BASE, station_id=an_id("sta"), private_key=key, transport=server.transport)
    with pytest.raises(Unreachable):
        station.identify(station.open_session("identify").session_id, photo=b"probe")
    assert len(server.requests) == 2
    assert not any("idempotency-key" in request.headers for request in server.requests)


def test_it_gives_up_after_the_last_try(pauses: list[float]) -> None:
    server = FakeServer({GALLERIES: httpx2.ConnectError("no")})
    with pytest.raises(Unreachable):
        operator(server).galleries()
    assert len(server.requests) == 3
    assert len(pauses) == 2
    assert 0.1 <= pauses[0] <= 0.2 <= pauses[1] <= 0.4


def test_one_try_is_one_try(pauses: list[float]) -> None:
    server = FakeServer({GALLERIES: httpx2.ConnectError("no")})
    with pytest.raises(Unreachable):
        operator(server, retries=Retries(most_tries=1)).galleries()
    assert (len(server.requests), pauses) == (1, [])


def test_the_server_is_given_the_time_it_asked_for(pauses: list[float]) -> None:
    server = FakeServer({GALLERIES: [problem("rate_limited", 429, retry_after_s=3), page(GALLERY)]})
    operator(server).galleries()
    assert 3 < pauses[0] <= 3.2


def test_a_header_says_it_as_well_as_a_problem(pauses: list[float]) -> None:
    busy = httpx2.Response(503, headers={"Retry-After": "2"}, text="Busy")
    server = FakeServer({GALLERIES: [busy, page(GALLERY)]})
    operator(server).galleries()
    assert 2 < pauses[0] <= 2.2


@pytest.mark.parametrize("header", ["Wed, 21 Oct 2026 07:28:00 GMT", "-1", "soon", "", "1e3", "\u0663"])
def test_a_header_that_is_no_number_of_seconds_says_nothing(header: str, pauses: list[float]) -> None:
    busy = httpx2.Response(503, headers={b"Retry-After": header.encode()}, text="Busy")
    server = FakeServer({GALLERIES: [busy, page(GALLERY)]})
    with pytest.raises(VisavisProblem, match="answer_unreadable"):
        operator(server).galleries()
    assert pauses == []


def test_nobody_waits_longer_than_they_said(pauses: list[float]) -> None:
    server = FakeServer({GALLERIES: problem("rate_limited", 429, retry_after_s=11)})
    with pytest.raises(RateLimited) as raised:
        operator(server).galleries()
    assert (len(server.requests), pauses, raised.value.retry_after_s) == (1, [], 11)


def test_nobody_waits_past_the_end_of_the_call(pauses: list[float]) -> None:
    server = FakeServer({GALLERIES: problem("not_ready", 503, retry_after_s=6)})
    with pytest.raises(NotReady):
        operator(server, timeouts=Timeouts(total_s=5)).galleries()
    assert (len(server.requests), pauses) == (1, [])


def test_an_unfinished_write_is_told_and_not_tried_for_ever() -> None:
    server = FakeServer({OPEN: [httpx2.ReadError("lost"), problem("idempotency_unfinished", 409)]})
    with pytest.raises(IdempotencyUnfinished):
        operator(server).open_gallery(name="n", purpose_id=an_id("pur"), idempotency_key="once")
    assert len(server.requests) == 2


def test_each_step_has_its_time_and_none_more_than_what_is_left() -> None:
    seen: list[dict[str, float]] = []

    def slow(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.extensions["timeout"])
        return httpx2.Response(200, json=page(GALLERY))

    timeouts = Timeouts(connect_s=1, write_s=2, read_s=3, pool_s=4, total_s=2.5)
    client = Visavis(base_url=BASE, api_key=API_KEY, transport=httpx2.MockTransport(slow), timeouts=timeouts)
    client.galleries()
    assert (seen[0]["connect"], seen[0]["write"]) == (1, 2)
    assert 2 < seen[0]["read"] == seen[0]["pool"] <= 2.5


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_call_that_took_its_time_is_over() -> None:
    clock = Clock()
    tries = Tries(timeouts=Timeouts(total_s=10), retries=Retries(), repeatable=True, clock=clock)
    tries.next()
    clock.now_s += 9.9
    tries.require_time()
    clock.now_s += 0.1
    with pytest.raises(TimedOut):
        tries.require_time()
    with pytest.raises(TimedOut):
        tries.next()


@given(
    most=st.integers(1, 6),
    first_s=st.floats(0, 5),
    longest_s=st.floats(0, 20),
    total_s=st.floats(0.1, 100),
    asked=st.lists(st.none() | st.floats(0, 30), min_size=8, max_size=8),
    took=st.lists(st.floats(0, 5), min_size=8, max_size=8),
)
def test_tries_are_bounded_in_number_and_time(
    most: int, first_s: float, longest_s: float, total_s: float, asked: list[float | None], took: list[float]
) -> None:
    clock, begun_s, tried = Clock(), 1000.0, 0
    tries = Tries(
        timeouts=Timeouts(total_s=total_s),
        retries=Retries(most_tries=most, first_pause_s=first_s, longest_pause_s=longest_s),
        repeatable=True,
        clock=clock,
    )
    for wanted_s, took_s in zip(asked, took, strict=True):
        try:
            step = tries.next()
            tried += 1
            clock.now_s += took_s
            failure = problem_here("unreachable", "no")
            if wanted_s is not None:
                failure = RateLimited(failure.problem.model_copy(update={"status": 429, "retry_after_s": wanted_s}))
            pause_s = tries.pause_after(failure)
        except (Unreachable, RateLimited, TimedOut):
            break
        assert all(0 < (each or 0) <= total_s + 1e-6 for each in (step.connect, step.read, step.write, step.pool))
        assert (wanted_s or 0) <= pause_s <= longest_s + first_s
        clock.now_s += pause_s
        assert clock.now_s < begun_s + total_s + 1e-6
    else:
        pytest.fail("it never gave up")
    assert 1 <= tried <= most


@pytest.mark.asyncio
async def test_the_async_client_waits_without_stopping_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(_seconds: float) -> None:
        pytest.fail("the loop stood still")

    monkeypatch.setattr("time.sleep", never)
    server = FakeServer({GALLERIES: [httpx2.ConnectError("no"), page(GALLERY)]})
    client = AsyncVisavis(
        base_url=BASE, api_key=API_KEY, transport=server.transport, retries=Retries(first_pause_s=0.05)
    )
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    ticking = asyncio.create_task(tick())
    assert (await client.galleries()).items[0].id == an_id("gal")
    ticking.cancel()
    assert ticks >= 5
