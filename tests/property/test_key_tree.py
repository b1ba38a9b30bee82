"""The key tree against a simple model: whoever lives opens, and whoever was erased stops opening when they have to.

The model knows, of every wrapped key that was ever in the database, in which epoch it was wrapped and when the last
backup that has it is over. What the tree does is what it says in ``visavis.protect.epochs`` and ``key_store``; time,
crashes and exchanges of the root come in any order.
"""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule

from visavis.model.keys import EpochDestroyed, KeyFileForeign, SubjectSecret
from visavis.protect.envelope import key_version_of
from visavis.protect.epochs import emptied, epoch_key, is_over, new_tree, present, turned, without_dead
from visavis.protect.key_store import KeyStore, new_store, open_store
from visavis.protect.keys import new_subject_secret, unwrap, wrap

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
DAY, WINDOW = timedelta(days=1), timedelta(days=5)


@dataclass
class Somebody:
    """One person, the secret that they should have, and their key as the database has it."""

    name: str
    secret: SubjectSecret
    wrapped: bytes


@dataclass
class Copy:
    """A key in a backup: until when a running installation promises to be able to open it."""

    name: str
    wrapped: bytes
    made_at: datetime
    secret: SubjectSecret = field(repr=False)


class KeyTreeMachine(RuleBasedStateMachine):
    people = Bundle("people")

    @initialize()
    def begin(self) -> None:
        self.now = BEGIN
        self.root = os.urandom(32)
        self.former: list[bytes] = []
        self.store: KeyStore = new_store(new_tree(now=self.now), root=self.root)
        self.disk = self.store.sealed()
        self.alive: dict[str, Somebody] = {}
        self.copies: list[Copy] = []
        self.count = 0

    def keep(self, store: KeyStore) -> None:
        self.store, self.disk = store, store.sealed()

    def opened(self, wrapped: bytes, name: str) -> SubjectSecret:
        epoch = key_version_of(wrapped)
        key = epoch_key(self.store.tree, epoch)
        return unwrap(wrapped, epoch=epoch, epoch_key=key, subject_id=name, public_key=None)

    def wrapped(self, secret: SubjectSecret, name: str) -> bytes:
        epoch = present(self.store.tree)
        return wrap(secret, epoch=epoch.number, epoch_key=epoch.key, subject_id=name, public_key=None)

    @rule(target=people)
    def enrol(self) -> str:
        self.count += 1
        name, secret = f"sub_{self.count}", new_subject_secret()
        self.alive[name] = Somebody(name, secret, self.wrapped(secret, name))
        return name

    @rule(name=consumes(people))
    def withdraw(self, name: str) -> None:
        del self.alive[name]

    @rule(name=people)
    def exchange(self, name: str) -> None:
        somebody = self.alive[name]
        secret = new_subject_secret(after=somebody.secret)
        self.alive[name] = Somebody(name, secret, self.wrapped(secret, name))

    @rule()
    def backup(self) -> None:
        self.copies += [Copy(one.name, one.wrapped, self.now, one.secret) for one in self.alive.values()]

    @rule(hours=st.integers(1, 60))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(pages=st.integers(0, 3))
    def look(self, pages: int) -> None:
        """Turn, wrap some keys anew, and go on to the end or be interrupted after some."""
        if is_over(self.store.tree, length=DAY, now=self.now):
            self.keep(self.store.with_tree(turned(self.store.tree, now=self.now)))
        number = present(self.store.tree).number
        stale = [one for one in self.alive.values() if key_version_of(one.wrapped) != number]
        interrupted = pages < 3
        for one in stale[: pages if interrupted else None]:
            one.wrapped = self.wrapped(self.opened(one.wrapped, one.name), one.name)
        if not interrupted:
            tree = emptied(self.store.tree, before=number, now=self.now)
            self.keep(self.store.with_tree(without_dead(tree, window=WINDOW, now=self.now)))

    @rule(finish=st.booleans())
    def exchange_the_root(self, *, finish: bool) -> None:
        fresh = os.urandom(32)
        self.keep(self.store.with_seat(fresh))
        if finish:
            self.former.append(self.root)
            self.root = fresh
        self.keep(self.store.finished(self.root))

    @rule()
    def crash(self) -> None:
        """Everything that is not on the disk is gone."""
        self.store = open_store(self.disk, root=self.root)

    @precondition(lambda self: self.copies)
    @rule()
    def bring_a_backup_back(self) -> None:
        """Who is alive and in it opens from it, within the time that was promised."""
        for copy in self.copies:
            if copy.name in self.alive and self.now <= copy.made_at + WINDOW:
                assert self.opened(copy.wrapped, copy.name) == copy.secret

    @invariant()
    def whoever_lives_opens(self) -> None:
        for name, one in self.alive.items():
            assert self.opened(one.wrapped, name) == one.secret

    @invariant()
    def what_is_in_memory_is_on_the_disk(self) -> None:
        assert open_store(self.disk, root=self.root) == self.store
        for root in self.former:
            with pytest.raises(KeyFileForeign):
                open_store(self.disk, root=root)

    @invariant()
    def a_destroyed_epoch_is_not_kept_and_opens_nothing(self) -> None:
        tree = self.store.tree
        gone = {destroyed.number for destroyed in tree.destroyed}
        assert not gone & {epoch.number for epoch in tree.epochs}
        assert [epoch.number for epoch in tree.epochs] == sorted(epoch.number for epoch in tree.epochs)
        for destroyed in tree.destroyed:
            assert destroyed.destroyed_at >= destroyed.made_at + DAY + WINDOW
        for copy in self.copies:
            if key_version_of(copy.wrapped) in gone:
                with pytest.raises(EpochDestroyed):
                    self.opened(copy.wrapped, copy.name)

    def teardown(self) -> None:
        """Long after, nobody opens what was copied before: neither those who left nor those who are here."""
        if not hasattr(self, "now"):
            return
        self.time_passes(24)
        self.look(3)
        self.now += WINDOW
        self.look(3)
        for copy in self.copies:
            with pytest.raises(EpochDestroyed):
                self.opened(copy.wrapped, copy.name)
        self.whoever_lives_opens()


KeyTreeMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestKeyTree = KeyTreeMachine.TestCase
