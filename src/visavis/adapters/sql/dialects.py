"""What SQLite and PostgreSQL do differently, in one place."""

import secrets
from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from visavis.model.keys import DriverMissing

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"
_DRIVER: Final = "postgresql+psycopg"
_WRITING, _MIGRATING, _LEADING = (int.from_bytes(b"visavis" + bytes([use])) for use in range(3))
"""Advisory locks: PostgreSQL knows them by a number of 64 bits."""
_UNIQUE_VIOLATION: Final = "23505"
_DISK_FULL: Final = "53100"
_CONNECTIONS: Final = 40
"""As many as requests are worked on at once."""
_SERVER: Final = " ".join(
    f"-c {setting}"
    for setting in (
        "timezone=UTC",
        "synchronous_commit=on",
        "lock_timeout=30s",
        # A process that was stopped, or cut off, does not keep the others from writing for ever.
        "idle_in_transaction_session_timeout=60s",
        "search_path=public",
    )
)
_CONNECTION: Final = {
    "options": _SERVER,
    "connect_timeout": 10,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}

Begin = Callable[[sa.Connection], None]


def make_engine(url: str) -> sa.Engine:
    """The engine of a database.

    :raises DriverMissing: PostgreSQL is wanted, and its driver is not installed.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == SQLITE:
        engine = sa.create_engine(parsed)
        sa.event.listen(engine, "connect", _prepare_sqlite)
        return engine
    try:
        return sa.create_engine(
            _with_driver(parsed),
            connect_args=_CONNECTION | {"application_name": f"visavis {secrets.token_hex(8)}"},
            pool_pre_ping=True,
            pool_size=_CONNECTIONS // 4,
            max_overflow=_CONNECTIONS,
        )
    except ModuleNotFoundError:
        raise DriverMissing("PostgreSQL is reached by psycopg, which is not installed.") from None


def name_of(engine: sa.Engine) -> str:
    """How this process's connections to PostgreSQL are called."""
    with engine.connect() as connection:
        return str(connection.exec_driver_sql("SELECT current_setting('application_name')").scalar_one())


def begin_writing(engine: sa.Engine) -> Begin:
    """How a transaction begins that writes: one after the other, of all processes.

    Every flow rests on that: what it has read in a transaction that writes is so until it has written. SQLite has one
    writer anyway; in PostgreSQL a lock is taken first that nobody else has, and each statement sees what was committed
    before it.
    """
    return _begin_sqlite if engine.dialect.name == SQLITE else _begin_postgresql


def read_only(engine: sa.Engine) -> sa.Engine:
    """For transactions that read: all of one sees the same moment."""
    if engine.dialect.name == SQLITE:
        return engine
    return engine.execution_options(isolation_level="REPEATABLE READ")


def lock_schema(connection: sa.Connection) -> None:
    """Keep other processes from changing the schema until this transaction is over."""
    if connection.dialect.name == POSTGRESQL:
        connection.execute(_LOCK, {"lock": _MIGRATING})


def try_to_lead(connection: sa.Connection) -> bool:
    """Take what one process at a time has, for as long as the connection lasts."""
    return bool(connection.execute(_TRY, {"lock": _LEADING}).scalar_one())


def is_taken(error: sa.exc.IntegrityError) -> bool:
    """Whether a row was refused since one like it is there."""
    if (state := getattr(error.orig, "sqlstate", None)) is not None:
        return bool(state == _UNIQUE_VIOLATION)
    return "UNIQUE" in str(error.orig).upper()


def is_full(error: BaseException) -> bool:
    """Whether the disk was full before anything was written, which mends itself."""
    if not isinstance(error, sa.exc.DBAPIError):
        return False
    return getattr(error.orig, "sqlstate", None) == _DISK_FULL or "is full" in str(error.orig)


_LOCK: Final = sa.text("SELECT pg_advisory_xact_lock(:lock)")
_TRY: Final = sa.text("SELECT pg_try_advisory_lock(:lock)")


def _with_driver(url: URL) -> URL:
    return url.set(drivername=_DRIVER)


def _begin_sqlite(connection: sa.Connection) -> None:
    # Taking the write lock at once keeps a reader from having to become a writer half-way.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_postgresql(connection: sa.Connection) -> None:
    connection.execute(_LOCK, {"lock": _WRITING})


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
