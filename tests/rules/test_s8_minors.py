"""Rule S8: for a minor a guardian agrees, in words of their own, and that ends on the day it was said to end."""

import io
import json
import zipfile
from datetime import UTC, timedelta
from typing import Any

import httpx2
import pytest
import rfc8785
from joserfc import jws
from joserfc.jwk import OKPKey
from sim.faces import DIMENSION, MODEL, photo
from support.again import run, who
from support.bundles import Foreign
from support.exporting import Quorum
from support.world import PURPOSE, Person, World, reopened_world, settings_in

from visavis.consent import receipt
from visavis.consent.sentences import ENGLISH


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
    assert terms["statement"] == ENGLISH.guardian


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
        (20, ENGLISH.person, ENGLISH.guardian),
        (None, ENGLISH.guardian, ENGLISH.person),
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
    assert terms["statement"] == ENGLISH.guardian
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


def grown_up(world: World, gallery: str) -> Person:
    """Somebody for whom a guardian agreed, on the day on which that ended; no purge has come yet."""
    kim = minor(world, gallery, days=3)
    world.clock.move(days=3)
    return kim


def nobody_is_left(world: World) -> None:
    assert world.services.withdraw.purge().subjects == 1
    for table in ("subjects", "subject_keys", "enrolments", "receipts", '"references"', "credentials"):
        assert run(world, "SELECT count(*) FROM {}", table) == [(0,)], table


@pytest.mark.parametrize("invited", [pytest.param(False, marks=pytest.mark.slow), True])
def test_s8_whoever_waits_for_a_guardians_answer_is_erased_on_that_day(world: World, *, invited: bool) -> None:
    gallery = world.gallery()
    if invited:
        day = (world.clock.now().astimezone(UTC).date() + timedelta(days=3)).isoformat()
        asked = {"external_reference": "kim", "guardian_until": day}
        answer = world.made(f"/v1/galleries/{gallery}/invitations", asked, status=202)
        link = answer["enrol_link"].partition("#")[2]
        sent = world.link("POST", "/v1/consent/photos", link, files={"photos": photo("kim")})
        assert sent.json()["held"] == 1
    else:
        link = secret_of(ask(world, gallery, days=3))
    world.clock.move(days=3)
    for method, path in (("GET", "/v1/consent"), ("POST", "/v1/consent/refusal"), ("DELETE", "/v1/consent/photos")):
        assert world.link(method, path, link).json()["code"] == "link_unknown"
    nobody_is_left(world)


@pytest.mark.slow
@pytest.mark.parametrize("invited", [False, True])
def test_s8_more_photos_wait_no_longer_than_the_guardians_day(world: World, *, invited: bool) -> None:
    """Also where whoever asked for them named no day: their link lasts longer, what it shows does not."""
    gallery = world.gallery()
    kim = minor(world, gallery, days=3)
    if invited:
        answer = world.made(f"/v1/galleries/{gallery}/invitations", {"external_reference": "kim"}, status=202)
        link = answer["enrol_link"].partition("#")[2]
    else:
        link = secret_of(ask(world, gallery, days=None, number=2))
    world.clock.move(days=3)
    if invited:
        sent = world.link("POST", "/v1/consent/photos", link, files={"photos": photo("kim", 2)})
        assert sent.json()["code"] == "consent_expired"
    assert world.countersign(link, kim.key).json()["code"] == "consent_expired"
    nobody_is_left(world)


def test_s8_after_that_day_no_pin_and_no_qr_code_serves(world: World) -> None:
    gallery = world.gallery()
    station = world.station(gallery)
    kim = minor(world, gallery, days=3)
    assert world.pin(station, "kim", kim.pin)["decision"] == "MATCH"
    world.clock.move(days=3)
    assert world.pin(station, "kim", kim.pin)["decision"] == "NO_MATCH"
    world.clock.move(seconds=3)
    path = f"/v1/sessions/{world.session(station)}/qr"
    answer = world.at(station, "POST", path, json={"qr": kim.qr}).json()
    assert (answer["decision"], answer["subject"]) == ("NO_MATCH", None)
    nobody_is_left(world)


def test_s8_after_that_day_no_session_of_their_own_matches(world: World) -> None:
    gallery = world.gallery()
    kim = minor(world, gallery, days=3)
    world.clock.move(days=3, seconds=-60)
    made = world.made("/v1/personal-sessions", {"subject_id": kim.subject_id, "attended": True})
    opening = {"link_secret": made["link"].partition("#session=")[2]}
    assert world.as_person(kim, "POST", "/v1/personal-sessions/opening", json=opening).status_code == 200
    world.clock.move(seconds=60)
    path = f"/v1/personal-sessions/{made['session_id']}/verify"
    answer = world.as_person(kim, "POST", path, files={"photo": photo("kim", 2)}).json()
    assert (answer["decision"], answer["subject"]) == ("NO_MATCH", None)


@pytest.mark.slow
def test_s8_after_that_day_nobody_who_was_held_is_let_through(world: World) -> None:
    gallery = world.gallery()
    station = world.station(gallery)
    world.active(gallery, "ann", photo("ann"))
    form = {"external_reference": "kim", "guardian_until": (world.clock.now().date() + timedelta(days=3)).isoformat()}
    asked = world.api(
        "POST", f"/v1/galleries/{gallery}/enrolments", data=form, files={"photos": photo("kim", twin_of="ann")}
    )
    agreed = world.countersign(secret_of(asked)).json()
    assert world.state(agreed["subject_id"]) == "HELD"
    world.clock.move(days=3)
    (review,) = world.api("GET", "/v1/reviews").json()["items"]
    assert world.api("POST", f"/v1/reviews/{review['id']}/resolution", json={"resolution": "activate"}).is_success
    assert who(world, station, photo("kim", 2)) is None
    assert world.pin(station, "kim", agreed["other_way"]["pin"])["decision"] == "NO_MATCH"
    assert world.services.withdraw.purge().subjects == 1
    assert who(world, station, photo("kim", 2)) is None


@pytest.mark.slow
def test_s8_a_guardian_agrees_to_no_document_check(world: World) -> None:
    """Whoever holds the document grants the check of it, once, in their own words; a guardian's are refused."""
    checker = world.station(purpose_id=world.purpose(target_kind="fmr", target=1e-4))
    opened = world.at(checker, "POST", "/v1/sessions", json={"kind": "document_check"}).json()
    secret = opened["grant_link"].partition("#")[2]
    key = OKPKey.generate_key("Ed25519")
    good = world.grant(secret, key=key)
    said = jws.extract_compact(good.encode())
    payload = {**json.loads(said.payload), "statement": ENGLISH.guardian}
    token = jws.serialize_compact(said.headers(), rfc8785.dumps(payload), key, algorithms=["Ed25519"])
    assert world.link("POST", "/v1/grant", secret, json={"grant": token}).json()["code"] == "consent_forged"
    assert world.link("POST", "/v1/grant", secret, json={"grant": good}).status_code == 200


@pytest.mark.slow
def test_s8_their_archive_says_until_when_and_is_gone_after_that_day(world: World) -> None:
    kim = minor(world, world.gallery(), days=3)
    day = (world.clock.now().astimezone(UTC).date() + timedelta(days=3)).isoformat()
    with zipfile.ZipFile(io.BytesIO(world.as_person(kim, "GET", "/v1/me/archive").content)) as archive:
        told = json.loads(archive.read("about-you.json"))
    (held,) = told["receipts"]
    assert str(receipt.claimed_guardian_until(held["offer"])) == day
    world.clock.move(days=3)
    nobody_is_left(world)
    assert world.as_person(kim, "GET", "/v1/me/archive").json()["code"] == "signature_refused"
    assert world.api("POST", f"/v1/subjects/{kim.subject_id}/archive").json()["code"] == "not_found"


@pytest.mark.parametrize("days", [20, pytest.param(0, marks=pytest.mark.slow)])
def test_s8_in_a_bundle_the_guardians_day_counts_as_it_was_signed(world: World, days: int) -> None:
    """Whoever comes in a bundle of another place is asked anew there; whose day has come is left out."""
    foreign = Foreign(now=world.clock.now(), words=str(PURPOSE["text"]), model_id=MODEL, dimension=DIMENSION)
    until = (world.clock.now().astimezone(UTC).date() + timedelta(days=days)).isoformat()
    person = foreign.line("person", foreign.person(offer={"guardian": {"until": until}}))
    body = {
        "controller_key": str(foreign.key.as_dict(private=False)["x"]),
        "header": foreign.line("header", foreign.header()).decode(),
        "people": [person.decode()],
    }
    gallery = world.gallery()
    imported = world.made(f"/v1/galleries/{gallery}/imports", {"name": "bundle"}, status=200)
    answer = world.api("POST", f"/v1/imports/{imported['id']}/bundle", json=body)
    ((outcome, code),) = [(row["outcome"], row["code"]) for row in answer.json()["people"]]
    if not days:
        assert (outcome, code) == ("LEFT_OUT", "consent_expired")
        return
    assert (outcome, code) == ("PENDING", None)
    (row,) = world.api("GET", f"/v1/imports/{imported['id']}/links").json()["items"]
    asked = world.link("GET", "/v1/consent", row["consent_link"].partition("#")[2]).json()
    assert (asked["record"]["guardian"]["until"], asked["statement"]) == (until, ENGLISH.guardian)


@pytest.mark.slow
def test_s8_nobody_whose_day_has_come_leaves_in_a_bundle(world: World) -> None:
    gallery = world.gallery()
    world.active(gallery, "ann", photo("ann"))
    grown_up(world, gallery)
    quorum = Quorum.over(world)
    told = [json.loads(line) for line in quorum.plain(quorum.bundle(gallery))]
    assert [line["person"]["external_reference"] for line in told if "person" in line] == ["ann"]


@pytest.mark.slow
def test_s8_who_moves_in_with_a_bundle_brings_the_guardians_day_along(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The same installation again, from a backup of before: what was signed counts, and ends on its day."""
    gallery = world.gallery()
    copied = tmp_path_factory.mktemp("before")
    world.copied_to(copied)
    minor(world, gallery, days=20)
    quorum = Quorum.over(world)
    header, person, _ = quorum.plain(quorum.bundle(gallery))
    controller = quorum.controller
    with reopened_world(copied, settings_in(copied), world.secret) as moved:
        imported = moved.made(f"/v1/galleries/{gallery}/imports", {"name": "bundle"}, status=200)
        body = {"controller_key": controller, "header": header.decode(), "people": [person.decode()]}
        answer = moved.api("POST", f"/v1/imports/{imported['id']}/bundle", json=body).json()
        assert [row["outcome"] for row in answer["people"]] == ["MOVED"]
        station = moved.station(gallery)
        assert who(moved, station, photo("kim", 2)) == "kim"
        moved.clock.move(days=20)
        assert who(moved, station, photo("kim", 2)) is None
        nobody_is_left(moved)


def test_s8_an_import_takes_nobody_for_whom_a_guardian_has_to_agree(world: World) -> None:
    """Its links ask for one's own consent: who says that somebody is a minor must not be passed over."""
    opened = world.made(f"/v1/galleries/{world.gallery()}/imports", {"name": "school"}, status=200)
    path, files = f"/v1/imports/{opened['id']}/entries", {"photos": photo("kim")}
    for day in ("2031-05-01", "", "soon"):
        form = {"external_reference": "kim", "guardian_until": day}
        refused = world.api("POST", path, files=files, data=form)
        assert (refused.status_code, refused.json()["code"]) == (422, "request_invalid"), day
        assert "an import asks no guardian" in refused.json()["detail"]
    assert world.sql("SELECT id FROM subjects") == []
    assert world.api("POST", path, files=files, data={"external_reference": "ann"}).json()["outcome"] == "PENDING"
