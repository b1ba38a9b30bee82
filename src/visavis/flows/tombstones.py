"""The list of tombstones outside the data, by which nobody is revived even where all data was lost."""

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from typing import Protocol

from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store, Transaction
from visavis.model.backup import TombstonesDamaged
from visavis.model.consent import Tombstone
from visavis.protect.tombstones import read_tombstone, write_tombstone


class Lines(Protocol):
    """A file of lines that grows at its end, each line with its end."""

    def read(self) -> Sequence[bytes]:
        """Every whole line, in their order; none where there is no file. What a torn write left at the end is no line.

        :raises OSError: it cannot be read.
        """

    def stamp(self) -> object:
        """What is another after every change, without reading it; None where there is no file.

        :raises OSError: it cannot be told.
        """

    def held(self) -> AbstractContextManager[None]:
        """Keep other processes from changing it meanwhile.

        :raises OSError: the disk is in the way.
        """

    def append(self, lines: Sequence[bytes]) -> None:
        """Add lines; back when the disk has them. What a torn write left at the end goes.

        :raises OSError: the disk did not take them; some may be there.
        """

    def replace(self, lines: Sequence[bytes]) -> None:
        """Put lines in the place of all, whole or not at all; back when the disk has them.

        :raises OSError: the disk did not take them; nothing has changed.
        """


class TombstoneList:
    """Keeps the list as long as the tombstones themselves are kept.

    A tombstone is in it before its erasure is answered. Where the disk does not take it the erasure stands, and
    ``settle`` makes up for it.
    """

    def __init__(self, lines: Lines, *, store: Store, keyring: Keyring, clock: Clock) -> None:
        self._lines = lines
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._changing = threading.Lock()
        self._known: dict[str, Tombstone] | None = None
        self._stamp: object = None

    def bury(self, tombstones: Sequence[Tombstone]) -> None:
        """Add tombstones that were committed a moment ago."""
        with suppress(OSError):  # the erasure stands; the next look adds it
            self._add(tombstones)

    def has(self, subject_id: str) -> bool:
        """Whether the list tells of somebody, as it was read and added to; quick, and never waits for the disk."""
        return subject_id in (self._known or {})

    def settle(self) -> None:
        """Add what the database has and the list has not, and drop what is over.

        :raises TombstonesDamaged: a line does not check out. :raises OSError: the disk did not take it.
        """
        with self._store.read() as tx:
            buried = tx.tombstones.find()
        self._add(buried)
        now = self._clock.now()
        with self._changing, self._lines.held():
            known = self._read()
            kept = {id_: tombstone for id_, tombstone in known.items() if now < tombstone.keep_until}
            if len(kept) < len(known):
                self._lines.replace([self._line(tombstone) for tombstone in kept.values()])
                self._known, self._stamp = kept, self._lines.stamp()
        there = {one.subject_id for one in buried}
        self._put_back([one for id_, one in kept.items() if id_ not in there])

    def _put_back(self, lost: Sequence[Tombstone]) -> None:
        """Tombstones that the database had and has no more: whoever takes one out would have somebody back.

        The list is not held meanwhile: whoever commits a tombstone adds it to the list.
        """
        if not lost:
            return
        with self._store.write() as tx:
            for tombstone in lost:
                if tx.tombstones.first(subject_id=tombstone.subject_id) is None:
                    tx.tombstones.add(tombstone)

    def _add(self, tombstones: Sequence[Tombstone]) -> None:
        with self._changing, self._lines.held():
            known = self._read()
            fresh = [one for one in tombstones if known.get(one.subject_id) != one]
            if fresh:
                self._lines.append([self._line(one) for one in fresh])
                known.update({one.subject_id: one for one in fresh})
                self._stamp = self._lines.stamp()

    def _line(self, tombstone: Tombstone) -> bytes:
        return write_tombstone(tombstone, installation=self._keyring.installation)

    def _read(self) -> dict[str, Tombstone]:
        stamp = self._lines.stamp()
        if self._known is None or stamp != self._stamp:
            self._known = read_all(self._lines.read(), installation=self._keyring.installation)
            self._stamp = stamp
        return self._known


def is_buried(tx: Transaction, subject_id: str, *, keyring: Keyring) -> bool:
    """Whether somebody was erased: by the database, or by the list outside it, from which no row takes anybody."""
    return keyring.keys.erased(subject_id) or tx.tombstones.count(subject_id=subject_id) > 0


def read_all(lines: Sequence[bytes], *, installation: bytes) -> dict[str, Tombstone]:
    """The tombstones of a list by subject; of several for one the last counts.

    :raises TombstonesDamaged: a line does not check out.
    """
    found = {}
    for number, line in enumerate(lines, start=1):
        try:
            tombstone = read_tombstone(line, installation=installation)
        except TombstonesDamaged as damaged:
            raise TombstonesDamaged(f"Line {number}: {damaged.detail}") from None
        found[tombstone.subject_id] = tombstone
    return found
