"""Several writing transactions, one commit.

A commit waits for the disk; everything else here takes a fraction of that. So whoever ends their transaction while
others wait to begin theirs leaves the commit to them, and all return when it is done. Nobody is answered before.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from visavis.adapters.sql.dialects import SQLITE, begin_writing, is_full
from visavis.adapters.sql.log import move_head, read_head, write_entries
from visavis.model.audit import LogHead, LogStopped

MOST: Final = 64
"""Transactions in one commit. More would gain little, and the first of them waits for the last."""
_PATIENCE_S: Final = 0.02
"""How long somebody waits for a commit that was left to others before looking after it."""

Seal = Callable[[LogHead | None, list[bytes]], LogHead]
"""Makes the signed tree that continues another with these entries."""


@dataclass(slots=True)
class Batch:
    """Transactions that are committed together."""

    connection: sa.Connection
    head: LogHead | None
    entries: list[bytes] = field(default_factory=list)
    acts: list[Callable[[], None]] = field(default_factory=list)
    transactions: int = 0
    error: BaseException | None = None
    done: threading.Event = field(default_factory=threading.Event)

    @property
    def size(self) -> int:
        """How many entries the log has with those of this batch."""
        return len(self.entries) + (0 if self.head is None else self.head.size)


class Batches:
    """Lets writers in one after the other, and commits.

    After a commit to a file that failed it is not known what the disk kept: a file system may forget that it could not
    write, and report the next attempt as done. So no later one is made; the process has to be started again. A database
    server looks after its own disk: there the next batch begins with what that has kept.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._begin = begin_writing(engine)
        self._alone = engine.dialect.name == SQLITE
        """Whether nobody else writes to the database."""
        self._turn = threading.Lock()
        self._waiting = 0
        self._counting = threading.Lock()
        self._open: Batch | None = None
        self._stopped = False
        self._head: LogHead | None = None
        """As it was committed last by this process. What another one commits meanwhile, ``move_head`` refuses."""
        self.seal: Seal = _unsigned
        self.begun: Callable[[], None] = lambda: None
        """Called when nobody else can write any more, before what a transaction reads."""

    @contextmanager
    def joined(self, *, alone: bool) -> Iterator[Batch]:
        """One transaction in the open batch: kept when the block ends well, undone otherwise; back when committed.

        :param alone: it takes long: those before it are committed first, and nobody waits for it but itself.
        :raises LogStopped: an earlier commit failed.
        """
        self._enter()
        batch: Batch | None = None
        try:
            if alone and self._open is not None:
                self._commit(self._open)
            batch = self._open = self._open or self._begun()
            with self._undone(batch):
                yield batch
        finally:
            try:
                over = alone or not self._waiting or (batch is not None and batch.transactions >= MOST)
                if over and batch is not None and batch is self._open:
                    self._commit(batch)
            finally:
                self._turn.release()
        self._wait(batch)

    @contextmanager
    def _undone(self, batch: Batch) -> Iterator[None]:
        """Undo what the block wrote, and nothing else, if it ends in an error."""
        kept, acts, only_one = len(batch.entries), len(batch.acts), not batch.transactions
        if not only_one:
            _tell(batch.connection, "SAVEPOINT one")
        try:
            yield
            if not only_one:
                _tell(batch.connection, "RELEASE SAVEPOINT one")
        except BaseException as error:
            del batch.entries[kept:], batch.acts[acts:]
            if only_one:
                self._drop(batch)
            else:
                self._undo(batch, error)
            raise
        batch.transactions += 1

    def _undo(self, batch: Batch, error: BaseException) -> None:
        """Undo the transaction that failed; those before it in the batch stay.

        Where the disk is full or fails, SQLite may have undone all of them by itself. Then all of them have failed, and
        what is written from here on would no longer be part of any.
        """
        try:
            _tell(batch.connection, "ROLLBACK TO SAVEPOINT one")
        except Exception as lost:  # noqa: BLE001 -- whatever it was, everybody in the batch is told
            batch.error, self._stopped = lost, self._alone and not is_full(error)
            self._drop(batch)

    def close(self) -> None:
        """Commit what is open."""
        with self._turn:
            if self._open is not None:
                self._commit(self._open)

    def _enter(self) -> None:
        with self._counting:
            self._waiting += 1
        try:
            self._turn.acquire()
        finally:
            with self._counting:
                self._waiting -= 1

    def _begun(self) -> Batch:
        if self._stopped:
            raise LogStopped
        connection = self._engine.connect()
        try:
            self._begin(connection)
            self.begun()
            if self._head is None or not self._alone:
                self._head = read_head(connection)
            return Batch(connection, self._head)
        except BaseException:
            connection.close()
            raise

    def _drop(self, batch: Batch) -> None:
        """Leave a batch, and let everybody in it go on."""
        self._open = None
        try:
            batch.connection.rollback()
        finally:
            batch.connection.close()
            batch.done.set()

    def _wait(self, batch: Batch) -> None:
        while not batch.done.wait(_PATIENCE_S):
            with self._turn:
                if not batch.done.is_set():
                    self._commit(batch)
        if batch.error is not None:
            raise LogStopped("What was to be written could not be committed.") from batch.error

    def _commit(self, batch: Batch) -> None:
        """Commit a batch and let everybody in it go on; whoever calls this has the turn."""
        self._open = None
        connection = batch.connection
        try:
            head = batch.head
            if self._alone and not connection.connection.in_transaction:
                # SQLite undid it by itself, and somebody went on: without this the commit would do nothing, gladly.
                raise LogStopped("The database gave the transaction up.")  # noqa: TRY301 -- told like any other
            if batch.entries:
                head = self.seal(batch.head, batch.entries)
                write_entries(connection, head.size - len(batch.entries), batch.entries)
                move_head(connection, batch.head, head)
            connection.commit()
            self._head = head
        except BaseException as error:  # noqa: BLE001 -- whatever it was, everybody in the batch is told
            batch.error = error
            self._stopped = self._alone and not is_full(error)
            with suppress(sa.exc.DBAPIError):  # where the database is away there is nothing to be undone
                connection.rollback()
        else:
            # Each is done, whatever another does; the last one is entered first.
            with ExitStack() as all_of_them:
                for act in reversed(batch.acts):
                    all_of_them.callback(act)
        finally:
            connection.close()
            batch.done.set()


def _tell(connection: sa.Connection, statement: str) -> None:
    """Run a statement without what SQLAlchemy does around one, which takes ten times as long."""
    cursor = connection.connection.cursor()
    cursor.execute(statement)
    cursor.close()


def _unsigned(_head: LogHead | None, _entries: list[bytes]) -> LogHead:
    raise LogStopped("There is no key to sign the log with.")
