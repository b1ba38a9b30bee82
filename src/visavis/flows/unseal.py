"""The shares that custodians give one after the other, until they are enough to open the key store."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from visavis.model.custodians import NotSealed, ShareForeign, ShareRepeated, SharesWrong
from visavis.model.keys import Custody, KeyFileForeign
from visavis.protect.key_store import open_store, read_seats
from visavis.protect.quorum import combine, require_own

FORGOTTEN_AFTER_S: Final = 1800.0
"""A share that was given is forgotten after half an hour, if the others have not come by then."""


@dataclass(frozen=True, slots=True)
class Given:
    """How far it is: so many shares of as many as are needed."""

    given: int
    needed: int


@dataclass(frozen=True, slots=True)
class Opened:
    """What the quorum gave: the root (32 bytes), and whose shares it was made of."""

    root: bytes = field(repr=False)
    numbers: tuple[int, ...]


@dataclass(slots=True)
class _Kept:
    """A share that waits for the others; its words are overwritten when it goes."""

    words: bytearray = field(repr=False)
    until: float

    def drop(self) -> None:
        self.words[:] = bytes(len(self.words))


class Gathering:
    """Takes one share after the other, from whoever holds it.

    While a ceremony waits to be confirmed either set of custodians opens; shares of the two do not count together.

    :param data: the key store as it lies on the disk.
    """

    def __init__(self, data: bytes, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._data = data
        self._custodies = [seat.custody for seat in read_seats(data) if seat.custody.mode == "quorum"]
        self._kept: list[dict[int, _Kept]] = [{} for _ in self._custodies]
        self._now = monotonic
        self._lock = threading.Lock()
        self._is_over = False

    def given(self) -> Given:
        """How far it is."""
        with self._lock:
            self._forget()
            return self._furthest()

    def give(self, words: str) -> Given | Opened:
        """One more share.

        1. The server is sealed still.
        2. The words are a share that a custodian of this installation was given.
        3. It was not given before.
        4. With the last that is needed, all together open the key store.

        :raises NotSealed: 1. :raises ShareMalformed, ShareForeign: 2. :raises ShareRepeated: 3.
        :raises SharesWrong: 4; all are forgotten. :raises KeyStoreDamaged: 4.
        """
        with self._lock:
            if self._is_over:
                raise NotSealed
            self._forget()
            custody, kept, number = self._place(words)
            if number in kept:
                raise ShareRepeated(f"Share {number} was given before.")
            kept[number] = _Kept(bytearray(words.encode()), self._now() + FORGOTTEN_AFTER_S)
            if len(kept) < custody.threshold:
                return self._furthest()
            try:
                return self._opened(kept)
            finally:
                self._drop()

    def _place(self, words: str) -> tuple[Custody, dict[int, _Kept], int]:
        for custody, kept in zip(self._custodies, self._kept, strict=True):
            try:
                share = require_own(words, approval_keys={one.approval_key for one in custody.custodians})
            except ShareForeign:
                continue
            return custody, kept, share.number
        raise ShareForeign("No custodian of this installation was given this share.")

    def _opened(self, kept: dict[int, _Kept]) -> Opened:
        root = combine([share.words.decode() for share in kept.values()])
        try:
            open_store(self._data, root=root)
        except KeyFileForeign:
            raise SharesWrong("Together these shares do not open the key store.") from None
        self._is_over = True
        return Opened(root, tuple(sorted(kept)))

    def _furthest(self) -> Given:
        """Of two ceremonies the one that is nearer its end."""
        found = [Given(len(kept), of.threshold) for of, kept in zip(self._custodies, self._kept, strict=True)]
        return min(found, key=lambda one: one.needed - one.given)

    def _forget(self) -> None:
        now = self._now()
        for kept in self._kept:
            for number in [number for number, share in kept.items() if share.until <= now]:
                kept.pop(number).drop()

    def _drop(self) -> None:
        for kept in self._kept:
            for share in kept.values():
                share.drop()
            kept.clear()
