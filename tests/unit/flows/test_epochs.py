"""Subjects' keys go from epoch to epoch, and die with the one that they were erased in."""

from datetime import timedelta

import pytest
from sim.faces import photo
from support.logged import require_sound
from support.world import World

from visavis.flows.epochs import Epochs, Turned
from visavis.model.keys import EpochDestroyed
from visavis.protect.envelope import key_version_of
from visavis.protect.epochs import present


def epochs_of(world: World) -> set[int]:
    with world.services.store.read() as tx:
        return {key_version_of(row.wrapped) for row in tx.subject_keys.page(after=None, limit=100)}


def test_a_day_later_every_key_is_wrapped_anew_and_everybody_is_recognised(world: World) -> None:
    gallery = world.gallery()
    station = world.station(gallery)
    world.active(gallery, "ann", photo("ann"))
    world.pending(gallery, "ben", photo("ben"))
    before = present(world.services.keyring.keys.tree).number
    world.clock.move(days=1)
    assert world.services.epochs.look() == Turned(before + 1, 2, 0)
    assert epochs_of(world) == {before + 1}
    assert world.services.epochs.look() == Turned(before + 1, 0, 0)
    assert world.identify(station, photo("ann"))["decision"] == "MATCH"
    world.services.live.load()
    world.clock.move(seconds=5)
    assert world.identify(station, photo("ann"))["decision"] == "MATCH"
    require_sound(world)


def test_a_copy_of_who_was_erased_opens_until_the_window_is_over_and_never_after(world: World) -> None:
    gallery = world.gallery()
    ann = world.active(gallery, "ann", photo("ann"))
    with world.services.store.read() as tx:
        subject, row = tx.subjects.get(ann.subject_id), tx.subject_keys.get(ann.subject_id)
    world.services.withdraw.subject(ann.subject_id)
    world.clock.move(days=1)
    world.services.epochs.look()
    world.clock.move(days=29, hours=23)
    world.services.epochs.look()
    keyring = world.services.keyring
    assert keyring.open_subject_key(row, subject=subject).version == 1
    world.clock.move(hours=2)
    assert world.services.epochs.look().destroyed
    with pytest.raises(EpochDestroyed):
        keyring.open_subject_key(row, subject=subject)
    require_sound(world)


def test_what_was_begun_before_a_crash_is_finished_by_the_next_look(world: World) -> None:
    gallery = world.gallery()
    world.active(gallery, "ann", photo("ann"))
    world.services.epochs.turn()
    world.services.epochs.turn()
    number = present(world.services.keyring.keys.tree).number
    assert world.services.epochs.look().rewrapped == 1
    assert epochs_of(world) == {number}
    assert all(epoch.emptied_at is not None for epoch in world.services.keyring.keys.tree.epochs[:-1])


def test_more_keys_than_fit_into_one_transaction_are_all_wrapped_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visavis.flows.epochs._AT_ONCE", 2)
    gallery = world.gallery()
    for name in ("a", "b", "c", "d", "e"):
        world.pending(gallery, name, photo(name))
    world.services.epochs.turn()
    assert world.services.epochs.look().rewrapped == 5
    assert len(epochs_of(world)) == 1


def test_a_key_that_nobody_can_open_does_not_keep_an_epoch_alive(world: World) -> None:
    gallery = world.gallery()
    secret = world.pending(gallery, "ann", photo("ann"))
    with world.services.store.write() as tx:
        (row,) = tx.subject_keys.page(after=None, limit=1)
        tx.subject_keys.change(type(row)(row.id, row.wrapped[:-1] + bytes([row.wrapped[-1] ^ 1])))
    world.services.epochs.turn()
    assert world.services.epochs.look().rewrapped == 0
    assert world.services.keyring.keys.tree.epochs[0].emptied_at is not None
    assert world.link("GET", "/v1/consent", secret).status_code


def test_how_long_an_epoch_lasts_can_be_said(world: World) -> None:
    services = world.services
    hourly = Epochs(
        store=services.store,
        keyring=services.keyring,
        clock=world.clock,
        window=timedelta(hours=2),
        length=timedelta(hours=1),
    )
    world.clock.move(hours=1)
    first = hourly.look().epoch
    world.clock.move(hours=2)
    assert hourly.look().epoch == first + 1
    assert first not in {epoch.number for epoch in services.keyring.keys.tree.epochs} or hourly.look().destroyed == 0
