"""Guessing of faces: somebody tries one picture after another against one person.

Who: somebody at a station with a name, at many stations at once, or with somebody's receipt. What they must not get:
more tries in a row than NIST SP 800-63B-4, 3.2.3, allows before the waits begin, more than its cap in all, or a way to
learn which names there are. What everybody keeps: the other way in (rule S7), by which their face serves again.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sim.faces import ATTACK, SimExtractor, photo
from sim.pad import REPORT
from support.again import run
from support.attackers import at_once, seen
from support.world import Device, Person, World, reopened_world, settings_in

from visavis import bootstrap
from visavis.model.access import FREE_TRIES, MAX_TRIES
from visavis.model.template import Template

WRONG = photo("stranger")


@pytest.fixture
def passive(tmp_path: Path) -> Iterator[World]:
    """A server that finds attacks in single photos."""
    settings = settings_in(tmp_path)
    secret = bootstrap.initialise(settings)
    with reopened_world(tmp_path, settings, secret, faces=SimExtractor(pad_report=REPORT)) as world:
        yield world


class Door:
    """A gallery with Ann in it, and a station."""

    def __init__(self, world: World, **purpose: str) -> None:
        self.world, self.gallery = world, world.gallery(**purpose)
        self.ann = world.active(self.gallery, "ann", photo("ann"))
        self.station = world.station(self.gallery)

    def named(self, picture: bytes, name: str = "ann") -> str:
        answer = self.world.verify(self.station, picture, name)
        return str(answer["reason"] or answer["decision"])

    def oneself(self, picture: bytes) -> str:
        body = {"subject_id": self.ann.subject_id, "attended": True}
        made = self.world.made("/v1/personal-sessions", body)
        secret = {"link_secret": made["link"].partition("session=")[2]}
        assert self.world.as_person(self.ann, "POST", "/v1/personal-sessions/opening", json=secret).is_success
        path = f"/v1/personal-sessions/{made['session_id']}/verify"
        answer = self.world.as_person(self.ann, "POST", path, files={"photo": picture}).json()
        return str(answer["reason"] or answer["decision"])

    def disable(self) -> None:
        """All the tries there are, but the last one in the database alone."""
        self.named(WRONG)
        self.oneself(WRONG)
        run(self.world, "UPDATE tries SET failures = {}", MAX_TRIES)


@pytest.fixture
def door(world: World) -> Door:
    return Door(world)


WAYS = ["named", "oneself"]


@pytest.mark.parametrize("way", WAYS)
def test_after_five_wrong_faces_the_right_one_has_to_wait(door: Door, way: str) -> None:
    shown = getattr(door, way)
    assert [shown(WRONG) for _ in range(FREE_TRIES)] == ["NO_MATCH"] * FREE_TRIES
    assert shown(photo("ann", 2)) == "too_many_tries"
    door.world.clock.move(seconds=30)
    assert shown(photo("ann", 2)) == "MATCH"
    assert [shown(WRONG) for _ in range(FREE_TRIES)] == ["NO_MATCH"] * FREE_TRIES


@pytest.mark.parametrize("way", WAYS)
def test_where_a_machine_finds_attacks_ten_may_be_wrong_and_an_attack_is_one(passive: World, way: str) -> None:
    door = Door(passive, liveness="passive")
    shown = getattr(door, way)
    told = [shown(photo("ann", 2) + ATTACK if number % 2 else WRONG) for number in range(2 * FREE_TRIES)]
    assert told == ["NO_MATCH", "attack_suspected"] * FREE_TRIES
    assert shown(photo("ann", 2)) == "too_many_tries"
    assert shown(photo("ann", 2) + ATTACK) == "too_many_tries"


def test_pictures_that_cannot_be_used_cost_nobody_a_try(door: Door) -> None:
    assert {door.named(b"SIM nobody") for _ in range(FREE_TRIES)} == {"no_face"}
    assert door.world.sql("SELECT * FROM tries") == []


def test_a_name_that_nobody_has_is_answered_as_one_that_is_there(door: Door) -> None:
    """Byte by byte, until the waits and after them."""

    def answers(name: str) -> list[object]:
        told: list[object] = []
        for number in range(FREE_TRIES + 3):
            door.world.clock.move(seconds=3)
            session = door.world.session(door.station, "verify")
            path, form = f"/v1/sessions/{session}/verify", {"external_reference": name}
            answer = door.world.at(door.station, "POST", path, files={"photo": WRONG}, data=form)
            told.append(seen(answer, anew=("decision_id",)))
            if number == FREE_TRIES:
                run(door.world, "UPDATE tries SET failures = {}", MAX_TRIES)
        return told

    there = answers("ann")
    door.world.sql("DELETE FROM tries")
    assert answers("nobody") == there
    assert len(set(there)) == 3, "told apart, waiting and disabled"


def test_many_stations_at_once_get_no_more_tries_than_one(door: Door) -> None:
    world = door.world
    stations = [door.station, *(world.station(door.gallery) for _ in range(11))]
    sessions = [world.session(station, "verify") for station in stations]

    def tried(number: int) -> str:
        path, form = f"/v1/sessions/{sessions[number]}/verify", {"external_reference": "ann"}
        answer = world.at(stations[number], "POST", path, files={"photo": WRONG}, data=form).json()
        return str(answer["reason"] or answer["decision"])

    assert Counter(at_once(len(stations), tried)) == {"NO_MATCH": 5, "too_many_tries": 7}


def test_the_right_face_that_was_being_looked_at_meanwhile_is_told_nothing(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, extract = door.world, door.world.faces.extract
    beside = world.station(door.gallery)

    def slowly(picture: bytes, **how: Any) -> Template:
        if picture == photo("ann", 2):
            assert {world.verify(beside, WRONG, "ann")["decision"] for _ in range(FREE_TRIES)} == {"NO_MATCH"}
        return extract(picture, **how)

    monkeypatch.setattr(world.faces, "extract", slowly)
    assert door.named(photo("ann", 2)) == "too_many_tries"


@pytest.mark.parametrize("other_way", ["pin", "qr"])
def test_a_face_that_was_disabled_serves_again_after_the_other_way(door: Door, other_way: str) -> None:
    door.disable()
    assert (door.named(photo("ann", 2)), door.oneself(photo("ann", 2))) == ("face_disabled", "face_disabled")
    door.world.clock.move(days=40)
    assert door.named(photo("ann", 2)) == "face_disabled"
    assert used(door, door.station, door.ann, other_way) == "MATCH"
    assert (door.named(photo("ann", 2)), door.oneself(photo("ann", 2))) == ("MATCH", "MATCH")


def used(door: Door, station: Device, person: Person, other_way: str) -> str:
    if other_way == "pin":
        return str(door.world.pin(station, person.reference, person.pin)["decision"])
    door.world.clock.move(seconds=3)
    path = f"/v1/sessions/{door.world.session(station)}/qr"
    return str(door.world.at(station, "POST", path, json={"qr": person.qr}).json()["decision"])


def test_somebody_elses_pin_and_a_wrong_one_free_nobody(door: Door) -> None:
    bob = door.world.active(door.gallery, "bob", photo("bob"))
    door.disable()
    assert used(door, door.station, bob, "pin") == "MATCH"
    assert door.world.pin(door.station, "ann", "000000")["decision"] == "NO_MATCH"
    assert (door.named(photo("ann", 2)), door.oneself(photo("ann", 2))) == ("face_disabled", "face_disabled")


def test_a_disabled_face_is_not_even_looked_at(door: Door) -> None:
    door.disable()
    before = len(door.world.faces.seen)
    door.named(photo("ann", 2))
    assert len(door.world.faces.seen) == before


def test_at_a_station_without_a_name_nobodys_tries_are_counted(door: Door) -> None:
    door.disable()
    assert door.world.identify(door.station, photo("ann", 2))["decision"] == "MATCH"


def test_a_new_pin_and_an_erasure_forget_all_tries(door: Door) -> None:
    door.disable()
    assert door.world.api("POST", f"/v1/subjects/{door.ann.subject_id}/credentials").status_code == 201
    assert door.world.sql("SELECT * FROM tries") == []
    door.disable()
    assert len(door.world.sql("SELECT * FROM tries")) == 2
    assert door.world.as_person(door.ann, "POST", "/v1/me/withdrawal").status_code == 204
    assert door.world.sql("SELECT * FROM tries") == []


def test_for_ones_own_data_an_attack_counts_and_a_qr_code_frees(passive: World) -> None:
    door = Door(passive, liveness="passive")

    def asked(picture: bytes) -> str:
        passive.clock.move(seconds=3)
        path = f"/v1/sessions/{passive.session(door.station, 'verify')}/own-data"
        form = {"external_reference": "ann", "pin": door.ann.pin}
        answer = passive.at(door.station, "POST", path, files={"photo": picture}, data=form).json()
        return str(answer["reason"] or answer["decision"])

    told = [asked(photo("ann", 2) + ATTACK) for _ in range(2 * FREE_TRIES + 1)]
    assert told == ["attack_suspected"] * 2 * FREE_TRIES + ["too_many_tries"]
    assert used(door, door.station, door.ann, "pin") == "MATCH"
    assert asked(photo("ann", 2)) == "too_many_tries"
    assert used(door, door.station, door.ann, "qr") == "MATCH"
    assert asked(photo("ann", 2)) == "MATCH"
