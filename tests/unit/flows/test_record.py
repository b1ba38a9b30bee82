"""What is entered where something is not as it should be."""

import pytest
from sim.faces import photo
from support.logged import entries_of, require_sound
from support.world import World

from visavis.audit.leaf import Entry
from visavis.flows.keyring import Keyring
from visavis.flows.record import record_life
from visavis.model.audit import Event
from visavis.model.keys import SealBroken


def last(world: World) -> Entry:
    return entries_of(world.services.store)[-1]


@pytest.mark.parametrize("days", [-400, -3, -1, 0, 1, 300])
def test_a_clock_that_jumps_breaks_no_rule_of_the_log(world: World, days: int) -> None:
    gallery = world.gallery()
    world.active(gallery, "ann", photo("ann"))
    newest = last(world).day
    world.clock.move(days=days)
    world.gallery()
    assert last(world).day == (max(newest, world.clock.now().date().isoformat()) if days > -1 else last(world).day)
    world.clock.move(days=-days)
    world.gallery()
    require_sound(world)


def test_somebody_whose_key_is_damaged_is_erased_and_the_log_holds(world: World) -> None:
    person = world.active(world.gallery(), "ann", photo("ann"))
    world.sql("UPDATE subject_keys SET wrapped = zeroblob(length(wrapped))")
    assert world.api("POST", f"/v1/subjects/{person.subject_id}/withdrawal").status_code == 204
    assert [entry.event.value for entry in entries_of(world.services.store)][-2:] == ["withdraw", "erase"]
    require_sound(world)


@pytest.mark.parametrize("event", [Event.OFFER, Event.GRANT, Event.ENROL])
def test_nobody_whose_key_is_damaged_is_granted_anything(world: World, event: Event) -> None:
    person = world.active(world.gallery(), "ann", photo("ann"))
    world.sql("UPDATE subject_keys SET wrapped = zeroblob(length(wrapped))")
    keyring: Keyring = world.services.keyring
    before = len(entries_of(world.services.store))
    with pytest.raises(SealBroken):
        _enter(world, event, person.subject_id, keyring)
    assert len(entries_of(world.services.store)) == before


def _enter(world: World, event: Event, subject_id: str, keyring: Keyring) -> None:
    with world.services.store.write() as tx:
        record_life(tx, event, tx.subjects.get(subject_id), keyring=keyring, now=world.clock.now())
