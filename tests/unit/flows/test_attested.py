"""``active+attested``: somebody vouches for the device that holds the station's key, and still does when it films."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from fixtures.devices import MAKER, Maker, TokenKey, future
from sim.faces import SimExtractor, photo
from sim.films import SimFilming
from support.filming import drawn, sent, taken, told
from support.world import Device, World, public_text, reopened_world, settings_in

from visavis import bootstrap
from visavis.liveness.attestation import Roots
from visavis.wire.signature import sign
from visavis.wire.signing import SigningKey, public_half

FMR = {"target_kind": "fmr", "target": 1e-3}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A server that looks at films, and takes the maker's word."""
    settings = settings_in(tmp_path)
    secret = bootstrap.initialise(settings)
    faces = SimExtractor()
    with reopened_world(tmp_path, settings, secret, faces=faces, filming=SimFilming(faces)) as opened:
        yield opened


@pytest.fixture
def gallery(world: World) -> str:
    gallery = world.gallery(liveness="active+attested")
    world.active(gallery, "ann", photo("ann"))
    return gallery


def attested(world: World, station: Device, chain: bytes | None = None) -> httpx2.Response:
    text = (chain or MAKER.chain(public_half(station.key))).decode()
    return world.api("PUT", f"/v1/stations/{station.id}/attestation", json={"chain": text})


def refused(response: httpx2.Response) -> str:
    assert response.is_error, response.text
    return str(response.json()["code"])


def shown(world: World, station: Device) -> dict[str, Any]:
    answer: dict[str, Any] = world.api("GET", f"/v1/stations/{station.id}").json()
    return answer


def asked_at(world: World, station: Device) -> httpx2.Response:
    world.clock.move(seconds=3)
    session_id = world.session(station)
    answer = world.at(station, "POST", f"/v1/sessions/{session_id}/challenge", json={})
    world.at(station, "DELETE", f"/v1/sessions/{session_id}")
    return answer


@pytest.mark.parametrize("key", [Ed25519PrivateKey.generate(), TokenKey()], ids=["Ed25519", "P-256"])
def test_who_does_what_is_asked_at_a_device_that_somebody_vouches_for_is_recognised(
    world: World, gallery: str, key: SigningKey
) -> None:
    station = world.station(gallery, key=key, attended=False)
    assert attested(world, station).is_success
    session_id = world.session(station)
    film = taken(world, drawn(world, station, session_id))
    assert told(sent(world, station, session_id, film)) == ("MATCH", None)
    assert shown(world, station)["attested_until"] == "2050-01-01T00:00:00Z"


def test_at_a_station_that_nobody_vouches_for_nobody_is_filmed_and_the_pin_serves(world: World) -> None:
    gallery = world.gallery(liveness="active+attested")
    ann = world.active(gallery, "ann", photo("ann"))
    station = world.station(gallery)
    answer = asked_at(world, station)
    assert refused(answer) == "liveness_unavailable"
    assert "vouched for" in answer.json()["detail"]
    assert shown(world, station)["attested_until"] is None
    assert world.pin(station, "ann", ann.pin)["decision"] == "MATCH"


def test_an_attestation_that_is_over_ends_it(world: World, gallery: str) -> None:
    station = world.station(gallery)
    until = future(world.clock.now(), days=1)
    assert attested(world, station, MAKER.chain(public_half(station.key), until=until)).is_success
    assert shown(world, station)["attested_until"] == until.isoformat().replace("+00:00", "Z")
    assert asked_at(world, station).status_code == 201
    world.clock.move(days=1, seconds=10)
    assert refused(asked_at(world, station)) == "liveness_unavailable"
    assert shown(world, station)["attested_until"] is None


def test_one_that_ends_while_somebody_is_filmed_decides_nothing(world: World, gallery: str) -> None:
    station = world.station(gallery)
    until = future(world.clock.now(), seconds=4)
    assert attested(world, station, MAKER.chain(public_half(station.key), until=until)).is_success
    session_id = world.session(station)
    film = taken(world, drawn(world, station, session_id))
    assert world.clock.now() > until
    seen = len(world.faces.seen)
    assert refused(sent(world, station, session_id, film)) == "liveness_unavailable"
    assert len(world.faces.seen) == seen


@pytest.mark.parametrize("roots", [Roots(Maker("Another").root), None], ids=["another's", "none"])
def test_a_root_that_is_taken_out_takes_its_devices_along(tmp_path: Path, roots: Roots | None) -> None:
    settings = settings_in(tmp_path)
    secret, faces = bootstrap.initialise(settings), SimExtractor()
    with reopened_world(tmp_path, settings, secret, faces=faces, filming=SimFilming(faces)) as before:
        station = before.station(before.gallery(liveness="active+attested"))
        assert attested(before, station).is_success
        assert asked_at(before, station).status_code == 201
    clock = before.clock
    with reopened_world(
        tmp_path, settings, secret, clock=clock, faces=faces, filming=SimFilming(faces), roots=roots
    ) as after:
        assert ("active+attested" in after.http.get("/healthz").json()["liveness"]) == (roots is not None)
        assert shown(after, station)["attested_until"] is None
        after.clock.move(seconds=3)
        asked = after.at(station, "POST", "/v1/sessions", json={"kind": "identify"})
        if asked.is_success:
            asked = after.at(station, "POST", f"/v1/sessions/{asked.json()['session_id']}/challenge", json={})
        assert refused(asked) == "liveness_unavailable"


def test_a_new_key_has_to_be_vouched_for_anew(world: World, gallery: str) -> None:
    station = world.station(gallery)
    assert attested(world, station).is_success
    fresh = Device(station.id, cast("Ed25519PrivateKey", TokenKey()))
    body = {"public_key": public_text(fresh.key)}
    assert world.api("PUT", f"/v1/stations/{station.id}/key", json=body).is_success
    assert shown(world, fresh)["attested_until"] is None
    assert refused(asked_at(world, fresh)) == "liveness_unavailable"
    assert refused(attested(world, fresh, MAKER.chain(public_half(station.key)))) == "attestation_refused"
    assert attested(world, fresh).is_success
    assert asked_at(world, fresh).status_code == 201


def test_what_vouches_for_nothing_is_refused_and_changes_nothing(world: World, gallery: str) -> None:
    station = world.station(gallery)
    assert attested(world, station).is_success
    before = world.sql("SELECT attestation, proof FROM stations")
    for chain in (b"nothing", MAKER.chain(TokenKey().public_key), Maker().chain(public_half(station.key))):
        answer = attested(world, station, chain)
        assert (answer.status_code, refused(answer)) == (422, "attestation_refused")
    assert world.sql("SELECT attestation, proof FROM stations") == before


def test_who_writes_to_the_database_cannot_vouch_for_a_station(world: World, gallery: str) -> None:
    """A chain for the station's own key, put there by hand."""
    station = world.station(gallery)
    chain = MAKER.chain(public_half(station.key)).hex()
    world.sql("UPDATE stations SET attestation = x'" + chain + "'")  # noqa: S608 -- our own
    assert world.at(station, "POST", "/v1/sessions", json={"kind": "identify"}).is_error


def test_a_retired_station_is_not_vouched_for(world: World, gallery: str) -> None:
    station = world.station(gallery)
    assert attested(world, station).is_success
    assert world.api("DELETE", f"/v1/stations/{station.id}").is_success
    assert shown(world, station)["attested_until"] is None
    assert refused(attested(world, station)) == "station_retired"


def test_ones_own_device_is_none_that_somebody_vouches_for(world: World, gallery: str) -> None:
    bea = world.active(gallery, "bea", photo("bea"))
    answer = world.api("POST", "/v1/personal-sessions", json={"subject_id": bea.subject_id, "attended": True})
    assert refused(answer) == "liveness_unavailable"


def test_a_document_is_not_checked_where_nobody_vouches(world: World) -> None:
    station = world.station(purpose_id=world.purpose(liveness="active+attested", **FMR))
    assert refused(world.at(station, "POST", "/v1/sessions", json={"kind": "document_check"})) == "liveness_unavailable"
    assert attested(world, station).is_success
    assert world.at(station, "POST", "/v1/sessions", json={"kind": "document_check"}).is_success


def signed_by(world: World, station: Device, **changed: Any) -> httpx2.Response:
    """A request whose signature's headers are changed as told."""
    request = world.http.build_request("GET", "/v1/station")
    signer, key, created = station.id, station.key, int(datetime.now(UTC).timestamp())
    headers = sign(method="GET", path="/v1/station", body=b"", signer=signer, private_key=key, created=created)
    for name, change in changed.items():
        header = name.replace("_", "-")
        headers[header] = change(headers[header])
    request.headers.update(headers)
    return world.http.send(request)


def _signature(raw: bytes) -> str:
    return f"visavis=:{base64.b64encode(raw).decode()}:"


def test_how_a_request_is_signed_follows_from_the_key_and_not_from_what_it_says(world: World, gallery: str) -> None:
    token, edwards = TokenKey(), Ed25519PrivateKey.generate()
    one, other = world.station(gallery, key=token), world.station(gallery, key=edwards)
    assert signed_by(world, one).is_success
    assert signed_by(world, other).is_success
    swap = {"ecdsa-p256-sha256": "ed25519", "ed25519": "ecdsa-p256-sha256"}
    for station, old in ((one, "ecdsa-p256-sha256"), (other, "ed25519")):
        answer = signed_by(world, station, Signature_Input=lambda text, old=old: text.replace(old, swap[old]))
        assert refused(answer) == "signature_refused"


def test_signatures_of_other_forms_are_refused(world: World, gallery: str) -> None:
    """Zeros, halves that are too large, DER in the place of r and s, and one that is cut."""
    token = TokenKey()
    station = world.station(gallery, key=token)
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    der = token.inner.sign(b"anything", ECDSA(SHA256()))
    raws = [b"\0" * 64, b"\0" * 32 + b"\x01" * 32, b"\x01" * 32 + b"\0" * 32, order.to_bytes(32) * 2, b"\xff" * 64]
    for raw in [*raws, der, der[:64], b"\x01" * 63]:
        answer = signed_by(world, station, Signature=lambda _, raw=raw: _signature(raw))
        assert refused(answer) == "signature_refused"


@pytest.mark.parametrize(
    "raw",
    [b"\x04" + b"\0" * 64, b"\x04" + b"\x01" * 64, b"\x03" + b"\x01" * 64, b"\x04" + b"\xff" * 64],
    ids=["zero", "off the curve", "compressed", "too large"],
)
def test_a_point_that_is_none_is_no_stations_key(world: World, gallery: str, raw: bytes) -> None:
    text = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    body = {"name": "x", "gallery_id": gallery, "public_key": text, "attended": True}
    assert refused(world.api("POST", "/v1/stations", json=body)) == "station_invalid"
