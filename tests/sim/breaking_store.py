"""A store that breaks: the n-th write does not happen, or happens and is reported failed.

A write is every ``add``, ``change`` and ``remove`` and every commit of a writing transaction.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar, cast

from visavis.adapters.sql.store import SqlStore
from visavis.flows.ports import LogRows, Rows, Store, Transaction
from visavis.model.audit import LogClosed, LogHead
from visavis.model.consent import Place, SealedReference
from visavis.web.services import Services

T = TypeVar("T")
R = TypeVar("R")


class Fault(Enum):
    """What happens to the write that breaks."""

    NOT_STORED = "raised, and not stored"
    REPORTED_FAILED = "stored, and reported failed"


class DiskFailed(Exception):
    """What a broken write raises; no error of ours."""


class BreakingStore(Store):
    """The store port around a real one. ``arm`` says which write breaks; afterwards everything works again."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._left = -1
        self._fault = Fault.NOT_STORED
        self.writes = 0
        self.broke = False

    def arm(self, number: int, fault: Fault) -> None:
        """Break the ``number``-th write from now on, the first being 1; 0 breaks none. ``writes`` counts anew."""
        self._left, self._fault, self.writes, self.broke = number, fault, 0, False

    def act(self, write: Callable[[], R]) -> R:
        """Do one write, or break it."""
        self.writes += 1
        if self.writes != self._left:
            return write()
        self.broke = True
        if self._fault is Fault.REPORTED_FAILED:
            write()
        raise DiskFailed

    @property
    def is_shared(self) -> bool:
        """See the port."""
        return False

    def leads(self) -> bool:
        """See the port."""
        return True

    @contextmanager
    def write(self, *, alone: bool = False) -> Iterator[Transaction]:
        """See the port. A commit that is reported failed has happened."""
        manager = self._store.write(alone=alone)
        transaction = manager.__enter__()
        try:
            yield cast("Transaction", BreakingTransaction(transaction, self))
            self.act_commit(lambda: manager.__exit__(None, None, None))
        except CommittedAnyway:
            raise DiskFailed from None
        except BaseException as error:
            manager.__exit__(type(error), error, error.__traceback__)
            raise

    def act_commit(self, commit: Callable[[], object]) -> None:
        """Commit; a commit that was done and is reported failed must not be rolled back as well."""
        self.writes += 1
        if self.writes != self._left:
            commit()
            return
        self.broke = True
        if self._fault is Fault.REPORTED_FAILED:
            commit()
            raise CommittedAnyway
        raise DiskFailed

    def read(self) -> Any:
        """See the port."""
        return self._store.read()

    def hold_log(self, why: LogClosed | None) -> None:
        """See the port."""
        self._store.hold_log(why)

    def scrub(self) -> None:
        """See the port."""
        self._store.scrub()


class CommittedAnyway(Exception):
    """The commit is done; only its report is lost."""


class BreakingTransaction:
    """The transaction port around a real one, its rows by their names."""

    def __init__(self, transaction: Transaction, store: BreakingStore) -> None:
        self._transaction = transaction
        for name in set(Transaction.__annotations__) - {"log"}:
            setattr(self, name, BreakingRows(getattr(transaction, name), store))
        self.log = BreakingLog(transaction.log, store)

    def afterwards(self, act: Callable[[], None]) -> None:
        """See the port."""
        self._transaction.afterwards(act)

    def references_in(self, gallery_id: str) -> int:
        """See the port."""
        return self._transaction.references_in(gallery_id)

    def with_several(self, gallery_id: str, *, several: int) -> tuple[int, int]:
        """See the port."""
        return self._transaction.with_several(gallery_id, several=several)

    def place_after(self, gallery_id: str, *, after: Place | None, people: int) -> Place | None:
        """See the port."""
        return self._transaction.place_after(gallery_id, after=after, people=people)

    def sealed_references(
        self, gallery_id: str, *, after: Place | None, until: Place | None, now: datetime
    ) -> Sequence[SealedReference]:
        """See the port."""
        return self._transaction.sealed_references(gallery_id, after=after, until=until, now=now)


class BreakingLog(LogRows):
    """The log port around a real one."""

    def __init__(self, log: LogRows, store: BreakingStore) -> None:
        self._log = log
        self._store = store

    def append(self, entry: bytes, *, always: bool = False) -> int:
        """See the port."""
        return self._store.act(lambda: self._log.append(entry, always=always))

    def head(self) -> LogHead | None:
        """See the port."""
        return self._log.head()

    def entries(self, first: int, *, limit: int) -> Sequence[bytes]:
        """See the port."""
        return self._log.entries(first, limit=limit)

    def first(self) -> int:
        """See the port."""
        return self._log.first()

    def adopt(self, head: LogHead, tail: Sequence[bytes]) -> None:
        """See the port."""
        self._store.act(lambda: self._log.adopt(head, tail))

    def drop_before(self, index: int) -> int:
        """See the port."""
        return self._store.act(lambda: self._log.drop_before(index))


class BreakingRows(Rows[T]):
    """The rows port around real ones."""

    def __init__(self, rows: Rows[T], store: BreakingStore) -> None:
        self._rows = rows
        self._store = store

    def add(self, value: T) -> None:
        """See the port."""
        self._store.act(lambda: self._rows.add(value))

    def change(self, value: T) -> None:
        """See the port."""
        self._store.act(lambda: self._rows.change(value))

    def remove(self, **equal: Any) -> int:
        """See the port."""
        return self._store.act(lambda: self._rows.remove(**equal))

    def get(self, id_: str) -> T:
        """See the port."""
        return self._rows.get(id_)

    def find(self, **equal: Any) -> list[T]:
        """See the port."""
        return self._rows.find(**equal)

    def first(self, **equal: Any) -> T | None:
        """See the port."""
        return self._rows.first(**equal)

    def before(self, field: str, moment: datetime) -> list[T]:
        """See the port."""
        return self._rows.before(field, moment)

    def page(self, *, after: str | None, limit: int, within: Any = None, **equal: Any) -> Sequence[T]:
        """See the port."""
        return self._rows.page(after=after, limit=limit, within=within, **equal)

    def count(self, **equal: Any) -> int:
        """See the port."""
        return self._rows.count(**equal)


def put_under(services: Services, store: BreakingStore) -> None:
    """Give every flow of a server this store in place of its own. What only reads keeps the real one."""
    seen: set[int] = set()
    waiting = [getattr(services, name) for name in Services.__slots__]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or not type(thing).__module__.startswith("visavis.flows."):
            continue
        seen.add(id(thing))
        for name, value in list(getattr(thing, "__dict__", {}).items()):
            if isinstance(value, SqlStore):
                setattr(thing, name, store)
            else:
                waiting.append(value)
