"""A ceremony, broken off at every step: there is always somebody who can open the key store."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from visavis.flows.ceremony import HandedOut, begin, confirm, discard, waiting
from visavis.model.custodians import (
    CeremonyMissing,
    CustodianMisnamed,
    Named,
    QuorumImpossible,
    ShareForeign,
    ShareRepeated,
    SharesTooFew,
)
from visavis.model.keys import Custody, KeyFileForeign
from visavis.protect.epochs import new_tree
from visavis.protect.key_store import new_store, open_store, read_seats
from visavis.protect.quorum import combine

ROOT = bytes(32)
TREE = new_tree(now=datetime(2027, 1, 1, tzinfo=UTC))
PEOPLE = [Named("Ann"), Named("Bob"), Named("Cas"), Named("Dee"), Named("Eve")]


class PowerCut(Exception):
    """The machine stops here."""


class Disk:
    """The key store's file and the shares' folder; stops at the call that it is told to."""

    def __init__(self) -> None:
        self.data = new_store(TREE, root=ROOT).sealed()
        self.shares: list[str] = []
        self.steps = 0
        self.stop_at = 0
        self.stop_before = True

    def read(self) -> bytes:
        return self.data

    def write(self, data: bytes) -> None:
        self._step(lambda: setattr(self, "data", data))

    def hand_out(self, _custody: Custody, shares: Sequence[HandedOut]) -> None:
        self._step(lambda: setattr(self, "shares", [one.words for one in shares]))

    def _step(self, act: Callable[[], None]) -> None:
        self.steps += 1
        if self.steps == self.stop_at and self.stop_before:
            raise PowerCut
        act()
        if self.steps == self.stop_at:
            raise PowerCut

    def opens(self, root: bytes) -> bool:
        try:
            return open_store(self.data, root=root).tree == TREE
        except KeyFileForeign:
            return False


def held(disk: Disk, *, root: bytes = ROOT, people: Sequence[Named] = PEOPLE, threshold: int = 3) -> Custody:
    return begin(disk, root=root, named=people, threshold=threshold, hand_out=disk.hand_out)


def confirmed(disk: Disk) -> bytes:
    """A whole ceremony; the new root."""
    held(disk)
    confirm(disk, words=disk.shares[1:4])
    return combine(disk.shares[:3])


def test_before_shares_are_given_back_the_former_root_opens() -> None:
    disk = Disk()
    custody = held(disk)
    assert disk.opens(ROOT)
    assert disk.opens(combine(disk.shares[:3]))
    assert read_seats(disk.data)[0].custody.mode == "keyfile"
    assert waiting(disk.data) == custody
    assert [custodian.name for custodian in custody.custodians] == ["Ann", "Bob", "Cas", "Dee", "Eve"]


def test_from_then_on_only_a_quorum_does() -> None:
    disk = Disk()
    root = confirmed(disk)
    assert not disk.opens(ROOT)
    assert disk.opens(root)
    (seat,) = read_seats(disk.data)
    assert (seat.custody.mode, seat.custody.threshold) == ("quorum", 3)
    with pytest.raises(CeremonyMissing):
        waiting(disk.data)


def test_a_copy_of_the_former_store_does_not_open_the_new_one() -> None:
    """The store key is fresh: who kept the old file and the old root has nothing of what comes later."""
    disk = Disk()
    before = open_store(disk.data, root=ROOT).store_key
    root = confirmed(disk)
    assert open_store(disk.data, root=root).store_key != before


@pytest.mark.parametrize("stop_before", [True, False])
@pytest.mark.parametrize("stop_at", [1, 2, 3])
def test_a_power_cut_at_any_step_leaves_a_way_in(stop_at: int, *, stop_before: bool) -> None:
    disk = Disk()
    disk.stop_at, disk.stop_before = stop_at, stop_before
    with pytest.raises(PowerCut):
        confirmed(disk)
    by_custodians = bool(disk.shares) and disk.opens(combine(disk.shares[:3]))
    assert disk.opens(ROOT) or by_custodians
    assert disk.opens(ROOT) == (stop_at < 3 or stop_before)
    # and it can be finished, or begun again
    disk.stop_at = 0
    if disk.opens(ROOT):
        confirmed(disk)
    assert disk.opens(combine(disk.shares[2:]))
    assert not disk.opens(ROOT)


def test_nobody_opens_it_with_too_few_of_the_new_shares() -> None:
    disk = Disk()
    held(disk)
    before = disk.data
    for words, refusal in (
        (disk.shares[:2], SharesTooFew),
        ([disk.shares[0], disk.shares[1], disk.shares[1]], ShareRepeated),
        ([], SharesTooFew),
    ):
        with pytest.raises(refusal):
            confirm(disk, words=words)
        assert disk.data == before
    assert disk.opens(ROOT)


def test_shares_of_a_ceremony_that_was_dropped_confirm_nothing() -> None:
    disk = Disk()
    held(disk)
    dropped = disk.shares
    held(disk)
    with pytest.raises(ShareForeign):
        confirm(disk, words=dropped[:3])
    assert not disk.opens(combine(dropped[:3]))
    confirm(disk, words=disk.shares[:3])


def test_removing_a_custodian_makes_every_former_share_useless() -> None:
    disk = Disk()
    root = confirmed(disk)
    former = disk.shares
    held(disk, root=root, people=PEOPLE[:4], threshold=2)
    assert disk.opens(root), "the former custodians open it until the new shares were given back"
    confirm(disk, words=disk.shares[2:])
    assert not disk.opens(root)
    assert disk.opens(combine(disk.shares[:2]))
    with pytest.raises(ShareForeign):
        combine([former[0], former[1], disk.shares[0]])


def test_a_ceremony_can_be_dropped() -> None:
    disk = Disk()
    held(disk)
    new = combine(disk.shares[:3])
    with pytest.raises(KeyFileForeign):
        discard(disk, root=bytes([1]) * 32)
    discard(disk, root=ROOT)
    assert disk.opens(ROOT)
    assert not disk.opens(new)
    with pytest.raises(CeremonyMissing):
        discard(disk, root=ROOT)


def test_who_does_not_have_the_present_root_holds_no_ceremony() -> None:
    disk = Disk()
    with pytest.raises(KeyFileForeign):
        held(disk, root=bytes([1]) * 32)
    assert disk.shares == []


@pytest.mark.parametrize(
    "names", [["Ann", "Ann"], ["Ann", ""], ["Ann", "x" * 61], ["Ann", "a\nb"], ["Ann", " Bob"], ["Ann", "\x1b[2J"]]
)
def test_names_are_told_apart_and_can_be_printed(names: list[str]) -> None:
    disk = Disk()
    with pytest.raises(CustodianMisnamed):
        held(disk, people=[Named(name) for name in names], threshold=2)
    assert disk.shares == []


def test_a_quorum_that_cannot_be_changes_nothing() -> None:
    disk = Disk()
    for people, threshold in ((PEOPLE, 1), (PEOPLE, 6), (PEOPLE[:1], 1)):
        with pytest.raises(QuorumImpossible):
            held(disk, people=people, threshold=threshold)
    assert disk.steps == 0
