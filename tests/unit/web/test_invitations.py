"""Enrolling at home: an invitation, photos through its link, and then the person's answer."""

from datetime import UTC, timedelta
from typing import Any

import httpx2
import pytest
from joserfc.jwk import OKPKey
from sim.faces import BROKEN, CROWD, NOBODY, photo
from support.again import run, who
from support.attackers import at_once
from support.logged import require_sound
from support.world import Person, World

from visavis.model.consent import INVITES
from visavis.model.template import Template
from visavis.web.body import STRANGERS_BODY
from visavis.web.rates import Rates

PHOTOS = "/v1/consent/photos"
BOUNDS = {"at_least": 1, "at_most": 5}


@pytest.fixture
def gallery(world: World) -> str:
    return world.gallery()


def invite(world: World, gallery: str, reference: str, **more: Any) -> httpx2.Response:
    body = {"external_reference": reference, **more}
    return world.api("POST", f"/v1/galleries/{gallery}/invitations", json=body)


def invited(world: World, gallery: str, reference: str) -> str:
    """Somebody invited, and the secret of their link."""
    answer = invite(world, gallery, reference)
    assert answer.status_code == 202, answer.text
    address, _, secret = answer.json()["enrol_link"].partition("#")
    assert address.endswith("/enrol")
    return str(secret)


def send(world: World, link: str, *photos: bytes) -> httpx2.Response:
    return world.send(link, *photos)


def code(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def held(world: World, link: str) -> int:
    return int(world.link("GET", "/v1/consent", link).json()["photos"]["held"])


def fates(answer: httpx2.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [photo["code"] or photo["status"] for photo in answer.json()["photos"]]


def test_somebody_enrols_themselves_and_is_recognised_when_they_agreed(world: World, gallery: str) -> None:
    station, link = world.station(gallery), invited(world, gallery, "ann")
    terms = world.link("GET", "/v1/consent", link).json()
    assert (terms["photos"], terms["waiting"]) == ({"held": 0, **BOUNDS}, True)
    assert send(world, link, photo("ann"), photo("ann", 2)).json() == {
        "held": 2,
        **BOUNDS,
        "photos": [
            {"number": number, "status": "TAKEN", "code": None, "title": None, "mend": None} for number in (1, 2)
        ],
    }
    assert who(world, station, photo("ann", 3)) is None
    agreed = world.countersign(link)
    assert agreed.status_code == 200
    assert agreed.json()["other_way"]
    assert who(world, station, photo("ann", 3)) == "ann"
    assert code(send(world, link, photo("ann", 4))) == (404, "link_unknown")
    assert code(world.link("DELETE", PHOTOS, link)) == (404, "link_unknown")
    require_sound(world)


def test_each_photo_is_taken_or_refused_by_itself(world: World, gallery: str) -> None:
    link = invited(world, gallery, "ann")
    answer = send(world, link, NOBODY, photo("ann"), BROKEN, CROWD, photo("ann"))
    assert fates(answer) == ["no_face", "TAKEN", "image_unreadable", "several_faces", "TAKEN"]
    refused = answer.json()["photos"][0]
    assert (refused["status"], refused["title"]) == ("REFUSED", "The detector found nobody.")
    assert "camera" in refused["mend"]
    assert answer.json()["held"] == held(world, link) == 1
    assert fates(send(world, link, NOBODY)) == ["no_face"]
    assert held(world, link) == 1


def test_the_same_photo_again_changes_nothing_and_is_not_looked_at(world: World, gallery: str) -> None:
    link = invited(world, gallery, "ann")
    first = send(world, link, photo("ann"))
    rows, looked = world.sql('SELECT * FROM "references"'), len(world.faces.seen)
    assert send(world, link, photo("ann")).json() == first.json()
    assert world.sql('SELECT * FROM "references"') == rows
    assert len(world.faces.seen) == looked


def test_a_sixth_photo_is_not_looked_at_and_the_others_stay(world: World, gallery: str) -> None:
    link = invited(world, gallery, "ann")
    send(world, link, *(photo("ann", n) for n in range(3)))
    looked = len(world.faces.seen)
    assert fates(send(world, link, *(photo("ann", n) for n in range(2, 7)))) == [
        *["TAKEN"] * 3, "photos_full", "photos_full",
    ]  # fmt: skip
    assert len(world.faces.seen) == looked + 2
    assert held(world, link) == 5
    assert code(send(world, link, *(photo("bea", n) for n in range(6)))) == (422, "too_many_photos")
    assert code(send(world, link)) == (422, "request_invalid")
    assert held(world, link) == 5


@pytest.mark.slow
def test_who_starts_over_leaves_nothing_of_the_first_try(world: World, gallery: str) -> None:
    station, link = world.station(gallery), invited(world, gallery, "ann")
    send(world, link, photo("dan"), photo("ann"))
    ((sealed,), _) = world.sql('SELECT sealed FROM "references"')
    assert [world.link("DELETE", PHOTOS, link).status_code for _ in range(2)] == [204, 204]
    assert held(world, link) == 0
    assert sealed not in world.files()
    assert fates(send(world, link, photo("ann"))) == ["TAKEN"]
    assert world.countersign(link).status_code == 200
    assert who(world, station, photo("dan", 2)) is None
    assert who(world, station, photo("ann", 2)) == "ann"


def exchanged(world: World, link: str) -> None:
    """Whoever agrees is refused, for a photo that they did not send, and nothing came of it."""
    refused = world.countersign(link)
    assert code(refused) == (409, "photos_exchanged")
    assert "start over" in refused.json()["mend"].lower()
    assert world.sql("SELECT countersignature FROM receipts") == [(None,)]


def test_s1_nobody_who_has_the_link_too_puts_their_face_in_the_place_of_the_persons(world: World, gallery: str) -> None:
    station, link = world.station(gallery), invited(world, gallery, "ann")
    send(world, link, photo("ann"), photo("ann", 2))
    theirs = [("photos", ("1.jpg", photo("eve", n), "image/jpeg")) for n in (1, 2)]
    assert world.link("DELETE", PHOTOS, link).status_code == 204
    assert world.link("POST", PHOTOS, link, files=theirs).json()["held"] == 2
    exchanged(world, link)
    assert [who(world, station, photo(one, 3)) for one in ("ann", "eve")] == [None, None]
    # Started over, it is the person's own again.
    assert world.link("DELETE", PHOTOS, link).status_code == 204
    send(world, link, photo("ann"), photo("ann", 2))
    assert world.link("POST", PHOTOS, link, files=theirs[:1]).json()["held"] == 3
    exchanged(world, link)
    assert world.link("DELETE", PHOTOS, link).status_code == 204
    send(world, link, photo("ann"))
    assert world.countersign(link).status_code == 200
    assert [who(world, station, photo(one, 3)) for one in ("ann", "eve")] == ["ann", None]


def test_who_does_not_say_what_they_sent_agrees_to_nothing(world: World, gallery: str) -> None:
    link = invited(world, gallery, "ann")
    assert world.link("POST", PHOTOS, link, files={"photos": photo("ann")}).json()["held"] == 1
    exchanged(world, link)


NAMED_BADLY = (["0" * 63], ["0" * 65], ["A" * 64], ["g" * 64], ["0" * 64] * 51, "0" * 64, [1], None)


@pytest.mark.parametrize("photos", NAMED_BADLY)
def test_photos_are_named_in_the_documented_form_or_not_at_all(world: World, gallery: str, photos: object) -> None:
    body = {"countersignature": "a.b.c", "photos": photos}
    answer = world.link("POST", "/v1/consent/countersignature", invited(world, gallery, "ann"), json=body)
    assert code(answer) == (422, "request_invalid")


def test_nobody_agrees_to_no_photo(world: World, gallery: str) -> None:
    link = invited(world, gallery, "ann")
    assert code(world.countersign(link)) == (409, "photos_missing")
    send(world, link, photo("ann"))
    world.link("DELETE", PHOTOS, link)
    assert code(world.countersign(link)) == (409, "photos_missing")
    assert world.sql("SELECT countersignature FROM receipts") == [(None,)]
    send(world, link, photo("ann"))
    assert world.countersign(link).status_code == 200


@pytest.mark.parametrize("photos", [pytest.param(0, marks=pytest.mark.slow), 2])
def test_who_declines_or_does_not_answer_is_erased(world: World, gallery: str, photos: int) -> None:
    declined, silent = invited(world, gallery, "ann"), invited(world, gallery, "bea")
    if photos:
        for link, name in ((declined, "ann"), (silent, "bea")):
            assert send(world, link, *(photo(name, n) for n in range(photos))).json()["held"] == photos
    assert world.link("POST", "/v1/consent/refusal", declined).json()["other_way"]
    world.clock.move(days=14)
    assert code(send(world, silent, photo("bea"))) == (404, "link_unknown")
    assert world.services.withdraw.purge().subjects == 1
    assert world.sql('SELECT count(*) FROM "references"') == [(0,)]
    assert world.sql("SELECT count(*) FROM enrolments") == [(0,)]
    assert world.sql("SELECT state FROM subjects") == [("WITHOUT_FACE",)]
    require_sound(world)


def test_the_link_of_an_ordinary_enrolment_takes_no_photo(world: World, gallery: str) -> None:
    """The operator's photos stay the operator's: else who has the link put another face under the name."""
    link = world.pending(gallery, "ann", photo("ann"))
    assert world.link("GET", "/v1/consent", link).json()["photos"] is None
    for answer in (send(world, link, photo("eve")), world.link("DELETE", PHOTOS, link)):
        assert code(answer) == (409, "photos_not_invited")
    assert world.sql('SELECT count(*) FROM "references"') == [(1,)]


@pytest.mark.slow
def test_an_ordinary_link_cannot_be_made_one_that_invites_in_the_database(world: World, gallery: str) -> None:
    link = world.pending(gallery, "ann", photo("ann"))
    forged = INVITES + world.services.keyring.secret_tag(link, use="links")
    run(world, "UPDATE enrolments SET link_hash = x'{}'", forged.hex())
    assert code(send(world, link, photo("eve"))) == (404, "link_unknown")


@pytest.mark.slow
def test_photos_of_two_people_wait_for_an_operator(world: World, gallery: str) -> None:
    station, link = world.station(gallery), invited(world, gallery, "ann")
    send(world, link, photo("ann"), photo("eve"))
    subject = world.countersign(link).json()["subject_id"]
    assert world.state(subject) == "HELD"
    assert [review["kind"] for review in world.api("GET", "/v1/reviews").json()["items"]] == ["photos_differ"]
    assert who(world, station, photo("ann", 2)) is None


@pytest.mark.slow
def test_a_face_that_somebody_else_has_waits_for_an_operator(world: World, gallery: str) -> None:
    world.active(gallery, "ann", photo("ann"))
    link = invited(world, gallery, "bea")
    send(world, link, photo("ann", 2))
    assert world.state(world.countersign(link).json()["subject_id"]) == "HELD"


def test_a_fresh_invitation_forgets_what_came_through_the_older_link(world: World, gallery: str) -> None:
    """Whoever had that link: their face must not be recognised under the name of who agrees with the new one."""
    station, stolen = world.station(gallery), invited(world, gallery, "ann")
    send(world, stolen, photo("eve"))
    fresh = invited(world, gallery, "ann")
    assert code(send(world, stolen, photo("eve"))) == (404, "link_unknown")
    assert held(world, fresh) == 0
    send(world, fresh, photo("ann"))
    assert world.countersign(fresh).status_code == 200
    assert who(world, station, photo("eve", 2)) is None
    assert who(world, station, photo("ann", 2)) == "ann"


@pytest.mark.slow
def test_whoever_asks_last_says_whose_photos_they_are(world: World, gallery: str) -> None:
    ordinary = world.pending(gallery, "ann", photo("ann"))
    link = invited(world, gallery, "ann")
    assert code(world.countersign(link)) == (409, "photos_missing")
    assert world.link("GET", "/v1/consent", ordinary).json()["code"] == "link_unknown"
    send(world, link, photo("ann", 2), photo("ann", 3))
    again = world.pending(gallery, "ann", photo("ann"))
    assert world.sql('SELECT count(*) FROM "references"') == [(1,)]
    assert code(send(world, again, photo("ann", 4))) == (409, "photos_not_invited")
    assert world.countersign(again).status_code == 200
    assert world.sql("SELECT state FROM enrolments") == [("ACTIVE",)]


@pytest.mark.slow
def test_photos_that_are_known_already_leave_an_invitation_waiting(world: World, gallery: str) -> None:
    ann = world.active(gallery, "ann", photo("ann"))
    link = invited(world, gallery, "ann")
    send(world, link, photo("ann", 2))
    assert world.enrol(gallery, "ann", photo("ann")).status_code == 202
    assert held(world, link) == 1
    assert world.countersign(link, ann.key).status_code == 200


@pytest.mark.slow
def test_who_is_known_is_invited_again_and_may_send_the_same_photo(world: World, gallery: str) -> None:
    """The new consent has references of its own, and goes on when the older one is over."""
    station, key, first = world.station(gallery), OKPKey.generate_key("Ed25519"), invited(world, gallery, "ann")
    send(world, first, photo("ann"))
    assert world.countersign(first, key).status_code == 200
    world.clock.move(days=80)
    link = invited(world, gallery, "ann")
    assert fates(send(world, link, photo("ann"))) == ["TAKEN"]
    assert code(world.countersign(link)) == (403, "consent_forged")
    assert world.countersign(link, key).status_code == 200
    world.clock.move(days=15)
    world.services.withdraw.purge()
    assert who(world, station, photo("ann", 2)) == "ann"


@pytest.mark.slow
def test_somebody_served_without_a_face_may_be_invited(world: World, gallery: str) -> None:
    world.made(f"/v1/galleries/{gallery}/without-face", {"external_reference": "wim"})
    link = invited(world, gallery, "wim")
    send(world, link, photo("wim"))
    assert world.link("POST", "/v1/consent/refusal", link).json() == {"status": "DECLINED", "other_way": None}
    link = invited(world, gallery, "wim")
    send(world, link, photo("wim"))
    assert world.state(world.countersign(link).json()["subject_id"]) == "ACTIVE"


def with_ten(world: World, gallery: str) -> Person:
    ann = world.active(gallery, "ann", *(photo("ann", n) for n in range(5)))
    more = world.pending(gallery, "ann", *(photo("ann", n) for n in range(5, 10)))
    assert world.countersign(more, ann.key).status_code == 200
    return ann


def test_who_has_all_the_references_there_may_be_learns_it_when_they_agree(world: World, gallery: str) -> None:
    """And nobody else, at any step: neither who invites, nor who has the link and not the person's key (rule S3)."""
    ann = with_ten(world, gallery)
    known, fresh = invite(world, gallery, "ann"), invite(world, gallery, "new")
    assert known.json().keys() == fresh.json().keys()
    assert known.json()["expires_at"] == fresh.json()["expires_at"]
    links = [answer.json()["enrol_link"].partition("#")[2] for answer in (known, fresh)]
    sent = [send(world, link, *(photo("x", n) for n in range(10, 15))).json() for link in links]
    assert sent[0] == sent[1]
    terms = [world.link("GET", "/v1/consent", link).json() for link in links]
    assert terms[0]["photos"] == terms[1]["photos"]
    assert code(world.countersign(links[0])) == (403, "consent_forged")
    assert code(world.countersign(links[0], ann.key)) == (422, "too_many_photos")
    assert world.sql('SELECT count(*) FROM "references"') == [(20,)]


@pytest.mark.slow
def test_the_same_request_again_is_answered_with_the_same_link(world: World, gallery: str) -> None:
    path, once = f"/v1/galleries/{gallery}/invitations", {"Idempotency-Key": "once"}
    first, again = (world.api("POST", path, json={"external_reference": "ann"}, headers=once) for _ in range(2))
    assert first.json() == again.json()
    other = world.api("POST", path, json={"external_reference": "ann", "guardian_until": "2030-01-01"}, headers=once)
    assert code(other) == (409, "idempotency_mismatch")


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [{"external_reference": " "}, {"external_reference": "x", "photos": []}, {}])
def test_an_invitation_has_a_name_and_no_photos(world: World, gallery: str, wrong: dict[str, Any]) -> None:
    answer = world.api("POST", f"/v1/galleries/{gallery}/invitations", json=wrong)
    assert code(answer) == (422, "request_invalid")


@pytest.mark.slow
def test_a_gallery_that_is_full_invites_nobody_and_takes_no_photo(world: World) -> None:
    gallery = world.gallery(target_kind="fpir", target=4e-5)  # four references
    first = invited(world, gallery, "ann")
    for name in ("bea", "cem", "dan"):
        world.pending(gallery, name, photo(name))
    assert code(send(world, first, photo("ann"), photo("ann", 2))) == (409, "gallery_full")
    assert "reference" not in send(world, first, photo("ann"), photo("ann", 2)).json()["detail"]
    assert held(world, first) == 0
    assert fates(send(world, first, photo("ann"))) == ["TAKEN"]
    for name in ("ann", "new"):
        assert code(invite(world, gallery, name)) == (409, "gallery_full")


@pytest.mark.slow
def test_a_purpose_that_has_ended_takes_no_photo(world: World) -> None:
    purpose = world.purpose()
    gallery = world.gallery(purpose)
    link = invited(world, gallery, "ann")
    world.made(f"/v1/purposes/{purpose}/end", {}, status=200)
    assert code(send(world, link, photo("ann"))) == (409, "purpose_ended")
    assert code(invite(world, gallery, "bea")) == (409, "purpose_ended")


@pytest.mark.slow
def test_however_many_send_at_once_no_more_are_held_than_may_be(world: World, gallery: str) -> None:
    link = invited(world, gallery, "ann")
    answers = at_once(4, lambda turn: send(world, link, *(photo("ann", 3 * turn + n) for n in range(3))))
    told = [fate for answer in answers for fate in fates(answer)]
    assert (told.count("TAKEN"), told.count("photos_full")) == (5, 7)
    assert held(world, link) == 5
    assert world.sql('SELECT count(*) FROM "references"') == [(5,)]


@pytest.mark.slow
def test_who_agrees_while_photos_are_on_their_way_agrees_to_those_that_were_there(
    world: World, gallery: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = invited(world, gallery, "ann")
    send(world, link, photo("ann"))
    looked = world.faces.extract

    def slowly(photo: bytes, **how: Any) -> Template:
        assert world.countersign(link).status_code == 200
        return looked(photo, **how)

    monkeypatch.setattr(world.faces, "extract", slowly)
    assert code(send(world, link, photo("eve"))) == (404, "link_unknown")
    assert world.sql('SELECT count(*) FROM "references"') == [(1,)]


BIG = b"SIM big 1 " + b"x" * STRANGERS_BODY
"""A photo of somebody, larger than what strangers may send."""


def test_a_large_body_comes_with_a_link_that_invites_and_to_that_door_only(world: World, gallery: str) -> None:
    link, ordinary = invited(world, gallery, "ann"), world.pending(gallery, "bea", photo("bea"))
    assert fates(send(world, link, BIG)) == ["TAKEN"]
    assert code(send(world, ordinary, BIG)) == (409, "photos_not_invited")
    assert code(send(world, "x" * 32, BIG)) == (404, "link_unknown")
    for method, path in (("PUT", PHOTOS), ("POST", "/v1/consent/refusal"), ("POST", "/v1/grant"), ("POST", "/v1/me")):
        assert code(world.link(method, path, link, content=BIG)) == (413, "body_too_large"), path


@pytest.mark.slow
def test_a_link_sends_photos_so_often_and_no_more(world: World, gallery: str) -> None:
    link, other = invited(world, gallery, "ann"), invited(world, gallery, "bea")
    object.__setattr__(world.services, "rates", Rates(calls_per_minute=60, failures_per_minute=100))
    answers = [send(world, link, photo("ann")).status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]
    assert send(world, other, photo("bea")).status_code == 200
    assert world.link("GET", "/v1/consent", link).status_code == 200


@pytest.mark.slow
def test_a_link_that_opens_nothing_is_a_failed_proof_here_too(world: World, gallery: str) -> None:
    link = invited(world, gallery, "ann")
    object.__setattr__(world.services, "rates", Rates(calls_per_minute=1000, failures_per_minute=6))
    for photos in ([photo("x")], [BIG]):
        answers = [code(send(world, f"guess {len(photos[0])}", *photos))[1] for _ in range(3)]
        assert answers == ["link_unknown", "link_unknown", "locked_out"], photos
    assert send(world, link, photo("ann")).status_code == 200


@pytest.mark.slow
def test_a_guardian_is_asked_and_the_invitation_ends_with_their_day(world: World, gallery: str) -> None:
    day = (world.clock.now().astimezone(UTC).date() + timedelta(days=3)).isoformat()
    answer = invite(world, gallery, "kim", guardian_until=day)
    assert answer.json()["expires_at"] == f"{day}T00:00:00Z"
    link = answer.json()["enrol_link"].partition("#")[2]
    assert world.link("GET", "/v1/consent", link).json()["record"]["guardian"]["until"] == day
    send(world, link, photo("kim"))
    assert world.countersign(link, OKPKey.generate_key("Ed25519")).status_code == 200
    for wrong in ("2020-01-01", "2199-01-01", "soon"):
        assert code(invite(world, gallery, "lea", guardian_until=wrong)) == (422, "request_invalid")
