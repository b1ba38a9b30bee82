"""Who agrees to go on is recognised by the same references, under a new receipt, and nothing goes on by itself."""

from datetime import UTC, timedelta
from typing import Any

import httpx2
import pytest
from joserfc.jwk import OKPKey
from sim.faces import photo
from support.logged import entries_of, require_sound
from support.world import Person, World

from visavis.consent.receipt import _claimed as record_in
from visavis.consent.receipt import countersign, sign_offer

DAYS = 90
SOON = DAYS - 10


def receipts(world: World, person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.as_person(person, "GET", "/v1/me").json()["receipts"]
    return found


def terms(world: World, person: Person, receipt_id: str | None = None) -> httpx2.Response:
    receipt_id = receipt_id or receipts(world, person)[0]["receipt_id"]
    return world.as_person(person, "GET", f"/v1/me/receipts/{receipt_id}/renewal")


def renew(world: World, person: Person, receipt_id: str, offer: str, *, key: OKPKey | None = None) -> httpx2.Response:
    signed = countersign(offer, subject_key=key or person.key, now=world.clock.now())
    body = {"offer": offer, "countersignature": signed}
    return world.as_person(person, "POST", f"/v1/me/receipts/{receipt_id}/renewal", json=body)


@pytest.fixture
def ann(world: World) -> Person:
    return world.active(world.gallery(retention_days=DAYS), "ann", photo("ann"))


def test_who_goes_on_is_recognised_beyond_the_first_end(world: World, ann: Person) -> None:
    world.clock.move(days=SOON)
    me = world.as_person(ann, "GET", "/v1/me").json()
    (old,) = me["receipts"]
    assert me["renewable"] == [old["receipt_id"]]
    asked = terms(world, ann).json()
    assert record_in(asked["offer"])["renews"] == old["receipt_id"]
    before = len(entries_of(world.services.store))
    made = renew(world, ann, old["receipt_id"], asked["offer"])
    assert made.status_code == 200, made.text
    assert [entry.event.value for entry in entries_of(world.services.store)[before:]] == ["offer", "grant"]
    assert receipts(world, ann) == [made.json()]
    assert len(world.as_person(ann, "GET", "/v1/me").json()["references"]) == 1
    world.clock.move(days=20)
    world.services.withdraw.purge()
    station = world.station(me["gallery_id"])
    assert world.identify(station, photo("ann", 2))["decision"] == "MATCH"
    assert world.as_person(ann, "POST", "/v1/me/withdrawal").status_code == 204
    assert world.identify(station, photo("ann", 3))["decision"] == "NO_MATCH"
    require_sound(world)


def test_an_offer_that_nobody_answered_changes_nothing(world: World, ann: Person) -> None:
    world.clock.move(days=SOON)
    gallery = world.as_person(ann, "GET", "/v1/me").json()["gallery_id"]
    assert terms(world, ann).is_success
    world.clock.move(days=11)
    assert world.identify(world.station(gallery), photo("ann", 2))["decision"] == "NO_MATCH"
    world.services.withdraw.purge()
    assert terms(world, ann, "rec_" + "a" * 26).json()["code"] == "signature_refused"


@pytest.mark.slow
def test_too_early_is_refused(world: World, ann: Person) -> None:
    world.clock.move(days=DAYS - 31)
    assert terms(world, ann).json()["code"] == "renewal_too_early"
    assert world.as_person(ann, "GET", "/v1/me").json()["renewable"] == []


@pytest.mark.slow
def test_a_consent_that_is_over_is_not_revived(world: World, ann: Person) -> None:
    world.clock.move(days=SOON)
    (old,) = receipts(world, ann)
    offer = terms(world, ann).json()["offer"]
    world.clock.move(days=11)
    assert not renew(world, ann, old["receipt_id"], offer).is_success
    assert terms(world, ann).json()["code"] == "consent_expired"


def test_only_the_same_key_goes_on(world: World, ann: Person) -> None:
    world.clock.move(days=SOON)
    (old,) = receipts(world, ann)
    offer = terms(world, ann).json()["offer"]
    refused = renew(world, ann, old["receipt_id"], offer, key=OKPKey.generate_key("Ed25519"))
    assert refused.json()["code"] == "consent_forged"
    assert receipts(world, ann) == [old]


@pytest.mark.slow
def test_an_offer_is_good_for_its_receipt_its_text_and_an_hour(world: World, ann: Person) -> None:
    world.clock.move(days=SOON)
    me = world.as_person(ann, "GET", "/v1/me").json()
    old = me["receipts"][0]["receipt_id"]
    first = me["receipts"][0]["offer"]
    assert renew(world, ann, old, first).json()["code"] == "renewal_outdated"  # it renews nothing
    stale = terms(world, ann).json()["offer"]
    world.clock.move(hours=1)
    assert renew(world, ann, old, stale).json()["code"] == "renewal_outdated"
    earlier = terms(world, ann).json()["offer"]
    world.made(f"/v1/purposes/{me['purpose_id']}/texts", {"text": "Other words."})
    assert renew(world, ann, old, earlier).json()["code"] == "renewal_outdated"
    now = terms(world, ann).json()["offer"]
    assert record_in(now)["pii_processing"]["privacy_notice"]["text"] == "Other words."
    stranger = sign_offer(record_in(now), controller_key=OKPKey.generate_key("Ed25519"))
    assert renew(world, ann, old, stranger).json()["code"] == "consent_forged"
    assert renew(world, ann, old, now).is_success


@pytest.mark.slow
def test_the_same_answer_again_is_answered_alike_and_another_is_not(world: World, ann: Person) -> None:
    world.clock.move(days=SOON)
    (old,) = receipts(world, ann)
    one, other = (terms(world, ann).json()["offer"] for _ in range(2))
    signed = countersign(one, subject_key=ann.key, now=world.clock.now())
    path, body = f"/v1/me/receipts/{old['receipt_id']}/renewal", {"offer": one, "countersignature": signed}
    answers = [world.as_person(ann, "POST", path, json=body) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[1].is_success
    assert renew(world, ann, old["receipt_id"], other).status_code == 404
    assert len(receipts(world, ann)) == 1


@pytest.mark.slow
def test_nobody_renews_what_is_somebody_elses(world: World, ann: Person) -> None:
    gallery = world.as_person(ann, "GET", "/v1/me").json()["gallery_id"]
    bob = world.active(gallery, "bob", photo("bob"))
    world.clock.move(days=SOON)
    (his,) = receipts(world, bob)
    assert terms(world, ann, his["receipt_id"]).status_code == 404
    offer = terms(world, bob).json()["offer"]
    assert renew(world, ann, his["receipt_id"], offer).status_code in {403, 404}
    mine = receipts(world, ann)[0]["receipt_id"]
    assert renew(world, ann, mine, offer).json()["code"] == "renewal_outdated"


@pytest.mark.slow
def test_s8_a_guardians_day_does_not_move(world: World) -> None:
    gallery, key = world.gallery(retention_days=DAYS), OKPKey.generate_key("Ed25519")
    day = (world.clock.now().astimezone(UTC).date() + timedelta(days=DAYS + 5)).isoformat()
    files = [("photos", ("1.jpg", photo("kim"), "image/jpeg"))]
    form = {"external_reference": "kim", "guardian_until": day}
    asked = world.api("POST", f"/v1/galleries/{gallery}/enrolments", data=form, files=files)
    agreed = world.countersign(asked.json()["consent_link"].partition("#")[2], key).json()
    kim = Person(agreed["subject_id"], "kim", key, agreed["other_way"]["pin"], agreed["other_way"]["qr"])
    world.clock.move(days=SOON)
    offered = terms(world, kim).json()
    assert record_in(offered["offer"])["guardian"] == {"until": day}
    made = renew(world, kim, receipts(world, kim)[0]["receipt_id"], offered["offer"])
    assert made.json()["expires_at"][:10] == day
    assert terms(world, kim).json()["code"] == "renewal_no_later"
    world.clock.move(days=16)
    assert world.identify(world.station(gallery), photo("kim", 2))["decision"] == "NO_MATCH"


def test_s8_a_nearer_day_that_a_guardian_agreed_to_meanwhile_is_not_passed_by(world: World, ann: Person) -> None:
    world.clock.move(days=SOON)
    (old,) = receipts(world, ann)
    offered = terms(world, ann).json()
    day = (world.clock.now().astimezone(UTC).date() + timedelta(days=20)).isoformat()
    gallery = world.as_person(ann, "GET", "/v1/me").json()["gallery_id"]
    files = [("photos", ("2.jpg", photo("ann", 2), "image/jpeg"))]
    form = {"external_reference": "ann", "guardian_until": day}
    asked = world.api("POST", f"/v1/galleries/{gallery}/enrolments", data=form, files=files)
    assert world.countersign(asked.json()["consent_link"].partition("#")[2], ann.key).is_success
    refused = renew(world, ann, old["receipt_id"], offered["offer"])
    assert refused.json()["code"] == "renewal_outdated"
    again = terms(world, ann, old["receipt_id"]).json()
    assert record_in(again["offer"])["guardian"] == {"until": day}
    assert renew(world, ann, old["receipt_id"], again["offer"]).json()["expires_at"][:10] == day


@pytest.mark.slow
def test_s3_whoever_has_to_be_looked_at_first_renews_as_everybody_does(world: World, ann: Person) -> None:
    gallery = world.as_person(ann, "GET", "/v1/me").json()["gallery_id"]
    twin = world.active(gallery, "twin", photo("ann", 4))
    (review,) = world.api("GET", "/v1/reviews").json()["items"]
    world.clock.move(days=SOON)
    (old,) = receipts(world, twin)
    assert renew(world, twin, old["receipt_id"], terms(world, twin).json()["offer"]).is_success
    (still,) = world.api("GET", "/v1/reviews").json()["items"]
    assert still["id"] == review["id"]
    assert world.state(twin.subject_id) == "HELD"
    answered = world.api("POST", f"/v1/reviews/{review['id']}/resolution", json={"resolution": "activate"})
    assert answered.is_success, answered.text
    assert world.state(twin.subject_id) == "ACTIVE"
