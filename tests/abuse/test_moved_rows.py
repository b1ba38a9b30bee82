"""A vandal, who writes to the database and has links of their own, moves rows to put a face under another's consent."""

import hashlib
import threading

import pytest
from joserfc.jwk import OKPKey
from sim.faces import photo
from support.again import dump, restarted, run, who
from support.world import World

from visavis.adapters.sql import tables
from visavis.consent.receipt import countersign

OWN = ("subjects", "subject_keys", "enrolments", "receipts", "references", "credentials")


@pytest.fixture
def gallery(world: World) -> str:
    return world.gallery()


def invited(world: World, gallery: str, name: str) -> tuple[str, str]:
    """The enrolment of somebody who was invited, and their link."""
    answer = world.made(f"/v1/galleries/{gallery}/invitations", {"external_reference": name}, status=202)
    return str(answer["enrolment_id"]), str(answer["enrol_link"]).partition("#")[2]


def moved(world: World, *, of: str, to: str, state: str = "PENDING") -> None:
    """Put the link of one enrolment onto another."""
    ((hash_,),) = run(world, "SELECT hex(link_hash) FROM enrolments WHERE id = '{}'", of)
    run(world, "UPDATE enrolments SET link_hash = NULL WHERE id = '{}'", of)
    run(world, "UPDATE enrolments SET link_hash = x'{}', state = '{}' WHERE id = '{}'", hash_, state, to)


def test_a_link_that_was_moved_to_somebody_elses_enrolment_opens_nothing(world: World, gallery: str) -> None:
    hers = world.enrol(gallery, "ann", photo("ann")).json()["enrolment_id"]
    own, link = invited(world, gallery, "eve")
    moved(world, of=own, to=hers)
    answers = [
        world.link("GET", "/v1/consent", link),
        world.link("DELETE", "/v1/consent/photos", link),
        world.send(link, photo("eve")),
        world.link("POST", "/v1/consent/refusal", link),
    ]
    assert [(one.status_code, one.json()["code"]) for one in answers] == [(404, "link_unknown")] * len(answers)


def test_no_face_joins_those_that_somebody_has_agreed_to(world: World, gallery: str) -> None:
    """Not even by her own link, which she has used, and which somebody put back."""
    station = world.station(gallery)
    _, link = invited(world, gallery, "ann")
    world.send(link, photo("ann"))
    ((hers, hash_),) = run(world, "SELECT id, hex(link_hash) FROM enrolments")
    assert world.countersign(link).status_code == 200
    run(world, "UPDATE enrolments SET link_hash = x'{}', state = 'PENDING' WHERE id = '{}'", hash_, hers)
    assert world.send(link, photo("eve")).json()["code"] == "link_unknown"
    assert world.link("DELETE", "/v1/consent/photos", link).json()["code"] == "link_unknown"
    run(world, "UPDATE enrolments SET link_hash = NULL, state = 'ACTIVE' WHERE id = '{}'", hers)
    with restarted(world) as again:
        assert who(again, station, photo("eve", 2)) is None
        assert who(again, station, photo("ann", 2)) == "ann"


def test_a_photo_that_bears_the_tag_of_the_persons_is_none_of_theirs(world: World, gallery: str) -> None:
    _, link = invited(world, gallery, "ann")
    world.send(link, photo("eve"))
    ((his,),) = run(world, 'SELECT id FROM "references"')
    world.send(link, photo("ann"))
    ((hers, tag),) = run(world, "SELECT id, hex(photo_tag) FROM \"references\" WHERE id != '{}'", his)
    run(world, "DELETE FROM \"references\" WHERE id = '{}'", hers)
    run(world, "UPDATE \"references\" SET photo_tag = x'{}' WHERE id = '{}'", tag, his)
    offer = world.link("GET", "/v1/consent", link).json()["offer"]
    signed = countersign(offer, subject_key=OKPKey.generate_key("Ed25519"), now=world.clock.now())
    body = {"countersignature": signed, "photos": [hashlib.sha256(photo("ann")).hexdigest()]}
    answer = world.link("POST", "/v1/consent/countersignature", link, json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "photos_exchanged")
    run(world, "UPDATE \"references\" SET id = '{}' WHERE id = '{}'", hers, his)
    assert world.link("POST", "/v1/consent/countersignature", link, json=body).status_code == 500  # it does not open


def test_who_withdrew_is_not_written_back_while_the_server_runs(world: World, gallery: str) -> None:
    """With every row as it was, and without the tombstone."""
    station, ann = world.station(gallery), world.active(gallery, "ann", photo("ann"))
    before = dump(world)
    assert world.as_person(ann, "POST", "/v1/me/withdrawal").status_code == 204
    store = world.services.store
    with store._engine.connect() as connection:  # type: ignore[attr-defined]
        for name in OWN:
            columns = ", ".join("?" for _ in tables.metadata.tables[name].columns)
            for row in before[name]:
                connection.exec_driver_sql(f'INSERT INTO "{name}" VALUES ({columns})', row)  # noqa: S608 -- names of ours
        connection.commit()
    run(world, "DELETE FROM tombstones")
    assert world.pin(station, "ann", ann.pin)["decision"] == "NO_MATCH"
    assert world.as_person(ann, "GET", "/v1/me").status_code == 401
    _, link = invited(world, gallery, "ann")
    assert world.countersign(link).status_code == 403  # with another key; but it has the person looked at anew
    assert who(world, station, photo("ann", 2)) is None


def test_a_tombstone_that_was_taken_out_is_put_back_and_nothing_waits_for_it(world: World, gallery: str) -> None:
    ann, ben = (world.active(gallery, name, photo(name)) for name in ("ann", "ben"))
    assert world.as_person(ann, "POST", "/v1/me/withdrawal").status_code == 204
    run(world, "DELETE FROM tombstones")
    ended = threading.Event()

    def look() -> None:
        world.services.tombstones.settle()
        ended.set()

    threading.Thread(target=look, daemon=True).start()
    assert ended.wait(timeout=20)
    assert world.as_person(ben, "POST", "/v1/me/withdrawal").status_code == 204
    named = sorted(run(world, "SELECT subject_id FROM tombstones"))
    assert named == sorted([(ann.subject_id,), (ben.subject_id,)])
