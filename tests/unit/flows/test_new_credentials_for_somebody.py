"""Whoever makes a new PIN and QR code for somebody could pass for them: the person sees who did it, and why."""

from typing import Any

import pytest
from sim.faces import photo
from support.console import colleague
from support.told import files_of
from support.world import Person, World

WHY = "lost the card, showed a passport"
MADE = {"Visavis-Reason": WHY}


@pytest.fixture
def ann(world: World) -> Person:
    return world.active(world.gallery(), "ann", photo("ann"))


def path_of(person: Person) -> str:
    return f"/v1/subjects/{person.subject_id}/credentials"


def entries(world: World, person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.as_person(person, "GET", "/v1/me/log").json()["items"]
    return found


def test_who_did_it_and_why_is_with_the_person_and_in_the_readings(world: World, ann: Person) -> None:
    eve = colleague(world, "eve", "operator")
    before = len(entries(world, ann))
    assert eve.call("POST", path_of(ann), headers=MADE).status_code == 201
    told = world.as_person(ann, "GET", "/v1/me").json()
    (seen,) = told["readings"]
    assert (seen["kind"], seen["key_name"], seen["reason"]) == ("credentials", "eve", WHY)
    listed = world.api("GET", "/v1/readings", params={"gallery_id": told["gallery_id"]}).json()["items"]
    (row,) = [one for one in listed if one["kind"] == "credentials"]
    assert (row["read_by"], row["subject_id"]) == (eve.account_id, ann.subject_id)
    reading, made = entries(world, ann)[before:]
    assert '"act":"credentials"' in reading["entry"]
    assert (reading["details"]["by"], reading["details"]["reason"]) == ("eve", WHY)
    assert '"event":"credential"' in made["entry"]
    assert (made["details"]["by"], made["details"]["by_id"]) == ("eve", eve.account_id)


def test_the_first_ones_stay_as_they_were(world: World, ann: Person) -> None:
    (first,) = [one for one in entries(world, ann) if '"event":"credential"' in one["entry"]]
    assert set(first["details"]) == {"at", "subject", "gallery"}
    assert world.as_person(ann, "GET", "/v1/me").json()["readings"] == []


@pytest.mark.parametrize("reason", [None, "", "x" * 201, "%0A"])
def test_without_a_reason_the_former_ones_stay(world: World, ann: Person, reason: str | None) -> None:
    headers = {"Authorization": f"Bearer {world.secret}", **({} if reason is None else {"Visavis-Reason": reason})}
    refused = world.http.request("POST", path_of(ann), headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "reason_missing")
    station = world.station(world.as_person(ann, "GET", "/v1/me").json()["gallery_id"])
    assert world.pin(station, "ann", ann.pin)["decision"] == "MATCH"
    assert len([one for one in entries(world, ann) if "credential" in one["entry"]]) == 1


def test_the_same_request_with_another_reason_is_another_one(world: World, ann: Person) -> None:
    answers = [
        world.api("POST", path_of(ann), headers={"Idempotency-Key": "one", "Visavis-Reason": reason})
        for reason in (WHY, WHY, "something else")
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 409]
    assert answers[0].json() == answers[1].json()


WORDS = {
    "en": (
        "A new PIN and QR code of yours, which were made for you",
        "A new PIN and QR code were made for you by first",
        "A new PIN and QR code of yours were shown to whoever made them",
        "You were given a PIN and a QR code",
    ),
    "de": (
        "Eine neue PIN und ein neuer QR-Code, die für Sie erstellt wurden",
        "Eine neue PIN und ein neuer QR-Code wurden für Sie erstellt von first",
        "Ihre neue PIN und Ihr neuer QR-Code wurden der Person gezeigt, die sie erstellt hat",
        "Sie haben eine PIN und einen QR-Code bekommen",
    ),
}


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_page_in_the_archive_tells_the_first_from_those_that_somebody_made(
    world: World, ann: Person, language: str
) -> None:
    assert world.api("POST", path_of(ann), headers=MADE).status_code == 201
    answer = world.as_person(ann, "GET", "/v1/me/archive", headers={"Accept-Language": language})
    page = files_of(answer)["about-you.html"].decode()
    assert [page.count(words) for words in WORDS[language]] == [1, 1, 1, 1]
    assert page.count(WHY) == 2, "beside the reading, and beside its entry"
