"""What a second pair of eyes found once, and must not come back."""

import threading
import time
from typing import Any

import pytest
from fixtures.painted import FixedLandmarker
from fixtures.synthetic import CountingEmbedder, FixedDetector
from joserfc.jwk import OKPKey
from sim.faces import CROWD, NOBODY, photo
from support.world import World

from visavis.consent.receipt import countersign
from visavis.decide.judge import LOOK_ALIKE
from visavis.flows.extract import Extractor
from visavis.flows.once import Done
from visavis.model import leaves_loaded
from visavis.model.image import Frame
from visavis.protect.pin import pin_fits


def lock(world: World, station_id: str) -> None:
    world.sql(f"UPDATE stations SET locked = 1 WHERE id = '{station_id}'")  # noqa: S608 -- our own identifier


def test_s7_a_locked_station_still_serves_pin_and_qr(world: World) -> None:
    gallery = world.gallery()
    ann, station = world.active(gallery, "ann", photo("ann")), world.station(gallery)
    lock(world, station.id)
    assert world.pin(station, "ann", ann.pin)["decision"] == "MATCH"
    world.clock.move(seconds=3)
    path = f"/v1/sessions/{world.session(station)}/qr"
    assert world.at(station, "POST", path, json={"qr": ann.qr}).json()["decision"] == "MATCH"
    world.clock.move(seconds=3)
    session = world.session(station)
    refused = world.at(station, "POST", f"/v1/sessions/{session}/identify", files={"photo": photo("ann", 2)})
    assert (refused.status_code, refused.json()["code"]) == (403, "station_locked")


def test_wrong_guesses_of_a_name_do_not_shut_its_later_owner_out(world: World) -> None:
    gallery = world.gallery()
    station = world.station(gallery)
    for _ in range(6):
        world.pin(station, "ann", "000000")
    ann = world.active(gallery, "ann", photo("ann"))
    assert world.pin(station, "ann", ann.pin)["decision"] == "MATCH"


def test_photos_that_join_a_waiting_enrolment_are_offered_anew(world: World) -> None:
    purpose = world.purpose(retention_days=10)
    gallery = world.gallery(purpose)
    world.pending(gallery, "ann", photo("ann"))
    world.made(f"/v1/purposes/{purpose}/texts", {"text": "A new wording."})
    world.clock.move(days=9.9)
    link = world.pending(gallery, "ann", photo("ann", 2))
    terms = world.link("GET", "/v1/consent", link).json()
    assert terms["record"]["pii_processing"]["privacy_notice"]["text"] == "A new wording."
    world.clock.move(days=5)
    assert world.countersign(link).status_code == 200


def test_activating_photos_that_differ_still_looks_for_a_duplicate(world: World) -> None:
    gallery = world.gallery()
    world.active(gallery, "first", photo("ann"), photo("other"))
    world.active(gallery, "second", photo("ann", 2))
    (review,) = world.api("GET", "/v1/reviews").json()["items"]
    path = f"/v1/reviews/{review['id']}/resolution"
    assert world.api("POST", path, json={"resolution": "activate"}).status_code == 204
    (further,) = world.api("GET", "/v1/reviews").json()["items"]
    assert further["kind"] == "probable_duplicate"
    assert world.state(further["subject_id"]) == "HELD"


def test_a_key_whose_write_ended_without_an_answer_is_not_used_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, headers = {"name": "robot", "scopes": ["enrol"]}, {"Idempotency-Key": "one"}

    def lost(*_: object) -> None:
        raise RuntimeError("stored, but reported failed")

    with monkeypatch.context() as patched:
        patched.setattr("visavis.web.routes.api_keys.key_answer", lost)
        assert world.api("POST", "/v1/api-keys", json=body, headers=headers).status_code == 500
    again = world.api("POST", "/v1/api-keys", json=body, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_unfinished")
    names = [key["name"] for key in world.api("GET", "/v1/api-keys").json()["items"]]
    assert names.count("robot") == 1


def test_a_countersignature_with_a_key_is_answered_again(world: World) -> None:
    link = world.pending(world.gallery(), "ann", photo("ann"))
    offer = world.link("GET", "/v1/consent", link).json()["offer"]
    signed = countersign(offer, subject_key=OKPKey.generate_key("Ed25519"), now=world.clock.now())
    body = {"countersignature": signed}
    headers = {"Visavis-Link": link, "Idempotency-Key": "one"}
    first, second = (world.http.post("/v1/consent/countersignature", headers=headers, json=body) for _ in range(2))
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert first.json()["other_way"] is not None


def test_the_last_admin_key_stays_and_a_revoked_one_is_not_revived_by_sql(world: World) -> None:
    (first,) = world.api("GET", "/v1/api-keys").json()["items"]
    assert world.api("DELETE", f"/v1/api-keys/{first['id']}").json()["code"] == "last_admin_key"
    made = world.made("/v1/api-keys", {"name": "second", "scopes": ["admin"]})
    assert world.api("DELETE", f"/v1/api-keys/{made['id']}").status_code == 204
    world.sql("UPDATE api_keys SET revoked_at = NULL")
    answer = world.http.get("/v1/api-keys", headers={"Authorization": f"Bearer {made['secret']}"})
    assert answer.status_code == 401


def test_only_a_few_pictures_are_open_at_once() -> None:
    """A small file may hold a large picture: many at once must not fill the memory."""
    open_now, most = [0], [0]
    guard = threading.Lock()

    def slow(_photo: bytes) -> Frame:
        with guard:
            open_now[0] += 1
            most[0] = max(most[0], open_now[0])
        time.sleep(0.02)
        with guard:
            open_now[0] -= 1
        raise ZeroDivisionError

    extractor = Extractor(
        decoder=slow,
        detector=FixedDetector(),
        landmarker=FixedLandmarker(),
        embedder=CountingEmbedder(),
        at_once=2,
    )

    def look() -> None:
        with pytest.raises(ZeroDivisionError):
            extractor.extract(b"")

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [2]


def test_a_person_sees_what_was_decided_in_their_own_session_even_if_it_did_not_match(world: World) -> None:
    ann = world.active(world.gallery(), "ann", photo("ann"))
    invitation = world.made("/v1/personal-sessions", {"subject_id": ann.subject_id, "attended": True})
    secret = invitation["link"].partition("session=")[2]
    opened = world.as_person(ann, "POST", "/v1/personal-sessions/opening", json={"link_secret": secret}).json()
    path = f"/v1/personal-sessions/{opened['session_id']}/verify"
    assert world.as_person(ann, "POST", path, files={"photo": photo("bob")}).json()["decision"] == "NO_MATCH"
    held = world.as_person(ann, "GET", "/v1/me").json()
    assert [d["outcome"] for d in held["decisions"]] == ["NO_MATCH"]
    assert held["other_way"] is True


def test_s3_a_stations_answer_holds_words_we_chose_and_no_number(world: World) -> None:
    gallery = world.gallery()
    world.active(gallery, "ann", photo("ann"))
    station = world.station(gallery)
    known = {None, LOOK_ALIKE, *(leaf.code for leaf in leaves_loaded())}
    for probe in (photo("ann", 2), photo("bob"), NOBODY, CROWD):
        answer = world.identify(station, probe)
        assert answer["reason"] in known
        assert [value for value in answer.values() if isinstance(value, int | float)] == []


def test_a_credential_that_was_replaced_while_it_was_looked_at_serves_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gallery = world.gallery()
    ann, station = world.active(gallery, "ann", photo("ann")), world.station(gallery)

    def replaced_meanwhile(pin: str, **given: Any) -> bool:
        fits = pin_fits(pin, **given)
        assert world.api("POST", f"/v1/subjects/{ann.subject_id}/credentials").is_success
        return fits

    with monkeypatch.context() as patched:
        patched.setattr("visavis.flows.other_way.pin_fits", replaced_meanwhile)
        assert world.pin(station, "ann", ann.pin)["decision"] == "NO_MATCH"


def test_an_answer_about_somebody_who_withdrew_meanwhile_is_not_kept(world: World) -> None:
    ann = world.active(world.gallery(), "ann", photo("ann"))

    def act() -> Done:
        world.services.withdraw.subject(ann.subject_id)
        return Done(200, {"pin": ann.pin}, ann.subject_id)

    world.services.once.answer(caller="key_x", key="one", fingerprint=b"asked", act=act)
    assert world.sql("SELECT subject_id, length(sealed_answer) FROM answered") == [(None, 0)]
