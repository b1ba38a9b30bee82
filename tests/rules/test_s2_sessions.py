"""Rule S2 at the doors: every comparison belongs to a session that a person began."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sim.faces import CROWD, NOBODY, photo
from support.again import run, who
from support.world import Device, World

from visavis.client import StationClient, VisavisProblem


@pytest.fixture
def station(world: World) -> Device:
    gallery = world.gallery()
    world.active(gallery, "ann", photo("ann"))
    return world.station(gallery)


def code(world: World, station: Device, session_id: str, *, face: bytes = b"SIM ann 2 ") -> tuple[int, str]:
    answer = world.at(station, "POST", f"/v1/sessions/{session_id}/identify", files={"photo": face})
    return answer.status_code, answer.json().get("code") or answer.json()["decision"]


def test_s2_a_session_serves_one_attempt(world: World, station: Device) -> None:
    session_id = world.session(station)
    assert code(world, station, session_id) == (200, "MATCH")
    assert code(world, station, session_id) == (409, "session_used")
    assert len(world.sql("SELECT * FROM decisions")) == 1


@pytest.mark.parametrize("face", [NOBODY, CROWD, b"not an image", b""])
def test_s2_an_attempt_that_fails_uses_the_session_too(world: World, station: Device, face: bytes) -> None:
    session_id = world.session(station)
    assert code(world, station, session_id, face=face)[1] == "REFUSED"
    assert code(world, station, session_id) == (409, "session_used")


def test_s2_a_session_lasts_120_seconds(world: World, station: Device) -> None:
    first = world.session(station)
    world.clock.move(seconds=119.9)
    assert code(world, station, first) == (200, "MATCH")
    world.clock.move(seconds=3)
    second = world.session(station)
    world.clock.move(seconds=120)
    assert code(world, station, second) == (403, "session_expired")


def test_s2_nothing_is_compared_without_a_session(world: World, station: Device) -> None:
    world.faces.seen.clear()
    assert code(world, station, "ses_" + "a" * 26) == (404, "session_unknown")
    assert world.faces.seen == []


def test_s2_a_session_is_the_stations_that_opened_it(world: World, station: Device) -> None:
    with world.services.store.read() as tx:
        gallery = tx.galleries.find()[0].id
    other = world.station(gallery)
    session_id = world.session(station)
    assert code(world, other, session_id) == (404, "session_unknown")
    assert world.at(other, "DELETE", f"/v1/sessions/{session_id}").json()["code"] == "session_unknown"
    assert code(world, station, session_id) == (200, "MATCH")


def test_s2_a_session_is_for_what_it_was_opened_for(world: World, station: Device) -> None:
    verify = world.session(station, "verify")
    assert code(world, station, verify) == (403, "session_wrong_kind")
    claimed = {"files": {"photo": photo("ann", 2)}, "data": {"external_reference": "ann"}}
    assert world.at(station, "POST", f"/v1/sessions/{verify}/verify", **claimed).json()["decision"] == "MATCH"
    world.clock.move(seconds=3)
    identify = world.session(station)
    assert world.at(station, "POST", f"/v1/sessions/{identify}/verify", **claimed).status_code == 403
    two = {"files": {"portrait": photo("ann"), "document": photo("ann", 2)}}
    assert world.at(station, "POST", f"/v1/sessions/{identify}/document-check", **two).status_code == 403


def test_s2_a_stations_gallery_is_the_only_one_it_searches(world: World, station: Device) -> None:
    other = world.gallery()
    world.active(other, "bea", photo("bea"))
    assert who(world, station, photo("bea", 2)) is None
    assert world.verify(station, photo("bea", 2), "bea")["decision"] == "NO_MATCH"
    refused = world.at(station, "POST", "/v1/sessions", json={"kind": "identify", "gallery_id": other})
    assert refused.json()["code"] == "request_invalid"


def test_s2_document_checks_and_galleries_do_not_share_stations(world: World, station: Device) -> None:
    refused = world.at(station, "POST", "/v1/sessions", json={"kind": "document_check"})
    assert (refused.status_code, refused.json()["code"]) == (403, "session_wrong_kind")
    checker = world.station(purpose_id=world.purpose(target_kind="fmr", target=1e-4))
    for kind in ("identify", "verify"):
        assert world.at(checker, "POST", "/v1/sessions", json={"kind": kind}).json()["code"] == "session_wrong_kind"
    assert world.at(station, "POST", "/v1/sessions", json={"kind": "personal"}).json()["code"] == "request_invalid"


def test_s2_one_open_session_a_station_and_two_seconds_between(world: World, station: Device) -> None:
    first = world.session(station)
    second = world.at(station, "POST", "/v1/sessions", json={"kind": "identify"})
    assert (second.status_code, second.json()["code"]) == (409, "session_open")
    assert world.at(station, "DELETE", f"/v1/sessions/{first}").status_code == 204
    soon = world.at(station, "POST", "/v1/sessions", json={"kind": "identify"})
    assert (soon.status_code, soon.json()["code"]) == (429, "session_too_soon")
    assert 0 < soon.json()["retry_after_s"] <= 2
    world.clock.move(seconds=1.99)
    assert world.at(station, "POST", "/v1/sessions", json={"kind": "identify"}).status_code == 429
    world.clock.move(seconds=0.01)
    world.session(station)
    world.clock.move(seconds=120)
    world.session(station)  # the one before is over


def at_once(count: int, act: Callable[[int], Any]) -> list[Any]:
    """Run an act from many threads at the same moment."""
    barrier, results = threading.Barrier(count), [None] * count

    def one(number: int) -> None:
        barrier.wait()
        results[number] = act(number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_s2_of_many_attempts_at_once_in_one_session_one_is_made(world: World, station: Device) -> None:
    session_id = world.session(station)
    answers = at_once(6, lambda _: code(world, station, session_id))
    assert sorted(answers) == [(200, "MATCH")] + [(409, "session_used")] * 5
    assert len(world.sql("SELECT * FROM decisions")) == 1


def test_s2_of_many_openings_at_once_one_succeeds(world: World, station: Device) -> None:
    answers = at_once(6, lambda _: world.at(station, "POST", "/v1/sessions", json={"kind": "identify"}).status_code)
    assert sorted(answers) == [201] + [409] * 5
    assert len(world.sql("SELECT * FROM sessions")) == 1


def test_s2_a_station_of_strangers_locks_at_the_26th_and_an_operator_reopens_it(world: World, station: Device) -> None:
    run(world, "UPDATE stations SET unmatched = '{}'", "0" * 20 + "1" * 24)
    assert world.identify(station, photo("x1"))["decision"] == "NO_MATCH"
    assert not world.api("GET", f"/v1/stations/{station.id}").json()["locked"]
    world.clock.move(seconds=3)
    session_id = world.session(station)
    assert code(world, station, session_id, face=photo("x2")) == (200, "NO_MATCH")
    assert world.api("GET", f"/v1/stations/{station.id}").json()["locked"]
    world.clock.move(seconds=3)
    session_id = world.session(station)  # for PIN and QR credential, which go on being served
    assert code(world, station, session_id, face=photo("ann", 3)) == (403, "station_locked")
    world.clock.move(seconds=121)
    assert world.api("POST", f"/v1/stations/{station.id}/reopening").json()["locked"] is False
    assert who(world, station, photo("ann", 3)) == "ann"


def test_s2_a_lock_ends_a_session_that_is_open_already(world: World, station: Device) -> None:
    session_id = world.session(station)
    world.sql("UPDATE stations SET locked = 1")
    assert code(world, station, session_id) == (403, "station_locked")


def test_s2_pin_and_qr_do_not_unlock_a_station_of_strangers(world: World, station: Device) -> None:
    run(world, "UPDATE stations SET unmatched = '{}'", "1" * 25)
    world.pin(station, "ann", "000000")
    assert world.sql("SELECT unmatched FROM stations") == [("1" * 25,)]


def test_s2_several_faces_are_refused_and_the_reason_is_named(world: World, station: Device) -> None:
    answer = world.identify(station, CROWD)
    assert (answer["decision"], answer["reason"], answer["subject"]) == ("REFUSED", "several_faces", None)
    assert answer["guidance"]


def test_s2_one_to_many_needs_a_promise_for_many(world: World) -> None:
    gallery = world.gallery(target_kind="fmr", target=1e-3)
    station = world.station(gallery)
    refused = world.at(station, "POST", "/v1/sessions", json={"kind": "identify"})
    assert (refused.status_code, refused.json()["code"]) == (409, "identify_needs_fpir")


def test_s2_decisions_are_never_replayed_from_an_idempotency_key(world: World, station: Device) -> None:
    session_id = world.session(station)
    answer = world.at(
        station,
        "POST",
        f"/v1/sessions/{session_id}/identify",
        files={"photo": photo("ann", 2)},
        headers={"Idempotency-Key": "again"},
    )
    assert answer.json()["code"] == "idempotency_forbidden"
    assert code(world, station, session_id) == (200, "MATCH")


def test_s2_the_python_client_cannot_use_a_session_twice(world: World, station: Device) -> None:
    client = StationClient(
        base_url="http://127.0.0.1", station_id=station.id, private_key=station.key, transport=world.transport
    )
    with client as door:
        session = door.open_session("identify")
        assert door.identify(session.session_id, photo=photo("ann", 2)).decision == "MATCH"
        with pytest.raises(VisavisProblem, match="session_used"):
            door.identify(session.session_id, photo=photo("ann", 2))
        with pytest.raises(VisavisProblem, match="session_too_soon"):
            door.open_session("identify")
