"""A real server process with simulated faces, time that its tests move, and faults on demand.

``python server.py FOLDER``: settings come from the environment. While ``FOLDER/break`` is there each write breaks,
and libraries complain; what they say is the file's content, which no log may have.
"""

import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from sim.clock import SimClock
from sim.faces import CALIBRATION, SimExtractor
from visavis import bootstrap
from visavis.adapters.clock import SystemClock
from visavis.adapters.sql.store import SqlStore
from visavis.flows.ports import Transaction
from visavis.settings import read_settings


class SharedClock(SimClock):
    """The time, and as much more as a file says: two processes tell the same."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def now(self) -> datetime:
        ahead = float(self._path.read_text() or 0) if self._path.exists() else 0.0
        return datetime.now(UTC) + timedelta(seconds=ahead)

    def move(self, **delta: float) -> None:
        ahead = float(self._path.read_text()) if self._path.exists() else 0.0
        self._path.write_text(str(ahead + timedelta(**delta).total_seconds()))


class Complaining(Exception):
    """An error that quotes what it was given."""


def complain(secret: str) -> None:
    """Whatever can write into a log by itself, does."""
    logging.getLogger("uvicorn.error").error("Exception in ASGI application: %s", secret)
    logging.getLogger("uvicorn.access").critical(f"GET /{secret}")  # noqa: G004 -- as a careless library would
    logging.getLogger("somebody.elses").warning("%d", secret)
    logging.getLogger(f"sqlalchemy.engine.{secret.isascii()}").critical(
        "INSERT %s", secret, exc_info=Complaining(secret)
    )
    warnings.warn(secret, stacklevel=1)
    thread = threading.Thread(target=lambda: (_ for _ in ()).throw(Complaining(secret)), name=secret)
    thread.start()
    thread.join()


def main() -> None:
    folder = Path(sys.argv[1])
    write = SqlStore.write

    @contextmanager
    def breaking(self: SqlStore, *, alone: bool = False) -> Iterator[Transaction]:
        trap = folder / "break"
        if trap.exists():
            secret = trap.read_text(encoding="utf-8")
            complain(secret)
            statement = f"INSERT INTO subjects VALUES ('{secret}')"  # noqa: S608 -- quoted, never run
            raise sa.exc.OperationalError(statement, {"name": secret}, Complaining(secret))
        with write(self, alone=alone) as transaction:
            yield transaction

    clock = SharedClock(folder / "ahead")
    played: list[tuple[object, str, object]] = [
        (SqlStore, "write", breaking),
        (SystemClock, "now", lambda _: clock.now()),
        (bootstrap, "open_stages", lambda _: bootstrap.Stages(SimExtractor(), CALIBRATION)),
    ]
    for thing, name, instead in played:
        setattr(thing, name, instead)
    bootstrap.serve(read_settings())


if __name__ == "__main__":
    main()
