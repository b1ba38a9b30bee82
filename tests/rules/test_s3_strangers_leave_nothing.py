"""Rule S3: who matches nobody leaves a counter and a log entry; who enrols learns nothing about anybody else."""

from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from sim.faces import CROWD, photo
from support.again import dump, run
from support.surface import commands, operations, options, words
from support.world import Device, World

from visavis.client import StationClient

MAY_CHANGE = {"decisions", "sessions", "stations", "nonces", "log_entries", "log_head"}
"""No opening: nobody keeps the salt of an entry about a stranger."""


@pytest.fixture
def gallery(world: World) -> str:
    return world.gallery()


@pytest.fixture
def station(world: World, gallery: str) -> Device:
    world.active(gallery, "ann", photo("ann"))
    return world.station(gallery)


def vector_of(world: World, picture: bytes) -> bytes:
    return world.faces.extract(picture).vector.astype("<f4").tobytes()


@pytest.mark.parametrize("picture", [photo("stranger"), CROWD, b"SIM nobody", b"no picture"])
def test_s3_a_stranger_leaves_a_count_and_no_biometric_data(world: World, station: Device, picture: bytes) -> None:
    before = dump(world)
    assert world.identify(station, picture)["decision"] in {"NO_MATCH", "REFUSED"}
    after = dump(world)
    assert {name for name in after if after[name] != before[name]} <= MAY_CHANGE
    ((row,),) = [after["decisions"]]
    assert not [value for value in row if isinstance(value, bytes)]
    assert world.sql("SELECT subject_id, fmr_decade FROM decisions") == [(None, None)]
    stored = world.files()
    assert picture not in stored
    if picture == photo("stranger"):
        vector = vector_of(world, picture)
        assert vector not in stored
        assert vector[:16] not in stored
        assert np.frombuffer(vector, "<f4").astype("<f8").tobytes()[:16] not in stored


def test_s3_an_enrolled_photo_and_its_template_are_nowhere_in_the_clear(world: World, gallery: str) -> None:
    world.active(gallery, "ann", photo("ann"), photo("ann", 2))
    stored = world.files()
    for picture in (photo("ann"), photo("ann", 2)):
        assert picture not in stored
        assert vector_of(world, picture)[:16] not in stored
    assert b'"ann"' not in stored


def test_s3_a_document_check_keeps_nothing_of_either_picture(world: World) -> None:
    checker = world.station(purpose_id=world.purpose(target_kind="fmr", target=1e-4))
    before = dump(world)
    assert world.document_check(checker, photo("x"), photo("x", 2))["decision"] == "MATCH"
    after = dump(world)
    assert {name for name in after if after[name] != before[name]} <= MAY_CHANGE
    assert vector_of(world, photo("x"))[:16] not in world.files()
    assert world.sql("SELECT subject_id FROM decisions") == [(None,)]


def test_s3_the_database_refuses_a_stranger_who_points_at_somebody(world: World, station: Device) -> None:
    world.identify(station, photo("stranger"))
    for change in ("subject_id = 'sub_x'", "fmr_decade = -1"):
        with pytest.raises(sa.exc.IntegrityError, match="s3_strangers"):
            run(world, "UPDATE decisions SET {}", change)


def shape_of(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: type(value).__name__ for name, value in answer.items()}


def test_s3_enrolling_somebody_who_is_there_is_answered_as_for_anybody(world: World, gallery: str) -> None:
    world.active(gallery, "ann", photo("ann"))
    fresh = world.enrol(gallery, "new", photo("new"))
    twin = world.enrol(gallery, "other", photo("ann", 2))
    same = world.enrol(gallery, "ann", photo("ann"))
    for response in (twin, same):
        assert response.status_code == fresh.status_code == 202
        assert shape_of(response.json()) == shape_of(fresh.json())
        assert {response.json()[name] for name in ("status", "expires_at")} == {
            fresh.json()[name] for name in ("status", "expires_at")
        }
        assert {name.lower() for name in response.headers} == {name.lower() for name in fresh.headers}


def test_s3_enrolling_again_later_does_not_date_what_is_there(world: World, gallery: str) -> None:
    world.active(gallery, "ann", photo("ann"))
    world.pending(gallery, "eve", photo("eve"))
    world.clock.move(days=10)
    dates = {world.enrol(gallery, name, photo(name)).json()["expires_at"] for name in ("ann", "eve", "new")}
    assert len(dates) == 1


def test_s3_a_duplicate_waits_in_the_review_queue_and_nobody_else_is_told(world: World, gallery: str) -> None:
    station = world.station(gallery)
    ann = world.active(gallery, "ann", photo("ann"))
    before = world.countersign(world.pending(gallery, "new", photo("new")))
    held = world.active(gallery, "double", photo("ann", 2))
    assert shape_of(before.json()).keys() == {
        "status", "subject_id", "receipt_id", "offer", "countersignature", "other_way",
    }  # fmt: skip
    assert world.state(held.subject_id) == "HELD"
    me = world.as_person(held, "GET", "/v1/me").json()
    assert me["state"] == world.as_person(ann, "GET", "/v1/me").json()["state"] == "CONSENTED"
    assert "held" not in str(me).lower().replace("is held", "")
    again = world.enrol(gallery, "double", photo("ann", 2)).json()
    assert again["status"] == "PENDING"
    assert world.pin(station, "double", held.pin)["decision"] == "MATCH"
    reviews = world.api("GET", "/v1/reviews").json()["items"]
    assert [(r["kind"], r["subject_id"], r["other_subject_id"]) for r in reviews] == [
        ("probable_duplicate", held.subject_id, ann.subject_id)
    ]


def test_s3_only_an_operators_key_reads_reviews_states_and_decisions(world: World, gallery: str) -> None:
    key = world.made("/v1/api-keys", {"name": "enroller", "scopes": ["enrol"]})["secret"]
    subject = world.enrol(gallery, "eve", photo("eve")).json()["subject_id"]
    doors = [
        "/v1/reviews",
        f"/v1/decisions?gallery_id={gallery}",
        f"/v1/subjects/{subject}",
        f"/v1/galleries/{gallery}",
        f"/v1/galleries/{gallery}/subjects",
        f"/v1/galleries/{gallery}/subjects/lookup",
    ]
    for path in doors:
        asked = {"json": {"external_reference": "eve", "reason": "a test"}} if path.endswith("/lookup") else {}
        response = world.api("POST" if asked else "GET", path, headers={"Authorization": f"Bearer {key}"}, **asked)
        assert (response.status_code, response.json()["code"]) == (403, "scope_missing"), path


NUMBERS = {"score", "scores", "similarity", "distance", "cosine", "confidence", "probability", "embedding", "template",
           "vector", "fmr", "threshold", "candidates", "rank"}  # fmt: skip


def test_s3_no_answer_to_a_station_or_person_has_a_score(world: World, station: Device) -> None:
    decided = [world.identify(station, picture) for picture in (photo("ann", 2), photo("x"), CROWD)]
    decided.append(world.verify(station, photo("ann", 2), "ann"))
    for answer in decided:
        assert not NUMBERS & words(set(answer))
        assert not [value for value in answer.values() if isinstance(value, int | float)]


def test_s3_no_shape_that_travels_has_a_score_or_template(world: World) -> None:
    shapes = world.app.openapi()["components"]["schemas"]
    for name, shape in shapes.items():
        found = NUMBERS & words(set(shape.get("properties", {})))
        assert found <= ({"fmr"} if name == "DecisionRecord" else set()), name
    record = shapes["DecisionRecord"]["properties"]["fmr_decade"]
    assert {option.get("type") for option in record["anyOf"]} == {"integer", "null"}


def test_s3_a_near_miss_and_a_far_one_are_recorded_alike(world: World, station: Device) -> None:
    world.identify(station, photo("stranger"))
    world.verify(station, photo("stranger"), "ann")
    rows = world.sql("SELECT outcome, reason, subject_id, fmr_decade FROM decisions")
    assert rows == [("NO_MATCH", None, None, None)] * 2


def test_s3_the_operators_record_keeps_whole_decades_only(world: World, station: Device) -> None:
    world.identify(station, photo("ann", 2))
    ((decade,),) = world.sql("SELECT fmr_decade FROM decisions")
    assert decade == -5


def test_s3_verifying_says_nothing_about_whether_there_is_such_a_person(world: World, station: Device) -> None:
    unknown = world.verify(station, photo("ann", 2), "nobody of that name")
    known = world.verify(station, photo("stranger"), "ann")
    assert {**unknown, "decision_id": ""} == {**known, "decision_id": ""}


def test_s3_there_is_no_search_outside_a_gallery_nor_a_watchlist(world: World) -> None:
    doors = {path for _, path, _ in operations(world)} | {path for path, _ in commands()}
    doors |= {text for _, text in options()}
    forbidden = {"search", "watchlist", "watch", "unknown", "strangers", "everywhere", "global", "track", "trail"}
    assert not forbidden & words(doors)


def test_s3_the_python_client_gets_a_decision_and_no_number(world: World, station: Device) -> None:
    client = StationClient(
        base_url="http://127.0.0.1", station_id=station.id, private_key=station.key, transport=world.transport
    )
    with client as door:
        answer = door.identify(door.open_session("identify").session_id, photo=photo("stranger"))
    assert answer.decision == "NO_MATCH"
    assert not NUMBERS & words(set(type(answer).model_fields))


def test_s3_logs_and_problems_have_nothing_of_a_probe(
    world: World, station: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    world.identify(station, photo("stranger"))
    world.identify(station, b"PRIVATE-BYTES not a picture")
    told = capsys.readouterr()
    assert "stranger" not in told.out + told.err
    assert "PRIVATE" not in told.out + told.err
