"""One share after the other, until they are enough, too old, or wrong."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from visavis.flows.unseal import FORGOTTEN_AFTER_S, Gathering, Given, Opened
from visavis.model.custodians import NotSealed, ShareForeign, ShareMalformed, ShareRepeated, SharesWrong
from visavis.model.keys import Custodian, Custody
from visavis.protect.epochs import new_tree
from visavis.protect.key_store import KeyStore, new_store
from visavis.protect.quorum import approval_public_of, split

ROOT, NEXT_ROOT = bytes([1]) * 32, bytes([2]) * 32
SHARES = split(ROOT, shares=5, threshold=3)
NEXT_SHARES = split(NEXT_ROOT, shares=3, threshold=2)


def custody(shares: list[str], threshold: int) -> Custody:
    holders = (Custodian(n, f"c{n}", approval_public_of(words)) for n, words in enumerate(shares, start=1))
    return Custody("quorum", threshold, tuple(holders))


def store() -> KeyStore:
    return new_store(new_tree(now=datetime(2027, 1, 1, tzinfo=UTC)), root=ROOT, custody=custody(SHARES, 3))


@dataclass
class Watch:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_third_share_opens() -> None:
    gathering = Gathering(store().sealed())
    assert gathering.given() == Given(0, 3)
    assert gathering.give(SHARES[4]) == Given(1, 3)
    assert gathering.give(SHARES[0]) == Given(2, 3)
    opened = gathering.give(SHARES[2])
    assert opened == Opened(ROOT, (1, 3, 5))
    assert ROOT.hex() not in repr(opened)
    assert str(ROOT) not in repr(opened)


def test_what_was_given_is_overwritten_once_it_opened() -> None:
    gathering = Gathering(store().sealed())
    for words in SHARES[:2]:
        gathering.give(words)
    kept = [share.words for shares in gathering._kept for share in shares.values()]
    assert kept[0].decode() == SHARES[0]
    gathering.give(SHARES[2])
    assert all(set(words) == {0} for words in kept)
    assert gathering._kept == [{}]


def test_an_open_server_takes_no_more() -> None:
    gathering = Gathering(store().sealed())
    for words in SHARES[:3]:
        gathering.give(words)
    with pytest.raises(NotSealed):
        gathering.give(SHARES[3])


def test_a_share_counts_once() -> None:
    gathering = Gathering(store().sealed())
    gathering.give(SHARES[0])
    with pytest.raises(ShareRepeated):
        gathering.give(SHARES[0].upper())
    assert gathering.given() == Given(1, 3)


def test_what_is_no_share_of_ours_does_not_count() -> None:
    gathering = Gathering(store().sealed())
    with pytest.raises(ShareMalformed):
        gathering.give("open sesame")
    with pytest.raises(ShareForeign):
        gathering.give(split(ROOT, shares=5, threshold=3)[0])
    assert gathering.given() == Given(0, 3)


def test_shares_are_forgotten_each_in_its_time() -> None:
    watch = Watch()
    gathering = Gathering(store().sealed(), monotonic=watch)
    gathering.give(SHARES[0])
    watch.now = FORGOTTEN_AFTER_S / 2
    gathering.give(SHARES[1])
    watch.now = FORGOTTEN_AFTER_S - 1
    assert gathering.given() == Given(2, 3)
    watch.now = FORGOTTEN_AFTER_S
    assert gathering.given() == Given(1, 3)
    assert gathering.give(SHARES[2]) == Given(2, 3)
    assert gathering.give(SHARES[0]) == Opened(ROOT, (1, 2, 3))


def test_while_a_ceremony_waits_either_set_opens_and_they_do_not_mix() -> None:
    data = store().with_seat(NEXT_ROOT, custody(NEXT_SHARES, 2)).sealed()
    gathering = Gathering(data)
    gathering.give(SHARES[0])
    gathering.give(SHARES[1])
    assert gathering.given() == Given(2, 3)
    gathering.give(NEXT_SHARES[0])
    assert gathering.given().needed - gathering.given().given == 1
    assert gathering.give(NEXT_SHARES[2]) == Opened(NEXT_ROOT, (1, 3))


def test_shares_that_do_not_open_the_store_are_all_forgotten() -> None:
    """The seat names them, and the store was sealed under another root."""
    data = new_store(store().tree, root=NEXT_ROOT, custody=custody(SHARES, 3)).sealed()
    gathering = Gathering(data)
    gathering.give(SHARES[0])
    gathering.give(SHARES[1])
    with pytest.raises(SharesWrong):
        gathering.give(SHARES[2])
    assert gathering.given() == Given(0, 3)
