"""Rule S1 though memory is filled without looking at signatures: what it holds counts only after they are checked."""

from dataclasses import dataclass

import pytest
from sim.faces import photo
from support.again import run, who
from support.world import Device, Person, World


@dataclass(frozen=True)
class Scene:
    """Eve agreed. Under Ann's name somebody enrolled photos of Eve, to which Ann did not agree; a vandal says so."""

    world: World
    gallery: str
    station: Device
    ann: Person
    eve: Person

    def held(self) -> int:
        with self.world.services.store.read() as tx:
            return self.world.services.live.index(tx.galleries.get(self.gallery)).count()


@pytest.fixture
def scene(world: World) -> Scene:
    gallery = world.gallery()
    station = world.station(gallery)
    ann, eve = (world.active(gallery, name, photo(name)) for name in ("ann", "eve"))
    batch = world.enrol(gallery, "ann", photo("eve", 2)).json()["enrolment_id"]
    run(
        world,
        "UPDATE receipts SET countersignature = (SELECT own.countersignature FROM receipts AS own WHERE "
        "own.subject_id = '{}' AND own.countersignature IS NOT NULL) WHERE enrolment_id = '{}'",
        ann.subject_id,
        batch,
    )
    run(world, "UPDATE enrolments SET state = 'ACTIVE' WHERE id = '{}'", batch)
    world.services.live.load()
    return Scene(world, gallery, station, ann, eve)


def test_s1_what_nobody_agreed_to_is_in_memory_and_known_to_nobody(scene: Scene) -> None:
    assert scene.held() == 3, "else this would test nothing"
    assert scene.world.verify(scene.station, photo("eve", 3), "ann")["decision"] == "NO_MATCH"
    assert who(scene.world, scene.station, photo("ann", 3)) is None, "one receipt that is forged stops all of hers"


def test_s1_a_forged_row_stands_in_nobody_elses_way(scene: Scene) -> None:
    answer = scene.world.identify(scene.station, photo("eve", 3))
    assert answer["decision"] == "MATCH", "not REVIEW, as of two who look alike"
    assert answer["subject"]["external_reference"] == "eve"


def test_s1_who_enrols_is_not_compared_with_what_nobody_agreed_to(scene: Scene) -> None:
    world = scene.world
    assert world.as_person(scene.eve, "POST", "/v1/me/withdrawal").status_code == 204
    again = world.active(scene.gallery, "eve again", photo("eve", 4))
    assert world.state(again.subject_id) == "ACTIVE"
    assert world.sql("SELECT * FROM reviews") == []


def test_s1_who_enrols_is_still_compared_with_whoever_agreed(scene: Scene) -> None:
    again = scene.world.active(scene.gallery, "eve again", photo("eve", 4))
    assert scene.world.state(again.subject_id) == "HELD"
    ((other,),) = scene.world.sql("SELECT other_subject_id FROM reviews")
    assert other == scene.eve.subject_id
