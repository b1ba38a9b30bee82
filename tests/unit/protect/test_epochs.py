"""When epochs begin, are empty and are destroyed."""

from datetime import UTC, datetime, timedelta

import pytest

from visavis.model.keys import EpochDestroyed, KeyTree
from visavis.protect.epochs import emptied, epoch_key, grown, is_over, new_tree, present, turned, without_dead
from visavis.protect.keys import derive

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY, WINDOW = timedelta(days=1), timedelta(days=30)


def three() -> KeyTree:
    tree = new_tree(now=NOW)
    for day in (1, 2):
        tree = turned(tree, now=NOW + day * DAY)
    return tree


def test_an_epoch_has_a_key_of_its_own_and_the_last_is_the_present_one() -> None:
    tree = three()
    assert [epoch.number for epoch in tree.epochs] == [1, 2, 3]
    assert present(tree).number == 3
    assert len({epoch_key(tree, number) for number in (1, 2, 3)}) == 3
    assert {len(epoch.key) for epoch in tree.epochs} == {32}
    assert epoch_key(tree, 2) == tree.epochs[1].key


def test_an_epoch_is_over_at_its_end() -> None:
    tree = new_tree(now=NOW)
    assert not is_over(tree, length=DAY, now=NOW + DAY - timedelta(seconds=1))
    assert is_over(tree, length=DAY, now=NOW + DAY)


def test_an_epoch_dies_when_it_is_empty_and_every_backup_of_it_is_over() -> None:
    tree = emptied(three(), before=3, now=NOW + 2 * DAY)
    kept = without_dead(tree, window=WINDOW, now=NOW + 2 * DAY + WINDOW - timedelta(seconds=1))
    assert kept is tree
    at = NOW + 2 * DAY + WINDOW
    left = without_dead(tree, window=WINDOW, now=at)
    assert [epoch.number for epoch in left.epochs] == [3]
    assert [(gone.number, gone.destroyed_at) for gone in left.destroyed] == [(1, at), (2, at)]
    assert left.destroyed[1].made_at == NOW + DAY
    for number in (1, 2, 4):
        with pytest.raises(EpochDestroyed):
            epoch_key(left, number)


def test_one_that_is_not_empty_is_kept_whatever_the_time() -> None:
    tree = three()
    assert without_dead(tree, window=timedelta(0), now=NOW + 1000 * DAY) is tree


def test_the_present_one_is_never_destroyed() -> None:
    tree = emptied(three(), before=9, now=NOW)
    assert [epoch.number for epoch in without_dead(tree, window=timedelta(0), now=NOW + DAY).epochs] == [3]


def test_the_day_on_which_an_epoch_was_emptied_stays() -> None:
    tree = emptied(three(), before=2, now=NOW)
    tree = emptied(tree, before=3, now=NOW + DAY)
    assert [epoch.emptied_at for epoch in tree.epochs] == [NOW, NOW + DAY, None]


def test_the_time_before_epochs_is_emptied_and_never_said_to_be_destroyed() -> None:
    installation = bytes(range(32))
    tree = new_tree(installation=installation, now=NOW)
    assert epoch_key(tree, 0) == derive(installation, "wrap subject keys")
    assert present(tree).number == 1
    tree = without_dead(emptied(tree, before=1, now=NOW), window=timedelta(0), now=NOW + DAY)
    assert [epoch.number for epoch in tree.epochs] == [0, 1]
    assert not tree.destroyed


def test_a_generation_never_becomes_smaller() -> None:
    tree = grown(new_tree(now=NOW), generation=5)
    assert grown(tree, generation=3).generation == 5
    assert grown(tree, generation=6).generation == 6
