"""The database: whole, of this release, and opened by the key."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from alembic.config import Config
from alembic.script import ScriptDirectory

from visavis.adapters import sql
from visavis.adapters.controller_key import CONTROLLER, unseal_controller_key
from visavis.adapters.doctor.check import Check
from visavis.adapters.doctor.keys import is_with_custodians, opened_keys
from visavis.adapters.sql.dialects import make_engine
from visavis.model.keys import DataForeign, DataMissing, UnsafeListen
from visavis.settings import Settings

_OLDEST_SQLITE: Final = (3, 35, 0)
_NO_KEY_MEND: Final = "Restore a backup, or run 'visavis init' for another data directory: only a key makes another."
_OLDEST_POSTGRESQL: Final = 13
_UNUSED_DAYS: Final = 90
_MIB: Final = 1024 * 1024
_LOG_WARN: Final = 256 * _MIB
_WAL_FORMAT: Final = b"\x02\x02"
_MIGRATIONS: Final = Path(sql.__path__[0]) / "migrations"


def library(settings: Settings) -> Iterator[Check]:
    """The database's program is one that this release was made for."""
    if settings.is_shared:
        version = str(first_of(settings, "SHOW server_version"))
        if int(version.partition(".")[0].split()[0]) < _OLDEST_POSTGRESQL:
            mend = f"Use PostgreSQL {_OLDEST_POSTGRESQL} or later."
            yield Check("sqlite", "fail", f"PostgreSQL {version} is too old.", mend)
        else:
            yield Check("sqlite", "ok", f"Not used: the database is a PostgreSQL {version}.")
    elif sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        mend = "Use a Python that comes with SQLite 3.35 or later."
        yield Check("sqlite", "fail", f"SQLite {sqlite3.sqlite_version} is too old.", mend)
    else:
        yield Check("sqlite", "ok", f"SQLite {sqlite3.sqlite_version}.")


def key_fits(settings: Settings) -> Iterator[Check]:
    """The key opens this data."""
    if is_with_custodians(settings):
        yield Check("key fits data", "ok", "Its custodians show that, when they unseal the server.")
        return
    installation = opened_keys(settings).tree.installation
    sealed = first_of(settings, "SELECT value FROM server WHERE name = ?", CONTROLLER)
    unseal_controller_key(None if sealed is None else bytes(sealed), installation=installation)
    yield Check("key fits data", "ok", "The key opens this data.")


def api_keys(settings: Settings) -> Iterator[Check]:
    """Somebody holds an API key: without one the server does not start beyond this machine."""
    count = int(first_of(settings, "SELECT count(*) FROM api_keys WHERE revoked_at IS NULL"))
    unused = _unused_keys(settings)
    if count and unused:
        mend = "'visavis apikey list' tells which; revoke what nobody needs."
        yield Check("api keys", "warn", f"{unused} of {count} were not used for {_UNUSED_DAYS} days.", mend)
    elif count:
        yield Check("api keys", "ok", f"{count} that can be used.")
    elif settings.is_loopback:
        yield Check("api keys", "warn", "There is none: nobody can administer this server.", _NO_KEY_MEND)
    else:
        raise UnsafeListen(f"Listening on {settings.host} without any API key makes no sense.")


def _unused_keys(settings: Settings) -> int:
    """How many keys that can be used nobody used for long; none where the schema is older and does not tell."""
    if not has_table(settings, "api_keys", column="last_used_at"):
        return 0
    query = "SELECT count(*) FROM api_keys WHERE revoked_at IS NULL AND coalesce(last_used_at, created_at) < ?"
    long_ago = datetime.now(UTC) - timedelta(days=_UNUSED_DAYS)
    return int(first_of(settings, query, f"{long_ago:%Y-%m-%d %H:%M:%S}"))


def health(settings: Settings) -> Iterator[Check]:
    """Pages and rows of the database are whole, and no row refers to one that is not there."""
    mend = "Stop the server and restore a backup; keep the damaged files to look at."
    if settings.is_shared:
        size = int(first_of(settings, "SELECT pg_database_size(current_database())"))
        yield Check("database", "ok", f"Reached, {size / _MIB:.1f} MiB.")
        return
    with _opened(settings) as connection:
        (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        dangling = {row[0] for row in connection.execute("PRAGMA foreign_key_check")}
    if said != "ok":
        yield Check("database", "fail", "The database is damaged: SQLite finds faults in its pages.", mend)
    elif dangling:
        told = ", ".join(sorted(dangling))
        yield Check("database", "fail", f"Rows refer to others that are not there, in {told}.", mend)
    else:
        size = (settings.data_dir / "visavis.db").stat().st_size
        yield Check("database", "ok", f"Whole, {size / _MIB:.1f} MiB.")


def schema(settings: Settings) -> Iterator[Check]:
    """The schema is this release's."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    found = first_of(settings, "SELECT version_num FROM alembic_version")
    if found is None:
        raise DataMissing("The database was never set up.")
    if found not in known:
        raise DataForeign("The database has a schema that this release does not know.")
    if found in scripts.get_heads():
        yield Check("schema", "ok", f"Revision {found}, this release's.")
    else:
        mend = "Make a backup; the server brings it up to date when it starts, and older releases cannot read it then."
        yield Check("schema", "warn", f"Revision {found}, of an older release.", mend)


def write_ahead_log(settings: Settings) -> Iterator[Check]:
    """The database writes ahead into a log, and the log is emptied now and then."""
    name = "write-ahead log"
    if settings.is_shared:
        yield Check(name, "ok", "PostgreSQL looks after its own.")
        return
    database = _database(settings)
    with database.open("rb") as file:
        header = file.read(20)
    log = database.with_name(f"{database.name}-wal")
    size = log.stat().st_size if log.exists() else 0
    if header[18:20] != _WAL_FORMAT:
        mend = "Find out what else writes to it; the server sets it back when it starts."
        yield Check(name, "warn", "Another program has switched the database's journal.", mend)
    elif size > _LOG_WARN:
        mend = "Restart the server, and stop what else reads the database: it keeps the log from being emptied."
        yield Check(name, "warn", f"It has grown to {size // _MIB} MiB.", mend)
    else:
        yield Check(name, "ok", f"{size / _MIB:.1f} MiB.")


def _database(settings: Settings) -> Path:
    database = settings.data_dir / "visavis.db"
    if not database.is_file():
        raise DataMissing(f"There is no database in {settings.data_dir}.")
    return database


def first_of(settings: Settings, query: str, *values: str) -> Any:
    """The first value that the database answers, or None."""
    if settings.is_shared:
        with _connected(settings) as shared:
            answer = shared.exec_driver_sql(query.replace("?", "%s"), tuple(values)).first()
            return None if answer is None else answer[0]
    with _opened(settings) as connection:
        row = connection.execute(query, values).fetchone()
    return None if row is None else row[0]


def has_table(settings: Settings, table: str, *, column: str | None = None) -> bool:
    """Whether the schema has a table, and a column in it."""
    if settings.is_shared:
        with _connected(settings) as shared:
            found = sa.inspect(shared)
            there = found.has_table(table)
            return there and (column is None or column in {one["name"] for one in found.get_columns(table)})
    if column is None:
        return bool(first_of(settings, "SELECT count(*) FROM sqlite_master WHERE name = ?", table))
    return bool(first_of(settings, "SELECT count(*) FROM pragma_table_info(?) WHERE name = ?", table, column))


@contextmanager
def _connected(settings: Settings) -> Iterator[sa.Connection]:
    engine = make_engine(settings.database_url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _opened(settings: Settings) -> Iterator[sqlite3.Connection]:
    """The database, so that a look changes nothing: not even the files beside it, which SQLite makes to read.

    One thing it does make: where a write-ahead log lies there without its index, as in a copy, the index.
    """
    database = _database(settings)
    beside = any(database.with_name(database.name + end).exists() for end in ("-wal", "-shm"))
    # Where they are missing nobody has the database open, and nothing waits in them: the file alone is all there is.
    how = "mode=ro" if beside else "mode=ro&immutable=1"
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?{how}", uri=True)) as connection:
        yield connection
