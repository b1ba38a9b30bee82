"""Handing the root key to custodians: a fresh root, its shares, and a way in that is open at every moment of it.

A ceremony has two halves. The first writes the shares and gives the key store a second seat, under the new root; the
old root opens it still. The second takes so many of the shares back as open the store, and then drops the old seat: so
nobody loses their keys to a sheet that was printed badly.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from visavis.model.custodians import CeremonyMissing, CustodianMisnamed, Named, SharesWrong
from visavis.model.keys import Custodian, Custody, KeyFileForeign
from visavis.protect.envelope import KEY_BYTES
from visavis.protect.key_store import KeyStore, open_store, read_seats
from visavis.protect.quorum import approval_public_of, combine, require_own, split

_LONGEST_NAME: Final = 60


class KeysAtRest(Protocol):
    """The key store where it lies. ``write`` replaces it whole or not at all, and is back when the disk has it."""

    def read(self) -> bytes:
        """The whole file."""

    def write(self, data: bytes) -> None:
        """Put this in its place."""


@dataclass(frozen=True, slots=True)
class HandedOut:
    """One custodian and the words that are theirs."""

    custodian: Custodian
    words: str = field(repr=False)


HandOut = Callable[[Custody, Sequence[HandedOut]], None]
"""Brings the shares to whoever carries them on; back when they are on the disk."""


def begin(keys: KeysAtRest, *, root: bytes, named: Sequence[Named], threshold: int, hand_out: HandOut) -> Custody:
    """The first half: shares of a new root for these custodians.

    1. The present root opens the store. 2. Everybody has a name of their own. 3. The shares are handed out.
    4. The store gets a seat under the new root, in the place of one of a ceremony that was not confirmed.

    A crash after any of them leaves the present root opening the store.

    :raises KeyFileForeign, KeyStoreDamaged: 1. :raises CustodianMisnamed: 2.
    :raises QuorumImpossible: there are no such shares. :raises OSError: 3 or 4.
    """
    store = open_store(keys.read(), root=root)
    _require_names(named)
    fresh = os.urandom(KEY_BYTES)
    shares = split(fresh, shares=len(named), threshold=threshold)
    custodians = tuple(
        Custodian(number, one.name, approval_public_of(words), one.recipient)
        for number, (one, words) in enumerate(zip(named, shares, strict=True), start=1)
    )
    custody = Custody("quorum", threshold, custodians)
    hand_out(custody, [HandedOut(one, words) for one, words in zip(custodians, shares, strict=True)])
    keys.write(store.with_seat(fresh, custody).sealed())
    return custody


def waiting(data: bytes) -> Custody:
    """The custodians of the ceremony that was begun and not confirmed.

    :raises CeremonyMissing: there is none. :raises KeyStoreDamaged: the store has no form that we know.
    """
    seats = read_seats(data)
    if len(seats) == 1 or seats[-1].custody.mode != "quorum":
        raise CeremonyMissing
    return seats[-1].custody


def confirm(keys: KeysAtRest, *, words: Sequence[str]) -> Custody:
    """The second half: as many shares as it takes show that they open the store; nothing else does from now on.

    1. A ceremony waits. 2. Each share is one of its custodians'. 3. Together they open the store.
    4. The store is written with a fresh key of its own and this one seat, and read back.

    :raises CeremonyMissing: 1. :raises ShareMalformed, ShareForeign: 2.
    :raises SharesTooFew, ShareRepeated, SharesWrong: 3. :raises KeyStoreDamaged, OSError: 4.
    """
    data = keys.read()
    custody = waiting(data)
    approval_keys = {custodian.approval_key for custodian in custody.custodians}
    for each in words:
        require_own(each, approval_keys=approval_keys)
    root = combine(words)
    keys.write(_opened(data, root).finished(root).sealed())
    _opened(keys.read(), root)
    return custody


def discard(keys: KeysAtRest, *, root: bytes) -> None:
    """Drop a ceremony that was not confirmed; only the present root opens from now on, as before.

    :raises CeremonyMissing: there is none. :raises KeyFileForeign, KeyStoreDamaged: the root does not open the store.
    """
    data = keys.read()
    waiting(data)
    keys.write(open_store(data, root=root).finished(root).sealed())


def _opened(data: bytes, root: bytes) -> KeyStore:
    try:
        return open_store(data, root=root)
    except KeyFileForeign:
        raise SharesWrong("Together these shares do not open the key store.") from None


def _require_names(named: Sequence[Named]) -> None:
    names = [one.name for one in named]
    if len(set(names)) != len(names):
        raise CustodianMisnamed("Two custodians have one name.")
    for name in names:
        if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable() or name != name.strip():
            raise CustodianMisnamed("A custodian's name is empty, too long, or cannot be printed.")
