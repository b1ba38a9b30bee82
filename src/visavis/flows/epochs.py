"""Turning epochs: every subject's key is wrapped anew in each, and the keys of old ones are destroyed."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from visavis.flows.generation import advance, follow
from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.record import done_by, record_act
from visavis.model.access import ApiKey
from visavis.model.audit import Event
from visavis.model.consent import SubjectKey
from visavis.model.errors import IntegrityError
from visavis.protect.envelope import key_version_of
from visavis.protect.epochs import LENGTH, emptied, is_over, present, turned, without_dead

_AT_ONCE: Final = 200
"""Keys that are wrapped anew in one transaction, a few hundredths of a second: who decides meanwhile waits for it."""


@dataclass(frozen=True, slots=True)
class Turned:
    """What one look at the epochs came to."""

    epoch: int
    rewrapped: int
    destroyed: int


class Epochs:
    """Keeps the epochs going. Every step can be done again: whatever was begun is finished by the next look.

    1. The new epoch's key is on the disk before any subject's key is wrapped with it. 2. An epoch counts as emptied
    when a whole look at the keys that began after its end found none of it. 3. It is destroyed when the backup window
    after that is over.
    """

    def __init__(
        self, *, store: Store, keyring: Keyring, clock: Clock, window: timedelta, length: timedelta = LENGTH
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._length = length
        self.window = window

    def look(self) -> Turned:
        """Do what is due."""
        keys = self._keyring.keys
        if is_over(keys.tree, length=self._length, now=self._clock.now()):
            self.turn()
        number = present(keys.tree).number
        rewrapped = 0
        if any(epoch.emptied_at is None for epoch in keys.tree.epochs[:-1]):
            rewrapped = self._rewrap(number)
            keys.change_tree(lambda tree: emptied(tree, before=number, now=self._clock.now()))
        destroyed = self._destroy_dead()
        follow(self._store, self._keyring)
        return Turned(number, rewrapped, destroyed)

    def turn(self, *, by: ApiKey | None = None) -> None:
        """Begin a new epoch now.

        :param by: who asks for it, which is entered; None: the clock.
        """
        self._keyring.keys.change_tree(lambda tree: turned(tree, now=self._clock.now()))
        with self._store.write() as tx:
            advance(tx, self._keyring)
            self._enter(tx, "rotate", present(self._keyring.keys.tree).number, **done_by(by))

    def _destroy_dead(self) -> int:
        """Destroy what no backup within its time needs. The log is told first: the next look does what it says."""
        keys, now = self._keyring.keys, self._clock.now()
        rest = without_dead(keys.tree, window=self.window, now=now)
        dead = sorted({e.number for e in keys.tree.epochs} - {e.number for e in rest.epochs})
        if dead:
            with self._store.write() as tx:
                advance(tx, self._keyring)
                for number in dead:
                    self._enter(tx, "end", number)
            keys.change_tree(lambda tree: without_dead(tree, window=self.window, now=now))
        return len(dead)

    def _enter(self, tx: Transaction, act: str, number: int, **by: str) -> None:
        record_act(
            tx,
            Event.KEY,
            now=self._clock.now(),
            fields={"act": act, "of": "epoch"},
            details={"epoch": number, **by},
            keyring=self._keyring,
        )

    def _rewrap(self, number: int) -> int:
        """Wrap in this epoch every key that is wrapped in another.

        A transaction that wrapped a key in the former epoch was over before the first one here began: two that write
        never run at once.
        """
        done, after = 0, None
        while True:
            with self._store.read() as tx:
                rows = tx.subject_keys.page(after=after, limit=_AT_ONCE)
            if not rows:
                return done
            after = rows[-1].id
            stale = [row.id for row in rows if _is_stale(row, number)]
            if stale:
                done += self._rewrap_some(stale, number)

    def _rewrap_some(self, ids: list[str], number: int) -> int:
        done = 0
        with self._store.write() as tx:
            for id_ in ids:
                row, subject = tx.subject_keys.first(id=id_), tx.subjects.first(id=id_)
                if row is None or subject is None or not _is_stale(row, number):
                    continue  # erased, or wrapped anew, meanwhile
                try:
                    secret = self._keyring.open_subject_key(row, subject=subject)
                except IntegrityError:
                    continue  # nobody can open it; it needs no epoch
                wrapped = self._keyring.wrap_subject_key(secret, subject_id=subject.id, public_key=subject.public_key)
                tx.subject_keys.change(replace(row, wrapped=wrapped))
                done += 1
        return done


def _is_stale(row: SubjectKey, number: int) -> bool:
    try:
        return key_version_of(row.wrapped) != number
    except IntegrityError:
        return False
