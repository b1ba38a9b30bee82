"""Who looks like whom is looked for as the doors compare, and by nobody who is not to be compared any more."""

import threading
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sim.faces import MODEL, SimExtractor, photo
from support.logged import entries_of
from support.world import Person, World

from visavis.evaluate.alike import pairs_reaching
from visavis.flows import find_look_alikes
from visavis.flows.own_people import Copies
from visavis.flows.ports import Transaction
from visavis.match.together import direction
from visavis.model.consent import EnrolmentState
from visavis.model.template import Template

AXES = np.eye(128)


def rows(world: World) -> list[tuple[Any, ...]]:
    return world.sql("SELECT subject_id, other_subject_id, source FROM look_alikes")


def reviews(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.api("GET", "/v1/reviews").json()["items"]
    return found


def activate(world: World) -> None:
    (review,) = reviews(world)
    path = f"/v1/reviews/{review['id']}/resolution"
    assert world.api("POST", path, json={"resolution": "activate"}).status_code == 204


def bar_at(world: World, gallery_id: str, references: int) -> float:
    with world.services.store.read() as tx:
        purpose = tx.purposes.get(tx.galleries.get(gallery_id).purpose_id)
    return world.services.bars.bar(purpose, gallery_id=gallery_id, references=references).threshold


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[bytes, NDArray[np.float64]]:
    """Photos whose templates a test says."""
    said: dict[bytes, NDArray[np.float64]] = {}
    extract = SimExtractor.extract

    def told(self: SimExtractor, given: bytes, **how: Any) -> Template:
        if given not in said:
            return extract(self, given, **how)
        return Template((said[given] / np.linalg.norm(said[given])).astype(np.float32), MODEL)

    monkeypatch.setattr(SimExtractor, "extract", told)
    return said


@pytest.fixture
def gallery(world: World) -> str:
    return world.gallery()


BEA = photo("bea")
ANNS = tuple(photo("ann", number) for number in (1, 2, 3))


def draw_ann_and_bea(said: dict[bytes, NDArray[np.float64]], near: float) -> None:
    """Each photo of Ann scores ``near`` with Bea's, and what they are together scores more."""
    said[BEA] = AXES[0]
    for number, shown in enumerate(ANNS):
        said[shown] = near * AXES[0] + np.sqrt(0.6 - near**2) * AXES[1] + np.sqrt(0.4) * AXES[10 + number]


@pytest.mark.parametrize("most", [find_look_alikes.MOST_AT_ONCE, pytest.param(0, marks=pytest.mark.slow)])
def test_whom_a_door_takes_for_somebody_by_their_photos_together_is_found_at_night_and_at_enrolment(
    world: World, gallery: str, drawn: dict[bytes, NDArray[np.float64]], monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(find_look_alikes, "MOST_AT_ONCE", most)
    draw_ann_and_bea(drawn, bar_at(world, gallery, 4) - 0.02)
    bea, ann = world.active(gallery, "bea", BEA), world.active(gallery, "ann", *ANNS)
    assert [review["other_subject_id"] for review in reviews(world)] == [bea.subject_id]
    activate(world)
    world.sql("DELETE FROM look_alikes")
    assert world.services.find_look_alikes.find(gallery) == 1
    assert rows(world) == [(*sorted((ann.subject_id, bea.subject_id)), "found")]


@pytest.mark.slow
def test_whom_a_door_will_take_the_photos_of_somebody_else_for_is_held_at_enrolment(
    world: World, gallery: str, drawn: dict[bytes, NDArray[np.float64]]
) -> None:
    """Bea comes last; Ann's photos are far from her together, and one of them is near."""
    draw_ann_and_bea(drawn, 0.0)
    drawn[ANNS[2]] = bar_at(world, gallery, 4) * 1.05 * AXES[0] + 0.6 * AXES[1] + 0.4 * AXES[12]
    ann, _ = world.active(gallery, "ann", *ANNS), world.active(gallery, "bea", BEA)
    probes = [drawn[shown] / np.linalg.norm(drawn[shown]) for shown in ANNS]
    together = direction(np.stack(probes).astype(np.float32))
    assert together @ AXES[0] < bar_at(world, gallery, 4) < probes[2] @ AXES[0]
    assert [review["other_subject_id"] for review in reviews(world)] == [ann.subject_id]


@pytest.mark.slow
def test_a_further_photo_is_looked_at_together_with_those_that_are_held(
    world: World, gallery: str, drawn: dict[bytes, NDArray[np.float64]]
) -> None:
    draw_ann_and_bea(drawn, bar_at(world, gallery, 2) - 0.002)
    bea, ann = world.active(gallery, "bea", BEA), world.active(gallery, "ann", *ANNS[:1])
    assert reviews(world) == []
    link = world.pending(gallery, "ann", *ANNS[1:])
    assert world.countersign(link, ann.key).status_code == 200
    assert [review["other_subject_id"] for review in reviews(world)] == [bea.subject_id]


def test_of_three_who_look_alike_each_pair_is_looked_at_before_anybody_is_recognised(
    world: World, gallery: str, drawn: dict[bytes, NDArray[np.float64]]
) -> None:
    """Cat is between Ann and Bea, who do not look like each other."""
    faces = {"ann": AXES[0], "bea": AXES[1], "cat": AXES[0] + AXES[1]}
    drawn |= {photo(name): face for name, face in faces.items()}
    people = {name: world.active(gallery, name, photo(name)).subject_id for name in faces}
    asked = []
    for _ in range(2):
        assert world.state(people["cat"]) == "HELD"
        asked += [review["other_subject_id"] for review in reviews(world)]
        activate(world)
    assert sorted(asked) == sorted([people["ann"], people["bea"]])
    assert (world.state(people["cat"]), reviews(world)) == ("ACTIVE", [])
    declared = {(*sorted((people["cat"], people[name])), "declared") for name in ("ann", "bea")}
    assert set(rows(world)) == declared


@pytest.fixture
def twins(world: World, gallery: str) -> tuple[Person, Person]:
    ann, twin = world.active(gallery, "ann", photo("ann")), world.active(gallery, "twin", photo("t", twin_of="ann"))
    activate(world)
    world.sql("DELETE FROM look_alikes")
    return ann, twin


def test_what_was_found_ends_when_one_person_is_left_to_be_compared(
    world: World, gallery: str, twins: tuple[Person, Person]
) -> None:
    find = world.services.find_look_alikes.find
    assert find(gallery) == 1
    with world.services.store.write() as tx:
        (enrolment,) = tx.enrolments.find(subject_id=twins[1].subject_id)
        tx.enrolments.change(replace(enrolment, state=EnrolmentState.HELD))
    world.services.live.refresh(twins[1].subject_id)
    assert (find(gallery), rows(world)) == (0, [])
    entered = len(entries_of(world.services.store))
    assert find(gallery) == 0  # nobody was compared, and nothing goes: nothing is said
    assert len(entries_of(world.services.store)) == entered


def test_s1_who_withdraws_during_the_look_is_not_compared_from_then_on(
    world: World, gallery: str, twins: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = pairs_reaching

    def while_they_withdraw(vectors: NDArray[np.float32], *given: Any, **named: Any) -> set[tuple[int, int]]:
        held = np.linalg.norm(vectors, axis=1)
        world.as_person(twins[1], "POST", "/v1/me/withdrawal")
        assert (held > 0).all()
        assert sorted(np.linalg.norm(vectors, axis=1) > 0) == [False, True]
        found = compared(vectors, *given, **named)
        assert found == set()
        return found

    monkeypatch.setattr(find_look_alikes, "pairs_reaching", while_they_withdraw)
    world.services.find_look_alikes.find(gallery)
    assert rows(world) == []
    assert world.services.live._copied == []


@pytest.mark.slow
def test_what_was_found_of_somebody_who_is_changed_during_the_look_stays(
    world: World, gallery: str, twins: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.services.find_look_alikes.find(gallery)
    compared = pairs_reaching

    def while_they_are_refreshed(*given: Any, **named: Any) -> set[tuple[int, int]]:
        world.services.live.refresh(twins[1].subject_id)
        return compared(*given, **named)

    monkeypatch.setattr(find_look_alikes, "pairs_reaching", while_they_are_refreshed)
    world.services.find_look_alikes.find(gallery)
    assert [row[2] for row in rows(world)] == ["found"]


@pytest.mark.slow
def test_pairs_are_written_a_few_at_a_time(world: World, gallery: str, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [world.active(gallery, f"p{at}", photo(f"p{at}")).subject_id for at in range(7)]
    finder, asked = world.services.find_look_alikes, list[str]()
    pairs = {(min(pair), max(pair)) for pair in combinations(people, 2)}
    may, begin = finder._may_be_compared, world.services.store.write

    def counted(tx: Transaction, id_: str) -> bool:
        asked.append(id_)
        return may(tx, id_)

    monkeypatch.setattr(finder, "_may_be_compared", counted)
    with world.services.store.read() as tx:
        gallery_row = tx.galleries.get(gallery)
    turns: list[int] = []

    def write(**named: Any) -> Any:
        turns.append(len(asked))
        return begin(**named)

    monkeypatch.setattr(world.services.store, "write", write)
    finder._write(gallery_row, find_look_alikes._Found(pairs, compared=len(people), unsure=set()), lambda: None)
    assert len(rows(world)) == len(pairs)
    assert len(asked) == 2 * len(pairs)
    assert np.diff([*turns, len(asked)]).max() <= 20  # two people a pair


@given(
    photos=st.lists(st.integers(1, 4), max_size=6),
    before=st.sets(st.integers(0, 5)),
    between=st.sets(st.integers(0, 5)),
    after=st.sets(st.integers(0, 5)),
    add_up=st.booleans(),
    seed=st.integers(0, 99),
)
def test_copies_have_whole_people_and_nothing_of_whom_was_dropped(
    *, photos: list[int], before: set[int], between: set[int], after: set[int], add_up: bool, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    held = [draw.normal(size=(n, 4)).astype(np.float32) for n in photos]
    given_over, copies = [rows.copy() for rows in held], Copies()
    for at in before:
        copies.drop(f"p{at}")
    copies.fill([f"p{at}" for at in range(len(photos))], given_over)
    assert not any(rows.any() for rows in given_over)
    for at in between:
        copies.drop(f"p{at}")
    block = copies.vectors
    copies.close_up(add_up=add_up)
    assert not block.any()
    assert set(copies.subjects) == {f"p{at}" for at in range(len(photos))} - {f"p{at}" for at in before | between}
    for at in after:
        copies.drop(f"p{at}")
    targets = copies.people[copies.targets_from :]
    assert not add_up or sorted(targets) == list(range(len(copies.subjects)))
    for number, subject in enumerate(copies.subjects):
        expected = held[int(subject[1:])]
        if add_up and len(expected) > 1:
            expected = np.concatenate([expected, direction(expected)[None]])
        found = copies.vectors[copies.people == number]
        assert (found == (0 if int(subject[1:]) in after else expected)).all()
    copies.overwrite()
    assert not copies.vectors.any()


def test_whoever_drops_somebody_while_they_are_closed_up_leaves_nothing_of_them() -> None:
    for _ in range(50):
        copies = Copies()
        copies.fill(["ann", "bea"], [np.ones((2, 4), np.float32), np.ones((1, 4), np.float32)])
        dropping = threading.Thread(target=copies.drop, args=("ann",))
        dropping.start()
        copies.close_up(add_up=True)
        dropping.join()
        assert not any(
            copies.vectors[copies.people == at].any() for at, id_ in enumerate(copies.subjects) if id_ == "ann"
        )
