"""Who fails to prove who they are, at the doors."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi.testclient import TestClient
from sim.faces import photo
from support.world import BASE, Device, World

from visavis.web.body import STRANGERS_BODY
from visavis.web.rates import Rates
from visavis.wire.signature import sign

LARGE = b"x" * (STRANGERS_BODY + 1)


@pytest.fixture
def world(world: World) -> World:
    """With the numbers that a real server has."""
    object.__setattr__(world.services, "rates", Rates(calls_per_minute=600, failures_per_minute=30))
    return world


@pytest.fixture
def elsewhere(world: World) -> TestClient:
    """Somebody at another address."""
    return TestClient(world.app, base_url=BASE, client=("198.51.100.7", 5000), raise_server_exceptions=False)


def code(response: httpx2.Response) -> str:
    return "" if response.is_success else str(response.json()["code"])


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def guesses(world: World, key_id: str, times: int) -> list[str]:
    presented = bearer(f"vv1.{key_id}.{'x' * 32}")
    return [code(world.http.get("/v1/stations", headers=presented)) for _ in range(times)]


def test_who_guesses_a_keys_secret_has_to_wait_and_its_holder_elsewhere_has_not(
    world: World, elsewhere: TestClient
) -> None:
    key_id = world.secret.split(".")[1]
    assert guesses(world, key_id, 7) == ["unauthenticated"] * 6 + ["locked_out"]
    refused = world.http.get("/v1/stations", headers=bearer(world.secret))
    assert (refused.status_code, code(refused)) == (429, "locked_out")
    assert 0 < refused.json()["retry_after_s"] <= 2
    assert int(refused.headers["Retry-After"]) >= 1
    assert elsewhere.get("/v1/stations", headers=bearer(world.secret)).status_code == 200


def test_a_right_proof_before_the_wait_makes_failures_forgotten(world: World) -> None:
    key_id = world.secret.split(".")[1]
    for _ in range(4):
        assert guesses(world, key_id, 5) == ["unauthenticated"] * 5
        assert world.http.get("/v1/stations", headers=bearer(world.secret)).status_code == 200


def test_a_station_with_a_wrong_key_holds_up_no_other_behind_the_same_router(world: World) -> None:
    gallery = world.gallery()
    broken, door = world.station(gallery), world.station(gallery)
    wrong = Device(broken.id, Ed25519PrivateKey.generate())
    told = [code(world.at(wrong, "POST", "/v1/sessions", json={"kind": "identify"})) for _ in range(40)]
    assert told[:6] == ["signature_refused"] * 6
    assert set(told[6:]) == {"locked_out"}
    assert world.identify(door, photo("x"))["decision"] == "NO_MATCH"
    assert world.http.get("/v1/stations", headers=bearer(world.secret)).status_code == 200


def test_a_link_that_opens_nothing_is_a_failed_proof_of_its_own(world: World) -> None:
    for path in ("/v1/consent", "/v1/grant"):
        dead = {"Visavis-Link": f"dead link for {path}"}
        told = [code(world.http.get(path, headers=dead)) for _ in range(8)]
        assert told[:6] == [{"/v1/consent": "link_unknown", "/v1/grant": "session_unknown"}[path]] * 6
        assert set(told[6:]) == {"locked_out"}
    link = world.pending(world.gallery(), "eve", photo("eve"))
    assert world.link("GET", "/v1/consent", link).status_code == 200, (
        "a neighbour's dead link does not hold up this one"
    )


def test_guessing_links_is_bounded_by_address(world: World, elsewhere: TestClient) -> None:
    link = world.pending(world.gallery(), "eve", photo("eve"))
    told = [code(world.link("GET", "/v1/consent", f"guess {n}")) for n in range(40)]
    assert told == ["link_unknown"] * 30 + ["locked_out"] * 10
    assert code(world.link("GET", "/v1/consent", link)) == "locked_out"
    assert elsewhere.get("/v1/consent", headers={"Visavis-Link": link}).status_code == 200
    assert world.http.get("/v1/stations", headers=bearer(world.secret)).status_code == 200, "known at this address"


@pytest.mark.parametrize("path", ["/v1/consent/countersignature", "/v1/consent/refusal", "/v1/grant"])
def test_links_that_are_guessed_with_a_write_are_counted_too(world: World, path: str) -> None:
    body = {"countersignature": "x"} if "counter" in path else {"grant": "x"} if "grant" in path else None
    for keys in ({}, {"Idempotency-Key": "one"}):
        guesses = [
            code(world.http.post(path, headers={"Visavis-Link": f"guess {n} {keys}", **keys}, json=body))
            for n in range(3)
        ]
        assert set(guesses) <= {"link_unknown", "session_unknown"}
    assert len(world.services.rates._addresses["testclient"]) == 6


def test_a_person_who_guesses_links_of_personal_sessions_is_counted(world: World) -> None:
    ann = world.active(world.gallery(), "ann", photo("ann"))
    for number in range(30):
        guess = {"link_secret": f"guess number {number:04}"}
        opened = world.as_person(ann, "POST", "/v1/personal-sessions/opening", json=guess)
        assert code(opened) == "session_unknown"
    guess = {"link_secret": "guess number 9999"}
    assert code(world.as_person(ann, "POST", "/v1/personal-sessions/opening", json=guess)) == "locked_out"
    assert world.as_person(ann, "GET", "/v1/me").status_code == 200


def test_forwarding_headers_make_no_other_address(world: World) -> None:
    for number in range(30):
        headers = {
            "X-Forwarded-For": f"192.0.2.{number}",
            "Forwarded": f"for=192.0.2.{number}",
            "Visavis-Link": str(number),
        }
        assert code(world.http.get("/v1/consent", headers=headers)) == "link_unknown"
    assert code(world.http.get("/v1/consent", headers={"X-Forwarded-For": "203.0.113.1"})) == "locked_out"


def test_a_stranger_cannot_fill_the_memory(world: World) -> None:
    """Before anything shows who is calling, 128 KiB are taken in, announced or not."""
    gallery = world.gallery()
    path = f"/v1/galleries/{gallery}/enrolments"
    for headers in ({}, bearer("vv1.x.y"), {"Signature": "x"}):
        refused = world.http.post(path, content=LARGE, headers=headers)
        expected = "signature_refused" if "Signature" in headers else "unauthenticated"
        assert (refused.status_code, code(refused)) == (401, expected), headers


def test_a_link_needs_no_large_body(world: World) -> None:
    link = world.pending(world.gallery(), "eve", photo("eve"))
    refused = world.link("POST", "/v1/consent/countersignature", link, content=LARGE)
    assert (refused.status_code, code(refused)) == (413, "body_too_large")


def test_what_is_read_of_a_strangers_body(world: World) -> None:
    """At the ASGI level, where it shows what was asked for."""
    asked: list[int] = []
    answers: list[int] = []

    async def half() -> None:
        async def receive() -> dict[str, object]:
            asked.append(1)
            return {"type": "http.request", "body": b"x" * 65536, "more_body": True}

        async def send(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                answers.append(int(str(message["status"])))

        for headers in ([], [(b"content-length", b"10000000")]):
            scope = {
                "type": "http", "method": "POST", "path": "/v1/purposes", "raw_path": b"/v1/purposes",
                "headers": headers, "query_string": b"", "client": ("192.0.2.1", 1), "server": ("x", 1),
                "scheme": "http", "http_version": "1.1", "root_path": "",
            }  # fmt: skip
            await world.app(scope, receive, send)  # type: ignore[arg-type] # messages as plain dictionaries

    with ThreadPoolExecutor(1) as aside:  # Playwright, once started, keeps an event loop in the main thread
        aside.submit(lambda: asyncio.run(half())).result()
    assert answers == [401, 401]
    assert len(asked) == 3, "128 KiB and what made it more; nothing where it was announced"


def test_who_is_known_sends_large_bodies(world: World) -> None:
    gallery = world.gallery()
    enrolled = world.enrol(gallery, "big", b"SIM big 1 " + LARGE)
    assert enrolled.status_code == 202
    assert world.identify(world.station(gallery), b"SIM x 1 " + LARGE)["decision"] == "NO_MATCH"


def test_a_large_body_that_is_not_the_signed_one_is_refused(world: World) -> None:
    station = world.station(world.gallery())
    session = world.session(station)
    path = f"/v1/sessions/{session}/identify"
    created = int(world.clock.now().timestamp())
    signed = sign(method="POST", path=path, body=LARGE, signer=station.id, private_key=station.key, created=created)
    refused = world.http.post(path, content=LARGE + b"y", headers=signed)
    assert (refused.status_code, code(refused)) == (401, "signature_refused")
    assert world.http.post(path, content=LARGE, headers=signed).status_code == 422, "the form, not the signature"


def test_a_clock_that_is_set_moves_no_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    key_id = world.secret.split(".")[1]
    guesses(world, key_id, 6)
    for jump in (-86_400, 86_400):
        world.clock.move(seconds=jump)
        monkeypatch.setattr(time, "time", lambda jump=jump: 1_800_000_000 + jump)
        assert guesses(world, key_id, 1) == ["locked_out"]
