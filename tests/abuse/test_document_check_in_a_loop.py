"""Document check in a loop.

Who: a station for document checks that is used to search, with one face against a pile of others. What they have: the
station's key, and all the pictures they like. What they must not get: a comparison without a grant, two for one grant,
more than one every two seconds, or strangers without end: after 26 that differ the station locks.

What they do get, and the threat model says so: a dishonest station grants in its holders' place, and can keep the lock
away with a pair that matches in between. It learns one bit about two pictures it has anyway, 30 times a minute.
"""

from collections import Counter
from typing import Any

import httpx2
import pytest
from sim.faces import photo
from support.attackers import at_once, told
from support.world import Device, World


@pytest.fixture
def purpose(world: World) -> str:
    return world.purpose(target_kind="fmr", target=1e-4)


@pytest.fixture
def station(world: World, purpose: str) -> Device:
    return world.station(purpose_id=purpose)


def opened(world: World, station: Device) -> httpx2.Response:
    return world.at(station, "POST", "/v1/sessions", json={"kind": "document_check"})


def looped(world: World, station: Device, portrait: bytes, document: bytes) -> str:
    """One turn of the loop, by somebody who does not wait."""
    answer = opened(world, station)
    if answer.status_code != 201:
        return told(answer)
    link = answer.json()["grant_link"].partition("#")[2]
    assert told(world.link("POST", "/v1/grant", link, json={"grant": world.grant(link)})) == "200"
    return compared(world, station, answer.json()["session_id"], portrait, document)


def compared(world: World, station: Device, session_id: str, portrait: bytes, document: bytes) -> str:
    path = f"/v1/sessions/{session_id}/document-check"
    return told(world.at(station, "POST", path, files={"portrait": portrait, "document": document}))


def test_a_search_through_strangers_ends_at_the_26th(world: World, station: Device) -> None:
    got: Counter[str] = Counter()
    for number in range(40):
        got[looped(world, station, photo("wanted"), photo(f"stranger{number}"))] += 1
        world.clock.move(seconds=2)
    assert got == {"NO_MATCH": 26, "station_locked": 14}
    assert looped(world, station, photo("wanted"), photo("wanted", 2)) == "station_locked"
    assert world.api("POST", f"/v1/stations/{station.id}/reopening").status_code == 200
    assert looped(world, station, photo("wanted"), photo("wanted", 2)) == "MATCH"


def test_a_loop_runs_at_the_pace_and_no_faster(world: World, station: Device) -> None:
    got: Counter[str] = Counter()
    for number in range(100):  # twenty seconds; every other pair matches, so that the lock stays away
        got[looped(world, station, photo("wanted"), photo("wanted" if number % 2 else "other", 2))] += 1
        world.clock.move(seconds=0.2)
    assert got["MATCH"] + got["NO_MATCH"] == 10
    assert got["session_too_soon"] == 90


def test_a_dishonest_station_is_held_by_the_pace_and_half_of_its_probes(world: World, station: Device) -> None:
    for number in range(50):
        document = photo("wanted", 2) if number % 2 else photo(f"stranger{number}")
        assert looped(world, station, photo("wanted"), document) in {"MATCH", "NO_MATCH"}
        world.clock.move(seconds=2)
    for number in range(2):
        looped(world, station, photo("wanted"), photo(f"another{number}"))
        world.clock.move(seconds=2)
    assert looped(world, station, photo("wanted"), photo("wanted", 2)) == "station_locked"


def test_nothing_is_compared_before_the_holder_granted_it(world: World, station: Device) -> None:
    answer = opened(world, station).json()
    world.faces.seen.clear()
    for _ in range(3):
        got = compared(world, station, answer["session_id"], photo("a"), photo("a", 2))
        assert got == "session_not_granted"
    assert world.faces.seen == []
    assert told(opened(world, station)) == "session_open"


def test_one_grant_is_one_comparison(world: World, station: Device) -> None:
    answer = opened(world, station).json()
    link = answer["grant_link"].partition("#")[2]
    token = world.grant(link)
    assert told(world.link("POST", "/v1/grant", link, json={"grant": token})) == "200"
    got = at_once(8, lambda n: compared(world, station, answer["session_id"], photo("a"), photo("a", n)))
    assert Counter(got) == {"MATCH": 1, "session_used": 7}
    world.clock.move(seconds=3)
    following = opened(world, station).json()["grant_link"].partition("#")[2]
    assert told(world.link("POST", "/v1/grant", following, json={"grant": token})) == "consent_forged"
    assert told(world.link("POST", "/v1/grant", link, json={"grant": token})) == "session_unknown"


def test_one_comparison_is_of_two_pictures(world: World, station: Device) -> None:
    """A pile in one request: of parts that are named twice one is taken, and no more than two are looked at."""
    path = f"/v1/sessions/{world.granted_check(station)}/document-check"
    world.faces.seen.clear()
    pile: list[Any] = [("portrait", photo("a")), *(("document", photo(f"d{n}")) for n in range(5)), ("more", b"SIM x")]
    assert told(world.at(station, "POST", path, files=pile)) in {"NO_MATCH", "request_invalid"}
    assert len(world.faces.seen) in {0, 2}


def test_a_picture_that_shows_no_face_uses_the_grant_up(world: World, station: Device) -> None:
    session_id = world.granted_check(station)
    assert compared(world, station, session_id, b"SIM nobody", photo("a")) == "REFUSED"
    assert compared(world, station, session_id, photo("a"), photo("a", 2)) == "session_used"


def test_the_stations_of_one_purpose_lock_each_for_itself(world: World, purpose: str, station: Device) -> None:
    """An administrator who registers many gets as many piles: whoever has that key is trusted with it."""
    other = world.station(purpose_id=purpose)
    for number in range(27):
        looped(world, station, photo("wanted"), photo(f"stranger{number}"))
        world.clock.move(seconds=2)
    assert looped(world, station, photo("a"), photo("a", 2)) == "station_locked"
    assert looped(world, other, photo("a"), photo("a", 2)) == "MATCH"


def test_a_grant_that_comes_late_is_none(world: World, station: Device) -> None:
    answer = opened(world, station).json()
    link = answer["grant_link"].partition("#")[2]
    token = world.grant(link)
    world.clock.move(seconds=120)
    assert told(world.link("GET", "/v1/grant", link)) == "session_unknown"
    assert told(world.link("POST", "/v1/grant", link, json={"grant": token})) == "session_expired"
    assert compared(world, station, answer["session_id"], photo("a"), photo("a", 2)) == "session_expired"
