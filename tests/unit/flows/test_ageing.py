"""The offer of new photos reaches the person, and their gallery's operator as a number."""

from dataclasses import replace
from typing import Any

import pytest
from sim.faces import photo
from support.world import Person, World

from visavis.decide.ageing import NEWEST
from visavis.flows.ageing import FEWEST_PEOPLE
from visavis.model.bar import OwnRates
from visavis.model.decision import Means, Outcome

NAMES = [f"person{number}" for number in range(FEWEST_PEOPLE)]


def own(world: World, person: Person) -> bool:
    return bool(world.as_person(person, "GET", "/v1/me").json()["new_photos_offered"])


def shown(world: World, gallery: str) -> Any:
    return world.api("GET", f"/v1/galleries/{gallery}").json()["new_photos_offered"]


def matched(world: World, gallery: str, person: Person, *, decade: int, times: int) -> None:
    """Matches of somebody, a day apart from each other."""
    station = world.station(gallery)
    for _ in range(times):
        world.verify(station, photo(person.reference, 2), person.reference)
        with world.services.store.write() as tx:
            newest = max(tx.decisions.find(subject_id=person.subject_id), key=lambda one: one.decided_at)
            assert (newest.outcome, newest.means) == (Outcome.MATCH, Means.FACE)
            tx.decisions.change(replace(newest, fmr_decade=decade))


@pytest.mark.slow
def test_who_hardly_passes_is_told_and_counted_and_nobody_else_is(world: World) -> None:
    gallery = world.gallery()
    people = [world.active(gallery, name, photo(name)) for name in NAMES]
    assert shown(world, gallery) == 0
    with world.services.store.read() as tx:
        bar = world.services.ageing._bar_decade(tx, tx.galleries.get(gallery))
    assert bar is not None
    matched(world, gallery, people[0], decade=bar - 1, times=1)
    matched(world, gallery, people[0], decade=bar, times=NEWEST - 2)
    assert not own(world, people[0])
    matched(world, gallery, people[0], decade=bar, times=1)
    assert own(world, people[0])
    assert not own(world, people[1])
    assert shown(world, gallery) == 1
    assert people[0].subject_id not in world.api("GET", f"/v1/galleries/{gallery}").text
    held = world.api("GET", f"/v1/subjects/{people[0].subject_id}").json()
    assert "new_photos_offered" not in held, "an operator is not told of whom"


def test_a_year_later_everybody_is_until_they_have_new_photos(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery = world.gallery(retention_days=1000)
    people = [world.active(gallery, name, photo(name)) for name in NAMES]
    world.clock.move(days=365)
    monkeypatch.setattr("visavis.flows.ageing.FEWEST_PEOPLE", 1)
    assert shown(world, gallery) == len(people)
    assert own(world, people[0])
    world.enrol(gallery, NAMES[0], photo(NAMES[0], 5))
    assert not own(world, people[0])
    assert shown(world, gallery) == len(people) - 1


def test_of_nine_people_no_number_is_told(world: World) -> None:
    gallery = world.gallery()
    for name in NAMES[1:]:
        world.active(gallery, name, photo(name))
    assert shown(world, gallery) is None


def test_without_a_face_there_is_nothing_to_make_anew(world: World) -> None:
    gallery = world.gallery()
    with world.services.store.read() as tx:
        assert tx.freshness(gallery, matches=NEWEST) == []
    ann = world.active(gallery, "ann", photo("ann"))
    with world.services.store.read() as tx:
        (one,) = tx.freshness(gallery, matches=NEWEST)
        assert one.newest_reference == tx.references.find(subject_id=ann.subject_id)[0].created_at
    assert (one.subject_id, one.decades) == (ann.subject_id, ())


def test_rates_of_a_gallery_that_make_no_sense_hide_nothing_from_a_person(world: World) -> None:
    """Nobody is offered anything by a bar that is not known; a year counts all the same."""
    gallery = world.gallery(retention_days=1000)
    ann = world.active(gallery, "ann", photo("ann"))
    shown = world.as_person(ann, "GET", "/v1/me").json()
    damaged = OwnRates(gallery, 100, 100, 0.001, is_worse=True, points="x", measured_at=world.clock.now())
    with world.services.store.write() as tx:
        tx.own_rates.add(damaged)
    world.services.bars.forget(gallery)
    answer = world.as_person(ann, "GET", "/v1/me")
    assert answer.status_code == 200, answer.text
    assert answer.json() == shown
    assert not own(world, ann)
    world.clock.move(days=365)
    assert own(world, ann)
