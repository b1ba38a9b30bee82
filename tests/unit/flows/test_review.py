"""What waits for a person, and what they can decide."""

from typing import Any

import pytest
from sim.faces import photo
from support.again import who
from support.enrol_page import invited
from support.logged import entries_of
from support.world import Device, Person, World

from visavis.audit.commitment import read_opened
from visavis.model.audit import Event
from visavis.protect.envelope import Context, unseal


@pytest.fixture
def gallery(world: World) -> str:
    return world.gallery()


@pytest.fixture
def ann(world: World, gallery: str) -> Person:
    return world.active(gallery, "ann", photo("ann"))


@pytest.fixture
def station(world: World, gallery: str, ann: Person) -> Device:
    assert ann.subject_id
    return world.station(gallery)


def waiting(world: World) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = world.api("GET", "/v1/reviews").json()["items"]
    return items


def resolve(world: World, review: dict[str, Any], resolution: str) -> int:
    path = f"/v1/reviews/{review['id']}/resolution"
    return world.api("POST", path, json={"resolution": resolution}).status_code


def test_photos_that_do_not_look_like_one_person_wait(world: World, gallery: str, station: Device) -> None:
    mixed = world.active(gallery, "mixed", photo("cat"), photo("dog"))
    (review,) = waiting(world)
    assert (review["kind"], review["subject_id"], review["other_subject_id"]) == (
        "photos_differ",
        mixed.subject_id,
        None,
    )
    assert who(world, station, photo("cat", 2)) is None
    assert resolve(world, review, "activate") == 204
    assert who(world, station, photo("cat", 2)) == "mixed"
    assert waiting(world) == []


def test_later_photos_that_do_not_look_like_the_person_wait_and_the_rest_goes_on(
    world: World, gallery: str, station: Device, ann: Person
) -> None:
    world.countersign(world.pending(gallery, "ann", photo("dog")), ann.key)
    (review,) = waiting(world)
    assert review["kind"] == "photos_differ"
    assert world.state(ann.subject_id) == "ACTIVE"
    assert who(world, station, photo("ann", 2)) == "ann"
    assert who(world, station, photo("dog", 2)) is None
    assert resolve(world, review, "erase") == 204
    assert who(world, station, photo("ann", 2)) == "ann"
    assert world.sql('SELECT count(*) FROM "references"') == [(1,)]


def test_a_probable_duplicate_that_is_erased_leaves_a_tombstone_and_nothing_else(
    world: World, gallery: str, station: Device, ann: Person
) -> None:
    double = world.active(gallery, "double", photo("ann", 5))
    (review,) = waiting(world)
    assert (review["kind"], review["other_subject_id"]) == ("probable_duplicate", ann.subject_id)
    assert resolve(world, review, "erase") == 204
    assert world.api("GET", f"/v1/subjects/{double.subject_id}").status_code == 404
    assert world.sql("SELECT reason FROM tombstones") == [("review",)]
    assert who(world, station, photo("ann", 6)) == "ann"


def test_a_twin_who_is_activated_makes_look_alikes_that_nobody_picks(
    world: World, gallery: str, station: Device, ann: Person
) -> None:
    twin = world.active(gallery, "twin", photo("twin", 1, twin_of="ann"))
    assert resolve(world, waiting(world)[0], "activate") == 204
    for _ in range(2):
        answer = world.identify(station, photo("ann", 2))
        assert (answer["decision"], answer["reason"], answer["subject"]) == ("REVIEW", "look_alike", None)
    (review,) = waiting(world)
    assert {review["subject_id"], review["other_subject_id"]} == {ann.subject_id, twin.subject_id}
    verified = world.verify(station, photo("ann", 2), "ann")
    assert (verified["decision"], verified["reason"], verified["subject"]) == ("REFUSED", "second_factor", None)
    assert world.pin(station, "ann", ann.pin)["decision"] == "MATCH"
    assert resolve(world, review, "noted") == 204
    assert waiting(world) == []


@pytest.mark.parametrize("resolution", ["noted", "delete", ""])
@pytest.mark.usefixtures("ann")
def test_a_resolution_that_does_not_fit_changes_nothing(world: World, gallery: str, resolution: str) -> None:
    world.active(gallery, "double", photo("ann", 5))
    (review,) = waiting(world)
    assert resolve(world, review, resolution) == 422
    assert waiting(world) == [review]


def test_look_alikes_take_no_resolution_of_an_enrolment(world: World, gallery: str, station: Device) -> None:
    world.active(gallery, "twin", photo("twin", 1, twin_of="ann"))
    resolve(world, waiting(world)[0], "activate")
    world.identify(station, photo("ann", 2))
    (review,) = waiting(world)
    for resolution in ("activate", "erase"):
        assert resolve(world, review, resolution) == 422
    assert resolve(world, {"id": "rev_x"}, "noted") == 404


def test_whoever_withdraws_takes_their_reviews_along(world: World, gallery: str, ann: Person) -> None:
    double = world.active(gallery, "double", photo("ann", 5))
    world.as_person(ann, "POST", "/v1/me/withdrawal")
    (review,) = waiting(world)
    assert (review["subject_id"], review["other_subject_id"]) == (double.subject_id, None)
    world.as_person(double, "POST", "/v1/me/withdrawal")
    assert waiting(world) == []


def test_whoever_was_served_without_a_face_still_is_when_an_operator_erases_it(
    world: World, gallery: str, station: Device, ann: Person
) -> None:
    answer = world.made(f"/v1/galleries/{gallery}/without-face", {"external_reference": "bea"})
    world.clock.move(seconds=1)
    world.countersign(world.pending(gallery, "bea", photo("bea", twin_of="ann")))
    (review,) = waiting(world)
    assert review["other_subject_id"] == ann.subject_id
    assert resolve(world, review, "erase") == 204
    assert world.state(answer["subject_id"]) == "WITHOUT_FACE"
    assert world.pin(station, "bea", answer["other_way"]["pin"])["decision"] == "MATCH"


def test_who_decided_and_why_is_sealed_into_the_entry_and_kept_as_long_as_decisions(
    world: World, gallery: str, ann: Person
) -> None:
    assert world.active(gallery, "double", photo("ann", 5)).subject_id != ann.subject_id
    (review,) = waiting(world)
    path = f"/v1/reviews/{review['id']}/resolution"
    for reason in ("", "  ", "two\nlines", "x" * 201):
        refused = world.api("POST", path, json={"resolution": "erase", "reason": reason})
        assert (refused.status_code, refused.json()["code"]) == (422, "reason_missing"), reason
    assert waiting(world) == [review], "a reason that is none decides nothing"
    why = "one person came, with both letters"
    assert world.api("POST", path, json={"resolution": "erase", "reason": why}).status_code == 204
    entries = entries_of(world.services.store)
    (index,) = [at for at, entry in enumerate(entries) if entry.event is Event.REVIEW]
    assert entries[index].fields == {"act": "erase"}, "nobody else is told why"
    with world.services.store.read() as tx:
        (opening,) = [one for one in tx.openings.find() if one.entry_index == index]
        retention = tx.purposes.get(tx.galleries.get(gallery).purpose_id).retention
    assert why.encode() not in opening.sealed
    assert opening.expires_at == world.clock.now() + retention
    secret = world.services.keyring.secret_tag("", use="log openings of the server")
    told = unseal(opening.sealed, key=secret, context=Context("log opening", (opening.id, str(index))), key_version=0)
    assert read_opened(told).details["by"] == "first"
    assert read_opened(told).details["reason"] == why


def test_a_case_tells_whether_the_photos_came_by_an_invitation(world: World, gallery: str, ann: Person) -> None:
    assert ann.subject_id
    brought = world.active(gallery, "double", photo("ann", 5))
    link = invited(world, gallery, "at home")
    world.send(link, photo("ann", 6))
    sent = world.countersign(link).json()["subject_id"]
    told = {review["subject_id"]: review["by_invitation"] for review in waiting(world)}
    assert told == {brought.subject_id: False, sent: True}
    world.sql("UPDATE log_openings SET sealed = zeroblob(length(sealed))")
    assert {review["by_invitation"] for review in waiting(world)} == {None}, "what was edited tells nothing"
    world.sql("UPDATE subject_keys SET wrapped = zeroblob(length(wrapped))")
    assert {review["by_invitation"] for review in waiting(world)} == {None}


def test_who_is_asked_anew_by_an_invitation_sent_the_photos(world: World, gallery: str, ann: Person) -> None:
    """The newest offer counts: the photos of the one before are forgotten."""
    assert ann.subject_id
    world.pending(gallery, "at home", photo("ann", 5))
    link = invited(world, gallery, "at home")
    world.send(link, photo("ann", 6))
    assert world.countersign(link).is_success
    (review,) = waiting(world)
    assert review["by_invitation"] is True


def test_a_look_alike_is_of_no_enrolment(world: World, gallery: str, station: Device) -> None:
    world.active(gallery, "twin", photo("twin", 1, twin_of="ann"))
    resolve(world, waiting(world)[0], "activate")
    world.identify(station, photo("ann", 2))
    (review,) = waiting(world)
    assert (review["kind"], review["by_invitation"]) == ("look_alike", None)
