"""The store port on SQLAlchemy."""

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from visavis.adapters.sql import tables
from visavis.adapters.sql.batch import Batches, Seal
from visavis.adapters.sql.freshness import read_freshness
from visavis.adapters.sql.log import SqlLog
from visavis.adapters.sql.sealed import find_place, read_sealed
from visavis.flows.ports import Rows, Store, Transaction, Within
from visavis.model.access import AlreadyExists, Answered, ApiKey, Credential, Nonce, NotFound, Reading, Tries
from visavis.model.account import Account, ConsoleSession
from visavis.model.audit import LogClosed, Opening
from visavis.model.bar import BarMove, OwnRates
from visavis.model.bulk import Import, ImportEntry
from visavis.model.consent import (
    Enrolment,
    Place,
    Receipt,
    Reference,
    SealedReference,
    Subject,
    SubjectKey,
    Tombstone,
)
from visavis.model.decision import Decision, Review
from visavis.model.export import Export
from visavis.model.freshness import Freshness
from visavis.model.keys import DataForeign, GalleryKey, Generation
from visavis.model.look_alike import LookAlike
from visavis.model.purpose import Gallery, Purpose, PurposeText
from visavis.model.station import Pairing, Session, Station

T = TypeVar("T")
_MIGRATIONS = Path(__file__).parent / "migrations"
_SCRUB_S = 10.0
"""How long the log is tried to be emptied before it is left to the next time."""
_SCRUB_AGAIN_S = 0.01


class SqlRows(Rows[T]):
    """All rows of one table as values of one dataclass whose fields are the columns."""

    def __init__(self, connection: sa.Connection, table: sa.Table, kind: type[T]) -> None:
        self._connection = connection
        self._table = table
        self._kind = kind
        self._plural = table.name.replace("_", " ")

    def add(self, value: T) -> None:
        """See the port."""
        try:
            self._connection.execute(self._table.insert(), self._columns(value))
        except sa.exc.IntegrityError as error:
            if "UNIQUE" in str(error.orig).upper():
                raise AlreadyExists(f"There is one like it among the {self._plural}.") from None
            raise

    def get(self, id_: str) -> T:
        """See the port."""
        value = self.first(id=id_)
        if value is None:
            raise NotFound(f"There is no such entry among the {self._plural}.")
        return value

    def find(self, **equal: Any) -> list[T]:
        """See the port."""
        return self._values(_select(self._table, _names(equal), limited=False), equal)

    def first(self, **equal: Any) -> T | None:
        """See the port."""
        found = self._values(_select(self._table, _names(equal), limited=True), equal)
        return found[0] if found else None

    def change(self, value: T) -> None:
        """See the port."""
        columns = self._columns(value)
        changed = self._connection.execute(_update(self._table), {**columns, "same_id": columns["id"]})
        if changed.rowcount != 1:
            raise NotFound(f"There is no such entry among the {self._plural}.")

    def remove(self, **equal: Any) -> int:
        """See the port."""
        if not equal:
            raise ValueError("naming no field would delete everything")
        return self._connection.execute(_delete(self._table, _names(equal)), equal).rowcount

    def before(self, field: str, moment: datetime) -> list[T]:
        """See the port."""
        return self._values(sa.select(self._table).where(self._table.c[field] <= moment))

    def page(self, *, after: str | None, limit: int, within: Within | None = None, **equal: Any) -> Sequence[T]:
        """See the port."""
        query = self._select(equal).order_by(self._table.c.id).limit(limit)
        if within is not None:
            query = query.where(self._table.c[within[0]] >= within[1], self._table.c[within[0]] < within[2])
        return self._values(query if after is None else query.where(self._table.c.id > after))

    def count(self, **equal: Any) -> int:
        """See the port."""
        return int(self._connection.execute(_count(self._table, _names(equal)), equal).scalar_one())

    def _columns(self, value: T) -> dict[str, Any]:
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}  # type: ignore[arg-type] # T is a dataclass by construction

    def _select(self, equal: dict[str, Any]) -> sa.Select[Any]:
        return sa.select(self._table).where(*(self._table.c[name] == value for name, value in equal.items()))

    def _values(self, query: sa.Select[Any], values: dict[str, Any] | None = None) -> list[T]:
        # The columns stand in the order of the fields; a test compares them.
        return [self._kind(*row) for row in self._connection.execute(query, values)]


# Statements are made once and kept: making one takes longer than SQLite needs to run it.


def _names(equal: dict[str, Any]) -> tuple[tuple[str, bool], ...]:
    """The fields that are asked for, and whether they are to be empty: nothing equals NULL in SQL."""
    return tuple((name, value is None) for name, value in equal.items())


def _wanted(table: sa.Table, names: tuple[tuple[str, bool], ...]) -> list[sa.ColumnElement[bool]]:
    return [table.c[name].is_(None) if empty else table.c[name] == sa.bindparam(name) for name, empty in names]


@cache
def _select(table: sa.Table, names: tuple[tuple[str, bool], ...], *, limited: bool) -> sa.Select[Any]:
    query = sa.select(table).where(*_wanted(table, names))
    query = query.order_by(table.c.get("created_at", table.c.id), table.c.id)
    return query.limit(1) if limited else query


@cache
def _count(table: sa.Table, names: tuple[tuple[str, bool], ...]) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(table).where(*_wanted(table, names))


@cache
def _delete(table: sa.Table, names: tuple[tuple[str, bool], ...]) -> sa.Delete:
    return table.delete().where(*_wanted(table, names))


@cache
def _references_in() -> sa.Select[Any]:
    joined = tables.references.join(tables.subjects, tables.references.c.subject_id == tables.subjects.c.id)
    query = sa.select(sa.func.count()).select_from(joined)
    return query.where(tables.subjects.c.gallery_id == sa.bindparam("gallery_id"))


@cache
def _with_several() -> sa.Select[Any]:
    """How many people of a gallery have references, and how many so many of them."""
    joined = tables.references.join(tables.subjects, tables.references.c.subject_id == tables.subjects.c.id)
    each = sa.select(sa.func.count().label("held")).select_from(joined).group_by(tables.references.c.subject_id)
    each = each.where(tables.subjects.c.gallery_id == sa.bindparam("gallery_id"))
    held = each.subquery().c.held
    several = sa.case((held >= sa.bindparam("several"), 1), else_=0)
    return sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(several), 0))


@cache
def _newest_decision() -> sa.Select[Any]:
    decisions = tables.decisions.c
    query = sa.select(tables.decisions).where(decisions.station_id == sa.bindparam("station_id"))
    return query.order_by(decisions.decided_at.desc(), decisions.id.desc()).limit(1)


@cache
def _update(table: sa.Table) -> sa.Update:
    return table.update().where(table.c.id == sa.bindparam("same_id"))


_KINDS: Final[dict[str, tuple[sa.Table, type]]] = {
    "openings": (tables.log_openings, Opening),
    "purposes": (tables.purposes, Purpose),
    "purpose_texts": (tables.purpose_texts, PurposeText),
    "galleries": (tables.galleries, Gallery),
    "bar_moves": (tables.bar_moves, BarMove),
    "own_rates": (tables.own_rates, OwnRates),
    "subjects": (tables.subjects, Subject),
    "subject_keys": (tables.subject_keys, SubjectKey),
    "gallery_keys": (tables.gallery_keys, GalleryKey),
    "generations": (tables.generations, Generation),
    "enrolments": (tables.enrolments, Enrolment),
    "receipts": (tables.receipts, Receipt),
    "references": (tables.references, Reference),
    "tombstones": (tables.tombstones, Tombstone),
    "stations": (tables.stations, Station),
    "pairings": (tables.pairings, Pairing),
    "sessions": (tables.sessions, Session),
    "decisions": (tables.decisions, Decision),
    "reviews": (tables.reviews, Review),
    "look_alikes": (tables.look_alikes, LookAlike),
    "credentials": (tables.credentials, Credential),
    "tries": (tables.tries, Tries),
    "api_keys": (tables.api_keys, ApiKey),
    "accounts": (tables.accounts, Account),
    "console_sessions": (tables.console_sessions, ConsoleSession),
    "nonces": (tables.nonces, Nonce),
    "answered": (tables.answered, Answered),
    "readings": (tables.readings, Reading),
    "imports": (tables.imports, Import),
    "import_entries": (tables.import_entries, ImportEntry),
    "exports": (tables.exports, Export),
}
"""The rows of a transaction, by their names in the port."""


_TOMBSTONES: Final = "tombstones"


class SqlTombstones(SqlRows[Tombstone]):
    """The rows of tombstones, which remember what was added in this transaction."""

    def __init__(self, connection: sa.Connection, buried: list[Tombstone]) -> None:
        super().__init__(connection, tables.tombstones, Tombstone)
        self._buried = buried

    def add(self, value: Tombstone) -> None:
        """See the port."""
        super().add(value)
        self._buried.append(value)


class SqlTransaction:
    """The transaction port on one connection; the contract tests compare the two."""

    def __init__(self, connection: sa.Connection, log: SqlLog) -> None:
        self._connection = connection
        self.log = log
        self.buried: list[Tombstone] = []
        self.acts: list[Callable[[], None]] = []

    def __getattr__(self, name: str) -> Any:
        """The rows of a kind, made when they are first asked for: a transaction uses few of them."""
        if name not in _KINDS:
            raise AttributeError(name)
        rows: SqlRows[Any] = SqlRows(self._connection, *_KINDS[name])
        if name == _TOMBSTONES:
            rows = SqlTombstones(self._connection, self.buried)
        setattr(self, name, rows)
        return rows

    def afterwards(self, act: Callable[[], None]) -> None:
        """See the port."""
        self.acts.append(act)

    def references_in(self, gallery_id: str) -> int:
        """See the port."""
        return int(self._connection.execute(_references_in(), {"gallery_id": gallery_id}).scalar_one())

    def with_several(self, gallery_id: str, *, several: int) -> tuple[int, int]:
        """See the port."""
        people, many = self._connection.execute(_with_several(), {"gallery_id": gallery_id, "several": several}).one()
        return int(people), int(many)

    def newest_decision(self, station_id: str) -> Decision | None:
        """See the port."""
        found = self._connection.execute(_newest_decision(), {"station_id": station_id}).first()
        return None if found is None else Decision(*found)

    def freshness(self, gallery_id: str, *, matches: int) -> Sequence[Freshness]:
        """See the port."""
        return read_freshness(self._connection, {"gallery_id": gallery_id, "matches": matches})

    def place_after(self, gallery_id: str, *, after: Place | None, people: int) -> Place | None:
        """See the port."""
        return find_place(self._connection, {"gallery_id": gallery_id, "after": after, "before": people - 1})

    def sealed_references(
        self, gallery_id: str, *, after: Place | None, until: Place | None, now: datetime
    ) -> Sequence[SealedReference]:
        """See the port."""
        return read_sealed(self._connection, {"gallery_id": gallery_id, "after": after, "until": until, "now": now})


class SqlStore(Store):
    """The store port on a database URL; SQLite means one server process."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url)
        self._sqlite = self._engine.dialect.name == "sqlite"
        self._scrubbing = threading.Lock()
        self._held: LogClosed | None = None
        self.bury: Callable[[Sequence[Tombstone]], None] = lambda _: None
        """Told of tombstones that were committed, before whoever wrote them goes on."""
        # Who finds SQLite's own lock taken sleeps, ever longer, while others overtake: here they queue.
        self._batches = Batches(self._engine, begin="BEGIN IMMEDIATE" if self._sqlite else None)
        if self._sqlite:
            sa.event.listen(self._engine, "connect", _prepare_sqlite)

    def sign_log_with(self, seal: Seal) -> None:
        """How the log's tree is signed; before that nothing that has to be in the log can be written."""
        self._batches.seal = seal

    def migrate(self) -> None:
        """Bring the schema to this release.

        :raises DataForeign: the database was written by a newer release.
        """
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        with self._engine.connect() as connection:
            if sa.inspect(connection).has_table("alembic_version"):
                found = set(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars())
                if not found <= known:
                    raise DataForeign("The database has a schema that this release does not know.")
            connection.rollback()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()

    @contextmanager
    def write(self, *, alone: bool = False) -> Iterator[Transaction]:
        """See the port."""
        with self._batches.joined(alone=alone) as batch:
            log = SqlLog(batch.connection, begun=batch.size, head=batch.head, held=self._held)
            transaction = SqlTransaction(batch.connection, log)
            yield cast("Transaction", transaction)
            batch.entries.extend(log.appended)
            batch.acts.extend(transaction.acts)
            batch.head = log.adopted or batch.head
        if transaction.buried:
            self.bury(transaction.buried)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """See the port."""
        with self._engine.connect() as connection:
            if self._sqlite:
                connection.exec_driver_sql("BEGIN")
            try:
                yield cast("Transaction", SqlTransaction(connection, SqlLog(connection)))
            finally:
                connection.rollback()

    def hold_log(self, why: LogClosed | None) -> None:
        """See the port."""
        self._held = why

    def scrub(self) -> None:
        """See the port. SQLite zeroes freed cells (secure_delete); emptying the log drops the older copies in it."""
        if not self._sqlite:
            return
        until = time.monotonic() + _SCRUB_S
        with self._scrubbing, self._engine.connect() as connection:
            # Where somebody else empties the log at that moment SQLite does not wait, but says that it is busy.
            while connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0] and time.monotonic() < until:
                time.sleep(_SCRUB_AGAIN_S)

    def load(self, name: str) -> bytes | None:
        """A value the server keeps for itself, or None."""
        with self._engine.connect() as connection:
            query = sa.select(tables.server.c.value).where(tables.server.c.name == name)
            return connection.execute(query).scalar_one_or_none()

    def keep(self, name: str, value: bytes) -> None:
        """Keep a value for the server itself; there must be none of that name."""
        with self._engine.connect() as connection:
            connection.execute(sa.insert(tables.server).values(name=name, value=value))
            connection.commit()

    def has_generation(self) -> bool:
        """Whether the database was ever used with a key store."""
        with self._engine.connect() as connection:
            return bool(connection.execute(sa.select(sa.func.count()).select_from(tables.generations)).scalar_one())

    def close(self) -> None:
        """Give the connections back."""
        self._batches.close()
        self._engine.dispose()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver would begin transactions by itself, later than we need; we say BEGIN ourselves.
    connection.isolation_level = None
    for setting in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        "busy_timeout=10000",
    ):
        connection.execute(f"PRAGMA {setting}").close()
