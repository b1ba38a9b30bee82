"""Other server processes on one PostgreSQL: what they changed, and which of all does what one has to do."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import sqlalchemy as sa

from visavis.adapters.sql.dialects import try_to_lead
from visavis.flows.following import Change, Changed, Changes

_CHANNEL: Final = "visavis"
_NEWEST: Final = sa.text("SELECT coalesce(max(number), 0) FROM changes")
_AFTER: Final = sa.text(
    "SELECT number, kind, id, origin FROM changes WHERE number > :after ORDER BY number LIMIT :most"
)
_DROP: Final = sa.text("DELETE FROM changes WHERE at < now() - make_interval(secs => :kept)")


class ChangeFeed(Changes):
    """The port on the table ``changes``, which triggers fill in the transaction that changes something.

    Writers are let in one after the other, so numbers are committed in their order: who has seen one has seen all
    before it.
    """

    def __init__(self, engine: sa.Engine, *, own: str) -> None:
        """:param own: how this process's connections are called, by which its own changes are known."""
        self._engine = engine
        self._own = own
        self._listening: sa.Connection | None = None

    def newest(self) -> int:
        """See the port."""
        with self._engine.connect() as connection:
            return int(connection.execute(_NEWEST).scalar_one())

    def after(self, number: int, *, most: int) -> Sequence[Change]:
        """See the port."""
        with self._engine.connect() as connection:
            rows = connection.execute(_AFTER, {"after": number, "most": most}).all()
        return [Change(row.number, Changed(row.kind), row.id, is_own=row.origin == self._own) for row in rows]

    def drop_older(self, kept_s: float) -> None:
        """See the port."""
        with self._engine.begin() as connection:
            connection.execute(_DROP, {"kept": kept_s})

    def wait(self, timeout_s: float) -> None:
        """See the port."""
        try:
            driver = self._listener().connection.driver_connection
            if driver is not None:
                for _ in driver.notifies(timeout=timeout_s, stop_after=1):
                    pass
        except Exception:
            self.close()
            raise

    def close(self) -> None:
        """Give the connection back that listens."""
        listening, self._listening = self._listening, None
        if listening is not None:
            with suppress(sa.exc.DBAPIError):
                listening.invalidate()
            listening.close()

    def _listener(self) -> sa.Connection:
        if self._listening is None:
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            try:
                connection.exec_driver_sql(f"LISTEN {_CHANNEL}")
            except BaseException:
                connection.close()
                raise
            self._listening = connection
        return self._listening


class Lead:
    """Whether this process does what only one does: publish the log, erase what is over, turn epochs.

    The database gives it to whoever asks first, for as long as their connection lasts; so it passes on by itself when
    that process ends, is killed or is cut off.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._connection: sa.Connection | None = None
        self._asking = threading.Lock()

    def is_ours(self) -> bool:
        """Ask the database, which says so anew each time. Where it is away nobody has it."""
        with self._asking:
            try:
                return self._asked()
            except sa.exc.DBAPIError:
                self._leave()
                return False

    def close(self) -> None:
        """Leave it to others."""
        with self._asking:
            self._leave()

    def _asked(self) -> bool:
        if self._connection is not None:
            self._connection.exec_driver_sql("SELECT 1")
            return True
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            if try_to_lead(connection):
                self._connection = connection
                return True
        finally:
            if self._connection is None:
                connection.close()
        return False

    def _leave(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sa.exc.DBAPIError):
                connection.invalidate()  # not to the pool: the lock is the connection's
            connection.close()
