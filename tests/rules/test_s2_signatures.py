"""Rule S2: a request is a station's or person's only if their key signed this very request, now and once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sim.faces import photo
from support.world import Device, World

from visavis.wire.signature import sign


@pytest.fixture
def station(world: World) -> Device:
    return world.station(world.gallery())


def opening(world: World, signer: str, key: Ed25519PrivateKey, *, shift_s: float = 0) -> httpx2.Request:
    request = world.http.build_request("POST", "/v1/sessions", json={"kind": "identify"})
    created = int((world.clock.now() + timedelta(seconds=shift_s)).timestamp())
    request.headers.update(
        sign(method="POST", path="/v1/sessions", body=request.content, signer=signer, private_key=key, created=created)
    )
    return request


def code(world: World, request: httpx2.Request) -> str:
    response = world.http.send(request)
    return str(response.json().get("code", response.status_code))


def no_headers(request: httpx2.Request) -> None:
    for name in ("Signature", "Signature-Input", "Content-Digest"):
        del request.headers[name]


def another_method(request: httpx2.Request) -> None:
    request.method = "PUT"


def a_header(name: str, old: str, new: str) -> Callable[[httpx2.Request], None]:
    def change(request: httpx2.Request) -> None:
        assert old in request.headers[name]
        request.headers[name] = request.headers[name].replace(old, new, 1)

    return change


@pytest.mark.parametrize(
    "change",
    [
        no_headers,
        a_header("Signature-Input", "created=1", "created=2"),
        a_header("Signature-Input", 'nonce="', 'nonce="x'),
        a_header("Signature-Input", '"@method" ', ""),
        a_header("Signature-Input", "ed25519", "none"),
        a_header("Signature-Input", "visavis=", "other="),
        a_header("Signature", "visavis=:", "visavis=:AAAA"),
        a_header("Signature", "visavis=:", "other=:"),
        a_header("Content-Digest", "sha-256", "sha-512"),
    ],
)
def test_s2_a_changed_signature_is_refused(
    world: World, station: Device, change: Callable[[httpx2.Request], None]
) -> None:
    request = opening(world, station.id, station.key)
    change(request)
    assert code(world, request) == "signature_refused"
    assert world.sql("SELECT * FROM sessions") == []


def test_s2_a_changed_body_path_or_method_is_refused(world: World, station: Device) -> None:
    good = opening(world, station.id, station.key)
    body = world.http.build_request("POST", "/v1/sessions", json={"kind": "verify"}, headers=signature_of(good))
    assert code(world, body) == "signature_refused"
    elsewhere = world.http.build_request(
        "DELETE", "/v1/sessions/ses_" + "a" * 26, content=good.content, headers=signature_of(good)
    )
    assert code(world, elsewhere) == "signature_refused"


def signature_of(request: httpx2.Request) -> dict[str, str]:
    return {name: request.headers[name] for name in ("Signature", "Signature-Input", "Content-Digest")}


def test_s2_the_key_has_to_be_the_signers(world: World, station: Device) -> None:
    assert code(world, opening(world, station.id, Ed25519PrivateKey.generate())) == "signature_refused"
    other = world.station(world.gallery())
    assert code(world, opening(world, station.id, other.key)) == "signature_refused"
    assert code(world, opening(world, "sta_" + "a" * 26, station.key)) == "signature_refused"


def test_s2_a_signed_request_is_good_once(world: World, station: Device) -> None:
    request = opening(world, station.id, station.key)
    copy = world.http.build_request("POST", "/v1/sessions", content=request.content, headers=request.headers)
    assert code(world, request) == "201"
    assert code(world, copy) == "request_replayed"


def test_s2_a_replay_is_refused_for_as_long_as_it_looks_fresh(world: World, station: Device) -> None:
    """Dated ahead by the most we take, and sent again at the very end, right after a purge of old nonces."""
    world.clock._now = datetime(2026, 1, 1, tzinfo=UTC)
    request = opening(world, station.id, station.key, shift_s=30)
    copy = world.http.build_request("POST", "/v1/sessions", content=request.content, headers=request.headers)
    assert code(world, request) == "201"
    world.clock.move(seconds=60)
    world.services.withdraw.purge()
    assert code(world, copy) == "request_replayed"
    world.clock.move(seconds=1)
    assert code(world, opening(world, station.id, station.key, shift_s=-31)) == "signature_refused"
    world.services.withdraw.purge()
    assert world.sql("SELECT * FROM nonces") == []


@pytest.mark.parametrize(("shift_s", "expected"), [(-29, "201"), (29, "201"), (-32, "401"), (32, "401"), (-1e9, "401")])
def test_s2_the_clocks_of_both_sides_agree_to_30_seconds(
    world: World, station: Device, shift_s: float, expected: str
) -> None:
    assert str(world.http.send(opening(world, station.id, station.key, shift_s=shift_s)).status_code) == expected


def test_s2_people_and_stations_do_not_pass_for_each_other(world: World) -> None:
    gallery = world.gallery()
    ann = world.active(gallery, "ann", photo("ann"))
    station = world.station(gallery)
    assert world.as_person(ann, "POST", "/v1/sessions", json={"kind": "identify"}).json()["code"] == "signature_refused"
    assert world.at(station, "GET", "/v1/me").json()["code"] == "signature_refused"
    assert world.at(station, "POST", "/v1/me/withdrawal").json()["code"] == "signature_refused"


def test_s2_an_api_key_is_no_stations_signature(world: World) -> None:
    refused = world.api("POST", "/v1/sessions", json={"kind": "identify"})
    assert (refused.status_code, refused.json()["code"]) == (401, "signature_refused")


@pytest.mark.parametrize("raw", [bytes([1]) + bytes(31), bytes(32), bytes.fromhex("ec" + "ff" * 30 + "7f"), b"short"])
def test_s2_a_key_under_which_anybody_could_sign_is_not_registered(world: World, raw: bytes) -> None:
    from base64 import urlsafe_b64encode  # noqa: PLC0415 -- only here

    body = {
        "name": "weak",
        "gallery_id": world.gallery(),
        "public_key": urlsafe_b64encode(raw).rstrip(b"=").decode(),
        "attended": True,
    }
    assert world.api("POST", "/v1/stations", json=body).status_code == 422
