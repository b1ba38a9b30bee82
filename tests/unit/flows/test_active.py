"""Where a purpose asks for a challenge, only a capture that answers it serves, once, from whom it was drawn for."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sim.faces import SimExtractor, photo
from sim.films import SimFilming
from support.filming import body_of, drawn, sent, taken, told
from support.world import PURPOSE, Device, World, reopened_world, settings_in

from visavis import bootstrap
from visavis.wire.deciding import ChallengeAnswer

FMR = {"target_kind": "fmr", "target": 1e-3}


@pytest.fixture
def active(tmp_path: Path) -> Iterator[World]:
    """A server that looks at films."""
    settings = settings_in(tmp_path)
    secret = bootstrap.initialise(settings)
    faces = SimExtractor()
    with reopened_world(tmp_path, settings, secret, faces=faces, filming=SimFilming(faces)) as world:
        yield world


@pytest.fixture
def gallery(active: World) -> str:
    gallery = active.gallery(liveness="active")
    active.active(gallery, "ann", photo("ann"))
    return gallery


@pytest.fixture
def station(active: World, gallery: str) -> Device:
    return active.station(gallery)


@pytest.mark.parametrize("act", ["identify", "verify"])
@pytest.mark.parametrize("variant", ["whole", "head", "blink"])
def test_who_does_what_is_asked_is_recognised(active: World, station: Device, act: str, variant: str) -> None:
    session_id = active.session(station, act)
    shown = taken(active, drawn(active, station, session_id, variant=variant))
    answer = sent(active, station, session_id, shown, act)
    assert told(answer) == ("MATCH", None)
    assert answer.json()["subject"]["external_reference"] == "ann"


def test_a_stranger_who_does_it_is_a_stranger(active: World, station: Device) -> None:
    session_id = active.session(station)
    shown = taken(active, drawn(active, station, session_id), "eve")
    assert told(sent(active, station, session_id, shown)) == ("NO_MATCH", None)


def test_a_photo_alone_does_not_serve_and_costs_no_session(active: World, station: Device) -> None:
    session_id = active.session(station)
    path = f"/v1/sessions/{session_id}/identify"
    before = len(active.faces.seen)
    for _ in range(2):
        refused = active.at(station, "POST", path, files={"photo": photo("ann", 2)})
        assert (refused.status_code, refused.json()["code"]) == (409, "challenge_missing")
        if _ == 0:
            asked = drawn(active, station, session_id)
    assert len(active.faces.seen) == before
    assert told(sent(active, station, session_id, taken(active, asked))) == ("MATCH", None)


def test_a_capture_without_a_challenge_does_not_serve(active: World, station: Device) -> None:
    session_id = active.session(station)
    shown = taken(active, drawn(active, station, session_id))
    assert active.at(station, "DELETE", f"/v1/sessions/{session_id}").status_code == 204
    other = active.session(station)
    assert sent(active, station, other, shown).json()["code"] == "challenge_missing"


def test_what_answered_one_session_answers_no_other(active: World, station: Device) -> None:
    """Replayed: the same capture, and the same frames with a manifest for the new challenge."""
    session_id = active.session(station)
    shown = taken(active, drawn(active, station, session_id))
    assert told(sent(active, station, session_id, shown)) == ("MATCH", None)
    assert sent(active, station, session_id, shown).json()["code"] == "session_used"
    other = active.session(station)
    drawn(active, station, other)
    active.clock.move(seconds=12)
    assert told(sent(active, station, other, shown)) == ("REFUSED", "capture_forged")
    third = active.session(station)
    again = drawn(active, station, third)
    active.clock.move(seconds=12)
    moved = replace(shown, challenge=again)
    decision, reason = told(sent(active, station, third, moved))
    assert decision == "REFUSED"
    assert reason in {"capture_retimed", "challenge_not_done"}


def test_a_challenge_is_drawn_once_for_a_session(active: World, station: Device) -> None:
    session_id = active.session(station)
    drawn(active, station, session_id)
    again = active.at(station, "POST", f"/v1/sessions/{session_id}/challenge", json={})
    assert (again.status_code, again.json()["code"]) == (409, "challenge_drawn")


def test_it_is_drawn_for_whose_session_it_is(active: World, gallery: str, station: Device) -> None:
    session_id = active.session(station)
    other = active.station(gallery)
    path = f"/v1/sessions/{session_id}/challenge"
    assert active.at(other, "POST", path, json={}).json()["code"] == "session_unknown"
    active.clock.move(seconds=121)
    assert active.at(station, "POST", path, json={}).json()["code"] == "session_expired"


def test_a_capture_that_another_key_signed_is_forged(active: World, gallery: str, station: Device) -> None:
    session_id = active.session(station)
    shown = taken(active, drawn(active, station, session_id))
    other = active.station(gallery)
    body = body_of(shown, station, station.id, key=other.key)
    answer = active.at(station, "POST", f"/v1/sessions/{session_id}/identify", **body)
    assert told(answer) == ("REFUSED", "capture_forged")


def test_a_capture_that_comes_after_twenty_seconds_is_late(active: World, station: Device) -> None:
    session_id = active.session(station)
    shown = taken(active, drawn(active, station, session_id))
    active.clock.move(seconds=20)
    assert told(sent(active, station, session_id, shown)) == ("REFUSED", "capture_late")


def test_frames_that_were_exchanged_are_spliced(active: World, station: Device) -> None:
    session_id = active.session(station)
    shown = taken(active, drawn(active, station, session_id))
    body = body_of(shown, station, station.id)
    body["files"] = [body["files"][1], body["files"][0], *body["files"][2:]]
    answer = active.at(station, "POST", f"/v1/sessions/{session_id}/identify", **body)
    assert told(answer) == ("REFUSED", "capture_spliced")
    assert answer.json()["guidance"]


def test_a_refused_capture_uses_the_session_up_and_leaves_nothing(active: World, station: Device) -> None:
    session_id = active.session(station)
    shown = taken(active, drawn(active, station, session_id), depth=0.0)
    assert told(sent(active, station, session_id, shown))[0] == "REFUSED"
    assert sent(active, station, session_id, shown).json()["code"] == "session_used"
    assert active.sql("SELECT challenge FROM sessions") == [(None,)]
    assert active.sql("SELECT subject_id, fmr_decade FROM decisions") == [(None, None)]


def test_eyes_alone_do_not_serve_where_nobody_watches(active: World, gallery: str) -> None:
    station = active.station(gallery, attended=False)
    session_id = active.session(station)
    path = f"/v1/sessions/{session_id}/challenge"
    refused = active.at(station, "POST", path, json={"variant": "blink"})
    assert (refused.status_code, refused.json()["code"]) == (422, "challenge_variant_refused")
    shown = taken(active, drawn(active, station, session_id, variant="head"))
    assert told(sent(active, station, session_id, shown)) == ("MATCH", None)


def test_a_person_alone_does_what_is_asked_with_their_own_key(active: World, gallery: str) -> None:
    bea = active.active(gallery, "bea", photo("bea"))
    invited = active.made("/v1/personal-sessions", {"subject_id": bea.subject_id, "attended": False})
    secret = invited["link"].partition("#session=")[2]
    opened = active.as_person(bea, "POST", "/v1/personal-sessions/opening", json={"link_secret": secret}).json()
    assert opened["liveness"] == "active"
    path = f"/v1/personal-sessions/{opened['session_id']}"
    refused = active.as_person(bea, "POST", f"{path}/challenge", json={"variant": "blink"})
    assert refused.json()["code"] == "challenge_variant_refused"
    asked = ChallengeAnswer.model_validate(active.as_person(bea, "POST", f"{path}/challenge", json={}).json())
    body = body_of(taken(active, asked, "bea"), bea, bea.subject_id)
    assert told(active.as_person(bea, "POST", f"{path}/verify", **body)) == ("MATCH", None)


def test_of_a_document_only_the_holder_is_filmed(active: World) -> None:
    station = active.station(purpose_id=active.purpose(liveness="active", **FMR))
    session_id = active.granted_check(station)
    shown = taken(active, drawn(active, station, session_id), "cec")
    body = body_of(shown, station, station.id)
    body["files"] = [*body["files"], ("document", ("document", photo("cec", 2), "image/jpeg"))]
    assert told(active.at(station, "POST", f"/v1/sessions/{session_id}/document-check", **body)) == ("MATCH", None)


def test_where_one_photo_is_asked_for_a_capture_is_not_taken(active: World) -> None:
    station = active.station(active.gallery())
    session_id = active.session(station)
    asked = active.at(station, "POST", f"/v1/sessions/{session_id}/challenge", json={})
    assert (asked.status_code, asked.json()["code"]) == (422, "challenge_unasked")
    body = {"files": [("stills", ("still", b"\xff\xd8\xff", "image/jpeg"))], "data": {"manifest": "x.y.z"}}
    sent = active.at(station, "POST", f"/v1/sessions/{session_id}/identify", **body)
    assert (sent.status_code, sent.json()["code"]) == (422, "challenge_unasked")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"data": {"manifest": "x.y.z"}},
        {"files": [("stills", ("still", b"x", "image/jpeg"))]},
        {"files": [("photo", ("photo", b"x", "image/jpeg"))], "data": {"manifest": "x.y.z"}},
        {"files": [("photo", ("p", b"x", "image/jpeg")), ("stills", ("still", b"x", "image/jpeg"))]},
    ],
    ids=["nothing", "no pictures", "no manifest", "both", "a photo and pictures"],
)
def test_half_a_capture_is_none(active: World, station: Device, body: dict[str, Any]) -> None:
    session_id = active.session(station)
    drawn(active, station, session_id)
    refused = active.at(station, "POST", f"/v1/sessions/{session_id}/identify", **body)
    assert (refused.status_code, refused.json()["code"]) == (422, "request_invalid")


def test_a_station_is_told_how_its_purpose_keeps_attacks_out(active: World, station: Device) -> None:
    assert active.at(station, "GET", "/v1/station").json()["liveness"] == "active"
    opened = active.at(station, "POST", "/v1/sessions", json={"kind": "identify"}).json()
    assert opened["liveness"] == "active"
    asked = active.at(station, "POST", f"/v1/sessions/{opened['session_id']}/challenge", json={}).json()
    assert set(asked) == {"session_id", "nonce", "steps", "expires_at"}
    assert json.dumps(asked["steps"])


def test_without_what_looks_at_films_nobody_is_asked(world: World) -> None:
    refused = world.api("POST", "/v1/purposes", json={**PURPOSE, "liveness": "active"})
    assert (refused.status_code, refused.json()["code"]) == (409, "liveness_unavailable")
