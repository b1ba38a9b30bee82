"""The newest part of the log, in the database: entries in their order and the tree they make."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from visavis.adapters.sql import tables
from visavis.audit.merkle import HASH_BYTES
from visavis.flows.ports import LogRows
from visavis.model.audit import LogClosed, LogHead, LogMoved

_ONLY: Final = 1
"""The id of the one row that says which tree there is."""


class SqlLog(LogRows):
    """The log port on one connection.

    :param begun: how many entries are committed or wait for the commit of the same batch; None in a view.
    :param head: the tree that those which are committed make; looked up in a view.
    :param held: why no more are taken.
    """

    def __init__(
        self,
        connection: sa.Connection,
        *,
        begun: int | None = None,
        head: LogHead | None = None,
        held: LogClosed | None = None,
    ) -> None:
        self._connection = connection
        self._begun = begun
        self._head = head
        self._held = held
        self.appended: list[bytes] = []
        self.adopted: LogHead | None = None

    def append(self, entry: bytes, *, always: bool = False) -> int:
        """See the port."""
        if self._held is not None and not always:
            # A new one each time: one that is raised again keeps everything that was at work when it was raised before.
            raise type(self._held)(self._held.detail)
        if self._begun is None:
            raise ValueError("a view cannot be written to")
        self.appended.append(entry)  # all of a batch are written together, right before its commit
        return self._begun + len(self.appended) - 1

    def head(self) -> LogHead | None:
        """See the port."""
        return read_head(self._connection) if self._begun is None else self._head

    def entries(self, first: int, *, limit: int) -> Sequence[bytes]:
        """See the port."""
        return list(self._connection.execute(_ENTRIES, {"first": first, "limit": limit}).scalars())

    def first(self) -> int:
        """See the port."""
        first = self._connection.execute(_FIRST).scalar_one()
        head = self.head()
        return first if first is not None else 0 if head is None else head.size

    def drop_before(self, index: int) -> int:
        """See the port."""
        return self._connection.execute(_DROP, {"index": index}).rowcount

    def adopt(self, head: LogHead, tail: Sequence[bytes]) -> None:
        """See the port."""
        if self._begun is None or self._begun + len(self.appended) != (0 if self._head is None else self._head.size):
            raise ValueError("something was appended to the older tree, or this is a view")
        self._connection.execute(tables.log_entries.delete())
        first = head.size - len(tail)
        if tail:
            write_entries(self._connection, first, tail)
        move_head(self._connection, self._head, head)
        self.adopted = self._head = head
        self._begun = head.size


_INSERT: Final = tables.log_entries.insert()
_ENTRIES: Final = (
    sa.select(tables.log_entries.c.entry)
    .where(tables.log_entries.c.id >= sa.bindparam("first"))
    .order_by(tables.log_entries.c.id)
    .limit(sa.bindparam("limit"))
)
_DROP: Final = tables.log_entries.delete().where(tables.log_entries.c.id < sa.bindparam("index"))
_FIRST: Final = sa.select(sa.func.min(tables.log_entries.c.id))
_HEAD: Final = sa.select(*(tables.log_head.c[name] for name in ("size", "edge", "checkpoint", "last_day")))
_MOVE: Final = tables.log_head.update().where(
    tables.log_head.c.id == _ONLY, tables.log_head.c.size == sa.bindparam("old_size")
)


def read_head(connection: sa.Connection) -> LogHead | None:
    """The tree as it was committed; None before the first entry."""
    row = connection.execute(_HEAD).one_or_none()
    if row is None:
        return None
    edge = tuple(row.edge[at : at + HASH_BYTES] for at in range(0, len(row.edge), HASH_BYTES))
    return LogHead(row.size, edge, row.checkpoint, row.last_day)


def write_entries(connection: sa.Connection, first: int, entries: Sequence[bytes]) -> None:
    """Put entries into the log, the first of them at this index.

    :raises LogMoved: another process did so meanwhile; the transaction can then only be left.
    """
    rows = [{"id": first + number, "entry": entry} for number, entry in enumerate(entries)]
    try:
        connection.execute(_INSERT, rows)
    except sa.exc.IntegrityError:
        raise LogMoved from None


def move_head(connection: sa.Connection, old: LogHead | None, new: LogHead) -> None:
    """Put a tree in the place of the one that it continues.

    :raises LogMoved: another process did so meanwhile; the transaction can then only be left.
    """
    values = {"size": new.size, "edge": b"".join(new.edge), "checkpoint": new.note, "last_day": new.last_day}
    if old is None:
        try:
            connection.execute(tables.log_head.insert(), {"id": _ONLY, **values})
        except sa.exc.IntegrityError:
            raise LogMoved from None
    elif connection.execute(_MOVE, {"old_size": old.size, **values}).rowcount != 1:
        raise LogMoved
