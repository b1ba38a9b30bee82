"""The store port on SQLAlchemy."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from visavis.adapters.sql import tables
from visavis.adapters.sql.batch import Batches, Seal
from visavis.adapters.sql.copying import copy_rows
from visavis.adapters.sql.dialects import SQLITE, begin_writing, lock_schema, make_engine, name_of, read_only
from visavis.adapters.sql.freshness import read_freshness
from visavis.adapters.sql.log import SqlLog
from visavis.adapters.sql.others import ChangeFeed, Lead
from visavis.adapters.sql.rows import KINDS, SqlRows, SqlTombstones
from visavis.adapters.sql.sealed import find_place, read_sealed
from visavis.flows.ports import Store, Transaction
from visavis.model.audit import LogClosed
from visavis.model.consent import Place, SealedReference, Tombstone
from visavis.model.decision import Decision
from visavis.model.freshness import Freshness
from visavis.model.keys import DataForeign

_MIGRATIONS = Path(__file__).parent / "migrations"
_SCRUB_S = 10.0
"""How long the log is tried to be emptied before it is left to the next time."""
_SCRUB_AGAIN_S = 0.01


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


_TOMBSTONES: Final = "tombstones"


class SqlTransaction:
    """The transaction port on one connection; the contract tests compare the two."""

    def __init__(self, connection: sa.Connection, log: SqlLog) -> None:
        self._connection = connection
        self.log = log
        self.buried: list[Tombstone] = []
        self.acts: list[Callable[[], None]] = []

    def __getattr__(self, name: str) -> Any:
        """The rows of a kind, made when they are first asked for: a transaction uses few of them."""
        if name not in KINDS:
            raise AttributeError(name)
        rows: SqlRows[Any] = SqlRows(self._connection, *KINDS[name])
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
    """The store port on a database; SQLite means one server process, PostgreSQL as many as one likes."""

    def __init__(self, url: str) -> None:
        """Open none yet.

        :raises DriverMissing: PostgreSQL is wanted, and its driver is not installed.
        """
        self._engine = make_engine(url)
        self._reading = read_only(self._engine)
        self._sqlite = self._engine.dialect.name == SQLITE
        self._scrubbing = threading.Lock()
        self._held: LogClosed | None = None
        self.bury: Callable[[Sequence[Tombstone]], None] = lambda _: None
        """Told of tombstones that were committed, before whoever wrote them goes on."""
        # Who finds SQLite's own lock taken sleeps, ever longer, while others overtake: here they queue.
        self._batches = Batches(self._engine)
        self.changes = None if self._sqlite else ChangeFeed(self._engine, own=name_of(self._engine))
        """What other processes change; None where there are none."""
        self._lead = None if self._sqlite else Lead(self._engine)

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
            lock_schema(connection)
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
        with self._reading.connect() as connection:
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
        """See the port. SQLite zeroes freed cells (secure_delete); emptying the log drops the older copies in it.

        PostgreSQL clears up in its own time: what it still has opens with no key as soon as the epoch is over.
        """
        if not self._sqlite:
            return
        until = time.monotonic() + _SCRUB_S
        with self._scrubbing, self._engine.connect() as connection:
            # Where somebody else empties the log at that moment SQLite does not wait, but says that it is busy.
            while connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0] and time.monotonic() < until:
                time.sleep(_SCRUB_AGAIN_S)

    @property
    def is_shared(self) -> bool:
        """See the port."""
        return not self._sqlite

    def leads(self) -> bool:
        """See the port."""
        return self._lead is None or self._lead.is_ours()

    def on_write(self, begun: Callable[[], None]) -> None:
        """Call this when a transaction that writes has begun, and no other process can write."""
        self._batches.begun = begun

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

    def is_set_up(self) -> bool:
        """Whether an installation was begun in the database."""
        with self._engine.connect() as connection:
            if not sa.inspect(connection).has_table(tables.server.name):
                return False
            return bool(connection.execute(sa.select(sa.func.count()).select_from(tables.server)).scalar_one())

    def has_generation(self) -> bool:
        """Whether the database was ever used with a key store."""
        with self._engine.connect() as connection:
            return bool(connection.execute(sa.select(sa.func.count()).select_from(tables.generations)).scalar_one())

    def size(self) -> int:
        """The bytes that the database takes."""
        asked = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
        if not self._sqlite:
            asked = "SELECT pg_database_size(current_database())"
        with self._engine.connect() as connection:
            return int(connection.exec_driver_sql(asked).scalar_one())

    def copy_to(self, other: "SqlStore") -> None:
        """Put all that is here into the place of what is there; the other has this release's schema, and no users."""
        engine = other._engine  # noqa: SLF001 -- one of our own
        with self._reading.connect() as source, engine.connect() as target:
            if self._sqlite:
                source.exec_driver_sql("BEGIN")
            begin_writing(engine)(target)
            copy_rows(source, target)
            target.commit()
            source.rollback()

    def close(self) -> None:
        """Give the connections back."""
        if self._lead is not None:
            self._lead.close()
        self._batches.close()
        self._engine.dispose()
