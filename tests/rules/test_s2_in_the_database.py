"""Rule S2 against somebody who can write to the database, and everywhere a session could be done without."""

from typing import Any

import click
import pytest
import sqlalchemy as sa
from sim.faces import photo
from support.again import run
from support.surface import commands, everything, fields, operations, words
from support.world import Device, World

MOMENT = "2026-01-01 00:00:00.000000"


@pytest.fixture
def station(world: World) -> Device:
    gallery = world.gallery()
    world.active(gallery, "ann", photo("ann"))
    return world.station(gallery)


def refused_by_the_database(world: World, statement: str, *names: str, why: str) -> None:
    with pytest.raises(sa.exc.IntegrityError, match=why):
        run(world, statement, *names)


def test_s2_the_database_holds_one_open_session_a_station(world: World, station: Device) -> None:
    session_id = world.session(station)
    for state in ("OPEN", "AWAITING"):
        refused_by_the_database(
            world,
            "INSERT INTO sessions SELECT 'ses_x', kind, '{}', station_id, gallery_id, purpose_id, subject_id, "
            "secret_hash, opened_at, expires_at, challenge FROM sessions WHERE id = '{}'",
            state,
            session_id,
            why="UNIQUE",
        )


def test_s2_the_database_holds_no_decision_without_a_session_and_one_for_each(world: World, station: Device) -> None:
    world.identify(station, photo("ann", 2))
    copy = (
        "INSERT INTO decisions SELECT '{}', {}, kind, means, outcome, reason, station_id, gallery_id, purpose_id, "
        "subject_id, fmr_decade, gallery_size, model_id, decided_at, expires_at, disputed_at FROM decisions"
    )
    refused_by_the_database(world, copy, "dec_a", "session_id", why="UNIQUE")
    refused_by_the_database(world, copy, "dec_b", "'ses_none'", why="FOREIGN KEY")
    refused_by_the_database(world, copy, "dec_c", "NULL", why="NOT NULL")
    refused_by_the_database(world, "DELETE FROM sessions", why="FOREIGN KEY")


def test_s2_the_database_holds_no_session_of_the_wrong_owner(world: World, station: Device) -> None:
    session_id = world.session(station)
    change = "UPDATE sessions SET {} WHERE id = '{}'"
    refused_by_the_database(world, change, "station_id = NULL", session_id, why="s2_station")
    refused_by_the_database(world, change, "kind = 'personal'", session_id, why="s2_")
    refused_by_the_database(world, change, "subject_id = 'sub_x'", session_id, why="s2_person")


def test_s2_a_used_session_that_sql_opened_again_gives_no_second_decision(world: World, station: Device) -> None:
    session_id = world.session(station)
    path = f"/v1/sessions/{session_id}/identify"
    assert world.at(station, "POST", path, files={"photo": photo("x")}).json()["decision"] == "NO_MATCH"
    world.sql("UPDATE sessions SET state = 'OPEN'")
    again = world.at(station, "POST", path, files={"photo": photo("ann", 2)})
    assert again.is_error
    assert "MATCH" not in again.text
    assert world.sql("SELECT outcome FROM decisions") == [("NO_MATCH",)]


def personal(world: World, subject_id: str) -> tuple[str, str]:
    invited = world.made("/v1/personal-sessions", {"subject_id": subject_id, "attended": True})
    return str(invited["session_id"]), str(invited["link"].partition("#session=")[2])


def test_s2_a_personal_session_is_one_to_one_with_its_owner(world: World) -> None:
    gallery = world.gallery()
    ann, bea = world.active(gallery, "ann", photo("ann")), world.active(gallery, "bea", photo("bea"))
    session_id, secret = personal(world, ann.subject_id)
    body = {"json": {"link_secret": secret}}
    opening, verify = "/v1/personal-sessions/opening", f"/v1/personal-sessions/{session_id}/verify"
    early = world.as_person(ann, "POST", verify, files={"photo": photo("ann", 2)})
    assert (early.status_code, early.json()["code"]) == (403, "session_not_granted")
    assert world.as_person(bea, "POST", opening, **body).json()["code"] == "session_unknown"
    assert world.as_person(ann, "POST", opening, **body).status_code == 200
    assert world.as_person(ann, "POST", opening, **body).json()["code"] == "session_unknown"
    assert world.as_person(bea, "POST", verify, files={"photo": photo("bea", 2)}).json()["code"] == "session_unknown"
    station = world.station(gallery)
    for act in ("identify", "verify", "pin"):
        path = f"/v1/sessions/{session_id}/{act}"
        form = {"data": {"external_reference": "ann"}, "files": {"photo": photo("ann")}}
        typed = {"json": {"external_reference": "ann", "pin": "000000"}}
        sent: dict[str, Any] = typed if act == "pin" else form
        assert world.at(station, "POST", path, **sent).json()["code"] == "session_unknown"
    answer = world.as_person(ann, "POST", verify, files={"photo": photo("bea", 2)}).json()
    assert (answer["decision"], answer["subject"]) == ("NO_MATCH", None)


def test_s2_a_personal_session_knows_its_owner_and_serves_once(world: World) -> None:
    gallery = world.gallery()
    ann = world.active(gallery, "ann", photo("ann"))
    session_id, secret = personal(world, ann.subject_id)
    assert world.api("GET", f"/v1/personal-sessions/{session_id}").json()["code"] == "not_found"
    world.as_person(ann, "POST", "/v1/personal-sessions/opening", json={"link_secret": secret})
    verify = f"/v1/personal-sessions/{session_id}/verify"
    assert world.as_person(ann, "POST", verify, files={"photo": photo("ann", 2)}).json()["decision"] == "MATCH"
    assert world.as_person(ann, "POST", verify, files={"photo": photo("ann", 2)}).json()["code"] == "session_used"
    assert world.api("GET", f"/v1/personal-sessions/{session_id}").json()["outcome"] == "MATCH"


def test_s2_a_personal_link_ends_with_its_session(world: World) -> None:
    ann = world.active(world.gallery(), "ann", photo("ann"))
    _, secret = personal(world, ann.subject_id)
    world.clock.move(seconds=120)
    late = world.as_person(ann, "POST", "/v1/personal-sessions/opening", json={"link_secret": secret})
    assert late.json()["code"] == "session_expired"
    unattended = world.api("POST", "/v1/personal-sessions", json={"subject_id": ann.subject_id, "attended": False})
    assert unattended.json()["code"] == "liveness_unavailable"


@pytest.fixture
def checker(world: World) -> Device:
    return world.station(purpose_id=world.purpose(target_kind="fmr", target=1e-4))


def test_s2_a_document_check_waits_for_the_holder(world: World, checker: Device) -> None:
    opened = world.at(checker, "POST", "/v1/sessions", json={"kind": "document_check"}).json()
    assert opened["state"] == "AWAITING"
    path = f"/v1/sessions/{opened['session_id']}/document-check"
    two = {"files": {"portrait": photo("x"), "document": photo("x", 2)}}
    early = world.at(checker, "POST", path, **two)
    assert (early.status_code, early.json()["code"]) == (403, "session_not_granted")
    secret = opened["grant_link"].partition("#")[2]
    for token in ("", "x.y.z", "W1tb" * 12_000 + ".e30.AA"):
        assert world.link("POST", "/v1/grant", secret, json={"grant": token}).json()["code"] == "consent_forged"
    assert world.at(checker, "POST", path, **two).json()["code"] == "session_not_granted"


def test_s2_a_grant_is_for_one_session_and_one_text(world: World, checker: Device) -> None:
    session_id = world.granted_check(checker)
    path = f"/v1/sessions/{session_id}/document-check"
    two = {"files": {"portrait": photo("x"), "document": photo("x", 2)}}
    assert world.at(checker, "POST", path, **two).json()["decision"] == "MATCH"
    assert world.at(checker, "POST", path, **two).json()["code"] == "session_used"


def test_s2_nobody_is_compared_from_a_stream_an_address_or_in_batches(world: World) -> None:
    ways = {"stream", "rtsp", "video", "camera", "frame", "frames", "batch", "webcam", "watch", "watchlist"}
    assert not ways & words(everything(world))
    assert not {"url", "uri", "href", "address"} & words(fields(world))


def test_s2_a_comparison_takes_one_picture_of_each_side(world: World) -> None:
    shapes = world.app.openapi()["components"]["schemas"]
    compared = 0
    for _, path, operation in operations(world):
        content = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data")
        if content is None or path.endswith(("/enrolments", "/entries", "/consent/photos")):
            continue
        compared += 1
        assert "/sessions/" in path or "/personal-sessions/" in path
        for name, field in shapes[content["schema"]["$ref"].rpartition("/")[2]]["properties"].items():
            kinds = {one["type"] for one in field.get("anyOf", [field])} - {"null"}
            # A capture is several pictures of one act, of which the server chooses the one that is compared.
            assert kinds == {"array" if name == "stills" else "string"}
    assert compared == 5


def test_s2_the_only_comparison_without_a_session_is_told_before_anybody_agrees(world: World) -> None:
    gallery = world.gallery(text="We open the door.")
    terms = world.link("GET", "/v1/consent", world.pending(gallery, "ann", photo("ann"))).json()
    (purpose,) = terms["record"]["pii_processing"]["purposes"]
    assert any("compared once with the others" in method for method in purpose["processing_methods"])
    assert any("At night the templates of this gallery are compared" in m for m in purpose["processing_methods"])


def test_s2_no_command_option_grants_in_the_holders_place() -> None:
    check = dict(commands())["visavis document-check"]
    assert isinstance(check, click.Command)
    assert not {"--yes", "-y", "--granted"} & {option for parameter in check.params for option in parameter.opts}
