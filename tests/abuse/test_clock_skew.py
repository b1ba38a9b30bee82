"""Clock skew.

Who: a station or person whose clock is set as they like; and nobody in particular, where the server's own clock jumps.
What they must not get: more time, a shorter wait or a consent that lasts longer by moving a clock of their own; and
from the server's clock being set back, a session that lasts or a pace that is forgotten.
"""

from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from joserfc.jwk import OKPKey
from sim.faces import photo
from support.again import run, who
from support.attackers import copied, signing, told
from support.world import Device, Person, World

from visavis.consent.receipt import countersign

HOUR = 3600


@pytest.fixture
def gallery(world: World) -> str:
    world.clock._now = datetime(2027, 1, 1, tzinfo=UTC)
    return world.gallery()


@pytest.fixture
def ann(world: World, gallery: str) -> Person:
    return world.active(gallery, "ann", photo("ann"))


@pytest.fixture
def station(world: World, gallery: str, ann: Person) -> Device:  # noqa: ARG001 -- she is the one to be recognised
    return world.station(gallery)


def send(world: World, station: Device, path: str, shift_s: float, **body: Any) -> httpx2.Response:
    return world.http.send(signing(world, station.id, station.key, "POST", path, shift_s=shift_s, **body))


def opened(world: World, station: Device, shift_s: float = 0) -> httpx2.Response:
    return send(world, station, "/v1/sessions", shift_s, json={"kind": "identify"})


def test_a_request_from_another_time_is_refused_and_leaves_nothing(world: World, station: Device) -> None:
    for shift_s in (31, -31, 120, -120, HOUR, -HOUR, 86_400 * 365, -1_700_000_000):
        assert told(opened(world, station, shift_s)) == "signature_refused"
    assert world.sql("SELECT * FROM sessions") == world.sql("SELECT * FROM nonces WHERE id LIKE 'sta_%'") == []


@pytest.mark.parametrize("shift_s", [-30, 30])
def test_a_stations_clock_moves_neither_its_pace_nor_its_sessions_end(
    world: World, station: Device, shift_s: float
) -> None:
    session_id = opened(world, station, shift_s).json()["session_id"]
    assert world.at(station, "DELETE", f"/v1/sessions/{session_id}").status_code == 204
    for other in (-30, 0, 30):
        assert told(opened(world, station, other)) == "session_too_soon"
    world.clock.move(seconds=2)
    session_id = opened(world, station, shift_s).json()["session_id"]
    world.clock.move(seconds=120)
    path = f"/v1/sessions/{session_id}/identify"
    for other in (-30, 30):
        assert told(send(world, station, path, other, files={"photo": photo("ann", 2)})) == "session_expired"


def test_a_stations_clock_does_not_shorten_the_wait_after_wrong_pins(
    world: World, station: Device, ann: Person
) -> None:
    for _ in range(5):
        world.pin(station, "ann", "000000")
    for shift_s in (-30, 30):
        world.clock.move(seconds=3)
        session_id = opened(world, station, shift_s).json()["session_id"]
        body = {"external_reference": "ann", "pin": ann.pin}
        answer = send(world, station, f"/v1/sessions/{session_id}/pin", shift_s, json=body).json()
        assert (answer["decision"], answer["reason"]) == ("REFUSED", "too_many_tries")


@pytest.mark.parametrize("year", [1971, 2999])
def test_what_a_person_says_the_time_is_does_not_stretch_their_consent(world: World, gallery: str, year: int) -> None:
    link = world.pending(gallery, "eve", photo("eve"))
    offer = world.link("GET", "/v1/consent", link).json()["offer"]
    key, when = OKPKey.generate_key("Ed25519"), datetime(year, 6, 1, tzinfo=UTC)
    token = countersign(offer, subject_key=key, now=when)
    assert world.link("POST", "/v1/consent/countersignature", link, json={"countersignature": token}).is_success
    station = world.station(gallery)
    world.clock.move(days=89.9)
    assert who(world, station, photo("eve", 2)) == "eve"
    world.clock.move(days=0.1)
    assert who(world, station, photo("eve", 2)) is None


def test_a_link_that_is_over_stays_over_for_any_clock_of_its_holder(world: World, gallery: str) -> None:
    link = world.pending(gallery, "eve", photo("eve"))
    offer = world.link("GET", "/v1/consent", link).json()["offer"]
    token = countersign(offer, subject_key=OKPKey.generate_key("Ed25519"), now=world.clock.now())
    world.clock.move(days=14)
    for _ in range(2):
        answer = world.link("POST", "/v1/consent/countersignature", link, json={"countersignature": token})
        assert told(answer) == "link_unknown"
        world.services.withdraw.purge()


def test_a_server_clock_set_back_does_not_prolong_a_session(world: World, station: Device) -> None:
    session_id = world.session(station)
    world.clock.move(hours=-1)
    path = f"/v1/sessions/{session_id}/identify"
    assert told(world.at(station, "POST", path, files={"photo": photo("ann", 2)})) == "session_expired"
    assert told(opened(world, station)) == "session_too_soon"
    world.clock.move(seconds=2)
    assert told(opened(world, station)) == "201"


def test_a_server_clock_set_back_does_not_prolong_a_link_to_a_session(world: World, ann: Person) -> None:
    made = world.made("/v1/personal-sessions", {"subject_id": ann.subject_id, "attended": True})
    world.clock.move(hours=-1)
    secret = {"link_secret": made["link"].partition("session=")[2]}
    assert told(world.as_person(ann, "POST", "/v1/personal-sessions/opening", json=secret)) == "session_expired"


@pytest.mark.parametrize("back_s", [0.5, 86_400])
def test_a_server_clock_set_back_keeps_the_pace_and_shuts_no_station(
    world: World, station: Device, back_s: float
) -> None:
    world.at(station, "DELETE", f"/v1/sessions/{world.session(station)}")
    world.clock.move(seconds=-back_s)
    refused = opened(world, station)
    assert (told(refused), refused.json()["retry_after_s"]) == ("session_too_soon", 2.0)
    world.clock.move(seconds=1.99)
    assert told(opened(world, station)) == "session_too_soon"
    world.clock.move(seconds=0.01)
    assert told(opened(world, station)) == "201"


def test_a_server_clock_set_back_makes_no_used_request_new(world: World, station: Device) -> None:
    request = signing(world, station.id, station.key, "POST", "/v1/sessions", json={"kind": "identify"}, shift_s=20)
    assert told(world.http.send(copied(world, request))) == "201"
    for back_s in (5, 5, 20):
        world.clock.move(seconds=-back_s)
        world.services.withdraw.purge()
        assert told(world.http.send(copied(world, request))) in {"request_replayed", "signature_refused"}
    assert world.sql("SELECT count(*) FROM sessions") == [(1,)]


def test_no_clock_unlocks_a_station_or_a_pin(world: World, station: Device, ann: Person) -> None:
    world.pin(station, "ann", "000000")
    run(world, "UPDATE tries SET failures = 49")
    world.pin(station, "ann", "000000")
    run(world, "UPDATE stations SET locked = 1")
    for days in (60, 29, -60, -300):
        world.clock.move(days=days)
        world.services.withdraw.purge()
        opened(world, station)  # where the clock went back, this only counts the pace anew
        run(world, "UPDATE sessions SET state = 'CLOSED' WHERE state = 'OPEN'")
        assert world.pin(station, "ann", ann.pin)["reason"] == "too_many_tries"
        assert world.api("GET", f"/v1/stations/{station.id}").json()["locked"]
