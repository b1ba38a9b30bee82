"""Rule S7: every gallery's station serves people by PIN and QR too, with the same answer and the same record."""

import threading
from typing import Any

import pytest
from sim.faces import photo
from support.again import run
from support.surface import commands, operations
from support.world import Device, Person, World

from visavis.client import StationClient


@pytest.fixture
def gallery(world: World) -> str:
    return world.gallery()


@pytest.fixture
def ann(world: World, gallery: str) -> Person:
    return world.active(gallery, "ann", photo("ann"))


@pytest.fixture
def station(world: World, gallery: str, ann: Person) -> Device:
    assert ann.pin
    return world.station(gallery)


def other_way(world: World, station: Device, act: str, *, kind: str = "identify", **body: str) -> dict[str, Any]:
    world.clock.move(seconds=3)
    response = world.at(station, "POST", f"/v1/sessions/{world.session(station, kind)}/{act}", json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


@pytest.mark.parametrize("kind", ["identify", "verify"])
def test_s7_pin_and_qr_are_answered_and_recorded_as_a_face_is(
    world: World, station: Device, ann: Person, kind: str
) -> None:
    face = world.identify(station, photo("ann", 2))
    pin = other_way(world, station, "pin", kind=kind, external_reference="ann", pin=ann.pin)
    qr = other_way(world, station, "qr", kind=kind, qr=ann.qr)
    without_id = [{**answer, "decision_id": ""} for answer in (face, pin, qr)]
    assert without_id[0] == without_id[1] == without_id[2]
    records = world.sql("SELECT outcome, subject_id, gallery_id, station_id, reason FROM decisions")
    assert records == [records[0]] * 3
    assert world.sql("SELECT means FROM decisions ORDER BY decided_at") == [("face",), ("pin",), ("qr",)]


def test_s7_every_way_of_a_gallery_station_has_its_door_and_command(world: World) -> None:
    doors = {path for _, path, _ in operations(world)}
    assert {f"/v1/sessions/{{session_id}}/{act}" for act in ("identify", "verify", "pin", "qr")} <= doors
    assert {"visavis pin", "visavis qr"} <= {path for path, _ in commands()}
    assert {"pin", "qr"} <= set(vars(StationClient))


def test_s7_the_python_client_takes_both(world: World, station: Device, ann: Person) -> None:
    client = StationClient(
        base_url="http://127.0.0.1", station_id=station.id, private_key=station.key, transport=world.transport
    )
    with client as door:
        session = door.open_session("verify")
        assert door.pin(session.session_id, external_reference="ann", pin=ann.pin).decision == "MATCH"
        world.clock.move(seconds=3)
        session = door.open_session("identify")
        answer = door.qr(session.session_id, qr=ann.qr)
        assert answer.subject is not None
        assert answer.subject.external_reference == "ann"


def test_s7_agreeing_brings_the_other_way_once(world: World, gallery: str, ann: Person) -> None:
    more = world.countersign(world.pending(gallery, "ann", photo("ann", 5)), ann.key)
    assert more.json()["other_way"] is None


def test_s7_declining_gives_the_other_way_and_takes_the_face(world: World, gallery: str, station: Device) -> None:
    link = world.pending(gallery, "dan", photo("dan"))
    declined = world.link("POST", "/v1/consent/refusal", link).json()
    assert declined["status"] == "DECLINED"
    assert world.pin(station, "dan", declined["other_way"]["pin"])["decision"] == "MATCH"
    assert other_way(world, station, "qr", qr=declined["other_way"]["qr"])["decision"] == "MATCH"
    assert world.identify(station, photo("dan", 2))["decision"] == "NO_MATCH"
    assert world.sql('SELECT count(*) FROM "references" JOIN subjects ON subjects.id = subject_id '
                     "WHERE state = 'WITHOUT_FACE'") == [(0,)]  # fmt: skip


def test_s7_declining_later_photos_keeps_what_was_agreed(world: World, gallery: str, station: Device) -> None:
    link = world.pending(gallery, "ann", photo("ann", 7))
    assert world.link("POST", "/v1/consent/refusal", link).json() == {"status": "DECLINED", "other_way": None}
    assert world.identify(station, photo("ann", 2))["decision"] == "MATCH"
    assert world.sql('SELECT count(*) FROM "references"') == [(1,)]


def test_s7_somebody_without_a_face_is_served_from_the_start(world: World, gallery: str, station: Device) -> None:
    added = world.made(f"/v1/galleries/{gallery}/without-face", {"external_reference": "wim"})
    answer = world.pin(station, "wim", added["other_way"]["pin"])
    assert (answer["decision"], answer["subject"]["external_reference"]) == ("MATCH", "wim")
    assert world.verify(station, photo("wim"), "wim")["decision"] == "NO_MATCH"


def test_s7_a_name_that_nobody_has_and_a_wrong_pin_are_told_alike(world: World, station: Device) -> None:
    wrong = [world.pin(station, name, "000001") for name in ("ann", "nobody", "eve") for _ in range(6)]
    told = [{**answer, "decision_id": ""} for answer in wrong]
    assert told[0:6] == told[6:12] == told[12:18]
    assert [answer["decision"] for answer in told[:6]] == ["NO_MATCH"] * 5 + ["REFUSED"]
    kinds = world.sql("SELECT outcome, means, reason, subject_id FROM decisions ORDER BY decided_at")
    assert kinds[0:6] == kinds[6:12] == kinds[12:18]


def test_s7_tries_are_slowed_and_then_limited(world: World, station: Device, ann: Person) -> None:
    for _ in range(5):
        assert world.pin(station, "ann", "000001")["decision"] == "NO_MATCH"
    slowed = world.pin(station, "ann", ann.pin)
    assert (slowed["decision"], slowed["reason"]) == ("REFUSED", "too_many_tries")
    assert 0 < slowed["retry_after_s"] <= 30
    world.clock.move(seconds=30)
    assert world.pin(station, "ann", ann.pin)["decision"] == "MATCH"
    world.sql("DELETE FROM tries")
    world.pin(station, "ann", "000001")
    world.sql("UPDATE tries SET failures = 49")
    world.pin(station, "ann", "000001")
    world.clock.move(days=30)
    world.services.withdraw.purge()
    assert world.pin(station, "ann", ann.pin)["reason"] == "too_many_tries"
    issued = world.api("POST", f"/v1/subjects/{ann.subject_id}/credentials").json()
    assert world.pin(station, "ann", ann.pin)["decision"] == "NO_MATCH"
    assert world.pin(station, "ann", issued["pin"])["decision"] == "MATCH"


def test_s7_many_stations_at_once_get_no_more_tries(world: World, gallery: str, station: Device) -> None:
    stations = [station, *(world.station(gallery) for _ in range(7))]
    sessions = [world.session(one) for one in stations]
    answers: list[str] = []

    def guess(one: Device, session_id: str) -> None:
        body = {"external_reference": "ann", "pin": "000001"}
        answer = world.at(one, "POST", f"/v1/sessions/{session_id}/pin", json=body).json()
        answers.append(answer["decision"])

    threads = [threading.Thread(target=guess, args=pair) for pair in zip(stations, sessions, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["NO_MATCH"] * 5 + ["REFUSED"] * 3


def test_s7_a_pin_and_a_qr_are_for_one_gallery(world: World, ann: Person) -> None:
    elsewhere = world.station(world.gallery())
    assert world.pin(elsewhere, "ann", ann.pin)["decision"] == "NO_MATCH"
    assert other_way(world, elsewhere, "qr", qr=ann.qr)["decision"] == "NO_MATCH"


@pytest.mark.parametrize(
    "text", ["", "vq1", "vq1..", "vq2.{0}.{1}", "vq1.{0}.", "vq1.{0}.x", "vq1.sub_x.{1}", "{0}\x00é"]
)
def test_s7_a_qr_that_is_not_the_persons_matches_nobody(world: World, station: Device, ann: Person, text: str) -> None:
    _, subject_id, secret = ann.qr.split(".")
    answer = other_way(world, station, "qr", qr=text.format(subject_id, secret))
    assert answer["decision"] == "NO_MATCH"


def test_s7_a_pending_person_has_no_way_in_yet(world: World, gallery: str, station: Device) -> None:
    world.pending(gallery, "eve", photo("eve"))
    assert world.pin(station, "eve", "000000")["decision"] == "NO_MATCH"
    assert world.sql("SELECT count(*) FROM credentials") == [(1,)]


def test_s7_withdrawing_ends_the_other_way_too(world: World, station: Device, ann: Person) -> None:
    world.pin(station, "ann", "000001")
    assert world.as_person(ann, "POST", "/v1/me/withdrawal").status_code == 204
    assert world.pin(station, "ann", ann.pin)["decision"] == "NO_MATCH"
    assert other_way(world, station, "qr", qr=ann.qr)["decision"] == "NO_MATCH"
    assert world.sql("SELECT * FROM credentials") == []


def test_s7_nothing_of_a_pin_or_qr_is_stored_in_the_clear(world: World, ann: Person) -> None:
    stored = world.files()
    assert ann.qr.rpartition(".")[2].encode() not in stored
    assert world.sql("SELECT pin_hash FROM credentials")[0][0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_s7_credentials_copied_by_sql_are_nobodys(world: World, gallery: str, station: Device, ann: Person) -> None:
    bea = world.active(gallery, "bea", photo("bea"))
    run(
        world,
        "UPDATE credentials SET pin_hash = (SELECT pin_hash FROM credentials WHERE id = '{}'), "
        "qr_hash = (SELECT qr_hash FROM credentials WHERE id = '{}') WHERE id = '{}'",
        ann.subject_id,
        ann.subject_id,
        bea.subject_id,
    )
    assert world.pin(station, "bea", ann.pin)["decision"] == "NO_MATCH"
    secret = ann.qr.rpartition(".")[2]
    assert other_way(world, station, "qr", qr=f"vq1.{bea.subject_id}.{secret}")["decision"] == "NO_MATCH"
    assert world.pin(station, "ann", ann.pin)["decision"] == "MATCH"
