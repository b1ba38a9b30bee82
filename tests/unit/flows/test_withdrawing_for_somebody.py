"""Who withdraws for somebody says how they know that the person wants it."""

from typing import Any

import pytest
from sim.faces import photo
from support.again import dump
from support.world import Person, World

from visavis.flows.record import servers_openings
from visavis.model.errors import VisavisError

WHY = "asked at the desk, with their passport"


def withdraw(world: World, person: Person, reason: str = WHY) -> Any:
    headers = {"Visavis-Reason": reason}
    return world.api("POST", f"/v1/subjects/{person.subject_id}/withdrawal", headers=headers)


def proof(world: World, person: Person) -> dict[str, Any]:
    told: dict[str, Any] = world.api("GET", f"/v1/erasures/{person.subject_id}").json()
    return told


def kept(world: World, person: Person) -> list[dict[str, Any]]:
    with world.services.store.read() as tx:
        found = servers_openings(tx, keyring=world.services.keyring, of=person.subject_id.encode())
    return [dict(opening.details) for opening in found]


@pytest.fixture
def ann(world: World) -> Person:
    return world.active(world.gallery(), "ann", photo("ann"))


@pytest.mark.parametrize("reason", ["", "  ", "two%0Alines", "x" * 201, "%ff"])
def test_without_a_reason_nobody_is_withdrawn(world: World, ann: Person, reason: str) -> None:
    refused = withdraw(world, ann, reason)
    assert (refused.status_code, refused.json()["code"]) == (422, "reason_missing")
    assert world.as_person(ann, "GET", "/v1/me").is_success
    assert kept(world, ann) == []


def test_the_entry_commits_to_who_did_it_and_why_and_the_proof_of_the_erasure_tells(world: World, ann: Person) -> None:
    assert withdraw(world, ann).status_code == 204
    told = proof(world, ann)
    assert (told["reason"], told["withdrawn_by"], told["withdrawn_because"]) == ("withdrawn", "first", WHY)
    [entry] = kept(world, ann)
    assert (entry["by"], entry["reason"], entry["subject"]) == ("first", WHY, ann.subject_id)


def test_who_withdraws_themselves_is_asked_for_no_reason(world: World, ann: Person) -> None:
    assert world.as_person(ann, "POST", "/v1/me/withdrawal").status_code == 204
    told = proof(world, ann)
    assert (told["reason"], told["withdrawn_by"], told["withdrawn_because"]) == ("withdrawn", None, None)


def test_the_reason_goes_with_the_tombstone(world: World, ann: Person) -> None:
    withdraw(world, ann)
    world.clock.move(days=30)
    world.services.withdraw.purge()
    assert kept(world, ann)
    world.clock.move(days=1)
    world.services.withdraw.purge()
    assert (kept(world, ann), world.sql("SELECT * FROM tombstones")) == ([], [])


def test_the_reason_is_in_no_row_that_can_be_read(world: World, ann: Person) -> None:
    withdraw(world, ann)
    assert "passport" not in str(dump(world))


def test_a_reason_that_was_edited_is_not_told(world: World, ann: Person) -> None:
    withdraw(world, ann)
    world.sql("UPDATE log_openings SET sealed = zeroblob(length(sealed))")
    with pytest.raises(VisavisError):
        kept(world, ann)
    assert (proof(world, ann)["withdrawn_by"], proof(world, ann)["reason"]) == (None, "withdrawn")


def test_the_same_withdrawal_with_another_reason_is_another_request(world: World, ann: Person) -> None:
    path = f"/v1/subjects/{ann.subject_id}/withdrawal"
    answers = [
        world.api("POST", path, headers={"Idempotency-Key": "one", "Visavis-Reason": reason}).status_code
        for reason in (WHY, WHY, "something else")
    ]
    assert answers == [204, 204, 409]
