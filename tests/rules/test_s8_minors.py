"""Rule S8: for a minor a guardian agrees, in words of their own, and that ends on the day it was said to end."""

from datetime import UTC, timedelta
from typing import Any

import httpx2
import pytest
import rfc8785
from joserfc import jws
from joserfc.jwk import OKPKey
from sim.faces import photo
from support.again import who
from support.world import Person, World

from visavis.consent import receipt


def ask(world: World, gallery: str, *, days: int | None, reference: str = "kim", number: int = 1) -> httpx2.Response:
    form = {"external_reference": reference}
    if days is not None:
        form["guardian_until"] = (world.clock.now().astimezone(UTC).date() + timedelta(days=days)).isoformat()
    files = [("photos", ("1.jpg", photo(reference, number), "image/jpeg"))]
    return world.api("POST", f"/v1/galleries/{gallery}/enrolments", data=form, files=files)


def secret_of(answer: httpx2.Response) -> str:
    assert answer.status_code == 202, answer.text
    return str(answer.json()["consent_link"].partition("#")[2])


def agreed_with(world: World, link: str, statement: str, key: OKPKey) -> httpx2.Response:
    """The answer to a countersignature that says ``statement``."""
    offer = world.link("GET", "/v1/consent", link).json()["offer"]
    good = receipt.countersign(offer, subject_key=key, now=world.clock.now())
    said: dict[str, Any] = jws.extract_compact(good.encode()).headers()
    payload = {"offer_sha256": receipt._digest(offer), "statement": statement, "given_at": "2026-01-01T00:00:00Z"}
    token = jws.serialize_compact(said, rfc8785.dumps(payload), key, algorithms=["Ed25519"])
    return world.link("POST", "/v1/consent/countersignature", link, json={"countersignature": token})


def minor(world: World, gallery: str, *, days: int) -> Person:
    key = OKPKey.generate_key("Ed25519")
    agreed = world.countersign(secret_of(ask(world, gallery, days=days)), key)
    assert agreed.status_code == 200, agreed.text
    way = agreed.json()["other_way"]
    return Person(agreed.json()["subject_id"], "kim", key, way["pin"], way["qr"])


def test_s8_the_offer_says_that_a_guardian_agrees_and_ends_with_that_day(world: World) -> None:
    terms = world.link("GET", "/v1/consent", secret_of(ask(world, world.gallery(), days=20))).json()
    day = terms["record"]["guardian"]["until"]
    assert terms["record"]["valid_until"] == f"{day}T00:00:00Z"
    assert terms["statement"] == receipt.GUARDIAN_STATEMENT


def test_s8_a_day_beyond_the_retention_does_not_prolong_it(world: World) -> None:
    gallery = world.gallery()
    ordinary = world.link("GET", "/v1/consent", secret_of(ask(world, gallery, days=None, reference="ann"))).json()
    terms = world.link("GET", "/v1/consent", secret_of(ask(world, gallery, days=7000))).json()
    assert terms["record"]["valid_until"] == ordinary["record"]["valid_until"]
    assert "guardian" not in ordinary["record"]


def test_s8_a_link_lasts_no_longer_than_the_consent(world: World) -> None:
    answer = ask(world, world.gallery(), days=2).json()
    assert answer["expires_at"] <= (world.clock.now() + timedelta(days=2)).isoformat()


@pytest.mark.parametrize("days", [-1, 0, 21 * 366 + 1])
def test_s8_a_day_that_is_over_or_too_far_is_refused(world: World, days: int) -> None:
    refused = ask(world, world.gallery(), days=days)
    assert (refused.status_code, refused.json()["code"]) == (422, "request_invalid")
    assert world.sql("SELECT count(*) FROM subjects") == [(0,)]


@pytest.mark.parametrize(
    ("days", "wrong", "right"),
    [
        (20, receipt.STATEMENT, receipt.GUARDIAN_STATEMENT),
        (None, receipt.GUARDIAN_STATEMENT, receipt.STATEMENT),
    ],
)
def test_s8_the_other_statement_is_refused(world: World, days: int | None, wrong: str, right: str) -> None:
    link, key = secret_of(ask(world, world.gallery(), days=days)), OKPKey.generate_key("Ed25519")
    assert agreed_with(world, link, wrong, key).json()["code"] == "consent_forged"
    assert agreed_with(world, link, right, key).status_code == 200


def test_s8_after_that_day_nobody_is_recognised_and_everything_is_erased(world: World) -> None:
    gallery = world.gallery()
    station = world.station(gallery)
    minor(world, gallery, days=3)
    assert who(world, station, photo("kim", 2)) == "kim"
    world.clock.move(days=3)
    assert who(world, station, photo("kim", 2)) is None
    assert world.services.withdraw.purge().subjects == 1
    assert world.sql('SELECT count(*) FROM "references"') == [(0,)]


def test_s8_the_guardians_key_withdraws(world: World) -> None:
    kim = minor(world, world.gallery(), days=20)
    assert world.as_person(kim, "POST", "/v1/me/withdrawal").status_code == 204


@pytest.mark.parametrize("days", [None, 400])
def test_s8_later_photos_do_not_turn_it_into_a_consent_that_lasts_longer(world: World, days: int | None) -> None:
    gallery = world.gallery()
    kim = minor(world, gallery, days=20)
    link = secret_of(ask(world, gallery, days=days, number=2))
    terms = world.link("GET", "/v1/consent", link).json()
    assert terms["record"]["guardian"]["until"] == (world.clock.now().date() + timedelta(days=20)).isoformat()
    assert terms["statement"] == receipt.GUARDIAN_STATEMENT
    assert world.countersign(link, kim.key).status_code == 200


def test_s8_the_same_request_with_another_day_is_another_request(world: World) -> None:
    gallery, once = world.gallery(), {"Idempotency-Key": "once"}
    codes = []
    for until in (20, 30):
        day = (world.clock.now().date() + timedelta(days=until)).isoformat()
        form = {"external_reference": "kim", "guardian_until": day}
        files = [("photos", ("1.jpg", photo("kim"), "image/jpeg"))]
        path = f"/v1/galleries/{gallery}/enrolments"
        codes.append(world.api("POST", path, data=form, files=files, headers=once).status_code)
    assert codes[0] == 202
    assert codes[1] != 202
