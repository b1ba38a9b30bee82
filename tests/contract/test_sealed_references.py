"""What the store port promises of the pages that a gallery's memory is filled from."""

from collections.abc import Iterator

import pytest
from sim.faces import photo
from support.again import run
from support.world import World

from visavis.model.consent import Place, SealedReference


@pytest.fixture
def gallery(world: World) -> str:
    """Ann and Cem agreed, Cem with two photos; Bea did not answer, and Ann not to her second batch."""
    gallery = world.gallery()
    world.active(gallery, "ann", photo("ann"))
    world.pending(gallery, "bea", photo("bea"))
    world.active(gallery, "cem", photo("cem"), photo("cem", 2))
    world.pending(gallery, "ann", photo("ann", 2))
    world.active(world.gallery(), "dot", photo("dot"))
    return gallery


def pages(world: World, gallery: str, *, people: int = 100) -> Iterator[list[SealedReference]]:
    after: Place | None = None
    while True:
        with world.services.store.read() as tx:
            until = tx.place_after(gallery, after=after, people=people)
            page = list(tx.sealed_references(gallery, after=after, until=until, now=world.clock.now()))
        yield page  # with nothing open, as loading does it: who withdraws meanwhile would wait
        if until is None:
            return
        after = until


def rows(world: World, gallery: str) -> list[SealedReference]:
    return [row for page in pages(world, gallery) for row in page]


def subject(world: World, gallery: str, number: int) -> str:
    found = run(world, "SELECT id FROM subjects WHERE gallery_id = '{}' ORDER BY created_at, rowid", gallery)
    return str(found[number][0])


def test_every_reference_of_who_is_active_stands_beside_what_opens_it(world: World, gallery: str) -> None:
    found = rows(world, gallery)
    with world.services.store.read() as tx:
        for row in found:
            held, reference = tx.subjects.get(row.subject_id), tx.references.get(str(row.reference_id))
            receipt = tx.receipts.first(enrolment_id=reference.enrolment_id)
            assert receipt is not None
            assert (row.public_key, row.sealed) == (held.public_key, reference.sealed)
            assert row.wrapped == tx.subject_keys.get(held.id).wrapped
            assert (reference.subject_id, row.receipt_id) == (held.id, receipt.id if receipt.countersignature else None)
    ann, cem = subject(world, gallery, 0), subject(world, gallery, 2)
    assert sorted(row.subject_id for row in found) == sorted([ann, ann, cem, cem])
    assert sorted((row.subject_id, row.is_enrolled, row.is_agreed) for row in found) == sorted(
        [(ann, True, True), (ann, False, False), (cem, True, True), (cem, True, True)]
    )
    assert not any(row.is_gone for row in found)


@pytest.mark.parametrize("most", [1, 2, 3, 5])
def test_pages_have_so_many_people_each_whole_and_once(world: World, gallery: str, most: int) -> None:
    world.active(gallery, "eve", photo("eve"))
    found = list(pages(world, gallery, people=most))
    people = [[*dict.fromkeys(row.subject_id for row in page)] for page in found]
    assert [len(some) for some in people[:-1]] == [most] * (len(people) - 1)
    assert len(people[-1]) < most
    flat = [one for some in people for one in some]
    assert len(flat) == len(set(flat)) == 3
    assert [row for page in found for row in page] == rows(world, gallery)
    for page in found:
        told = [row.subject_id for row in page]
        assert told == [one for one in dict.fromkeys(told) for _ in range(told.count(one))], "one's own stand together"


def test_who_goes_between_two_pages_hides_nobody(world: World, gallery: str) -> None:
    world.active(gallery, "eve", photo("eve"))
    turns = pages(world, gallery, people=1)
    first = next(turns)[0].subject_id
    assert world.api("POST", f"/v1/subjects/{first}/withdrawal").status_code == 204
    assert len({row.subject_id for page in turns for row in page}) == 2


def test_who_agrees_between_two_pages_pushes_nobody_out(world: World) -> None:
    gallery = world.gallery()
    link = world.pending(gallery, "ann", photo("ann"))
    people = [world.active(gallery, name, photo(name)).subject_id for name in ("bea", "cem")]
    with world.services.store.read() as tx:
        until = tx.place_after(gallery, after=None, people=1)
    assert until is not None
    world.countersign(link)
    with world.services.store.read() as tx:
        first = tx.sealed_references(gallery, after=None, until=until, now=world.clock.now())
        rest = tx.sealed_references(gallery, after=until, until=None, now=world.clock.now())
    assert {row.subject_id for row in first} > {people[0]}, "Ann, who came before her, stands there as well"
    assert {row.subject_id for row in rest} == {people[1]}


def test_what_is_missing_is_told_and_not_left_out(world: World, gallery: str) -> None:
    ann, cem = subject(world, gallery, 0), subject(world, gallery, 2)
    run(world, "DELETE FROM \"references\" WHERE subject_id = '{}'", ann)
    run(world, "DELETE FROM subject_keys WHERE id = '{}'", cem)
    found = {row.subject_id: row for row in rows(world, gallery)}
    assert (found[ann].reference_id, found[ann].sealed, found[ann].is_enrolled) == (None, None, False)
    assert found[cem].wrapped is None


def test_a_tombstone_and_an_end_are_told(world: World, gallery: str) -> None:
    ann, cem = subject(world, gallery, 0), subject(world, gallery, 2)
    run(
        world,
        "INSERT INTO tombstones (id, subject_id, receipt_ids, reference_tag, reason, created_at, keep_until) "
        "SELECT 'tmb_x', '{}', '[]', x'00', 'withdrawn', created_at, created_at FROM subjects WHERE id = '{}'",
        ann,
        ann,
    )
    run(world, "UPDATE receipts SET expires_at = '2026-01-01 00:00:00.000000' WHERE subject_id = '{}'", cem)
    found = {row.subject_id: row for row in rows(world, gallery) if row.is_enrolled}
    assert (found[ann].is_gone, found[ann].is_agreed) == (True, True)
    assert (found[cem].is_gone, found[cem].is_agreed) == (False, False)


def test_an_enrolment_of_somebody_else_does_not_count(world: World, gallery: str) -> None:
    ann, eve = subject(world, gallery, 0), world.active(gallery, "eve", photo("eve")).subject_id
    batch = run(world, "SELECT id FROM enrolments WHERE subject_id = '{}' AND state = 'ACTIVE'", ann)[0][0]
    run(world, "UPDATE \"references\" SET enrolment_id = '{}' WHERE subject_id = '{}'", batch, eve)
    assert [row.is_enrolled for row in rows(world, gallery) if row.subject_id == eve] == [False]
