"""A server that dies: killed with SIGKILL at the n-th step of what it does for a request.

A step is a moment before or after an SQL statement, before or after a commit or rollback, before or after a file's way
to the disk, before an answer's head or after its body leaves. ``Sim-Die-At: 17`` in a request kills the process at the
17th step from then on, ``17+250`` 250 microseconds after it; ``Sim-Steps`` in an answer says how many there have been.

This process imports everything once and forks itself for each life that it reads from standard input, as starting
Python takes longer than most lives last.
"""

import dataclasses
import json
import os
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
import uvicorn
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from support.world import settings_in

from sim.clock import SimClock
from sim.faces import CALIBRATION, SimExtractor
from visavis import bootstrap
from visavis.adapters.sql.store import SqlStore
from visavis.flows.ports import Clock
from visavis.web.app import create_app
from visavis.web.services import Services

PURGE: Final = "/sim/purge"
"""A door of this server alone: purge now, as the clock does otherwise."""

_MOMENT: Final = struct.Struct("<q")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class TellingClock(SimClock):
    """A clock that tests move, in a file, for the server to read."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._tell()

    def move(self, **delta: float) -> None:
        super().move(**delta)
        self._tell()

    def copied(self, path: Path) -> "TellingClock":
        """The same moment in another file."""
        other = TellingClock(path)
        other.move(seconds=(self.now() - other.now()).total_seconds())
        return other

    def _tell(self) -> None:
        beside = self._path.with_name(f"{self._path.name}.new")  # read at any moment, it is never half a moment
        beside.write_bytes(_MOMENT.pack((self.now() - _EPOCH) // timedelta(microseconds=1)))
        beside.replace(self._path)


class ToldClock(Clock):
    """The clock of such a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def now(self) -> datetime:
        return _EPOCH + timedelta(microseconds=_MOMENT.unpack(self._path.read_bytes())[0])


class Steps:
    """Counts what is done for requests, and dies at the step that was asked for."""

    def __init__(self) -> None:
        self.counted = 0
        self._die_at: int | None = None
        self._delay_s = 0.0
        self._for_a_request = ContextVar("for a request", default=False)

    def arm(self, asked: str) -> None:
        """Die so many steps from now, or a while after that one; the first asking counts."""
        if self._die_at is None:
            steps, _, delay_us = asked.partition("+")
            self._die_at, self._delay_s = self.counted + int(steps), int(delay_us or 0) / 1e6

    def begin(self) -> None:
        """From here on, in this task and its threads, steps count."""
        self._for_a_request.set(True)

    def step(self, *_what: object) -> None:
        """One step."""
        if not self._for_a_request.get():
            return
        self.counted += 1
        if self.counted == self._die_at:
            if self._delay_s:
                threading.Thread(target=self._die, daemon=True).start()
            else:
                self._die()

    def _die(self) -> None:
        time.sleep(self._delay_s)
        os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, store: SqlStore) -> None:
        """Count what this store does."""
        for event in ("before_cursor_execute", "after_cursor_execute", "commit", "rollback", "checkin"):
            sa.event.listen(store._engine, event, self.step)  # "checkin" comes right after a commit
        # What is written beside the database: the key store and the key file.
        for name in ("fsync", "replace"):
            setattr(os, name, self._stepped(getattr(os, name)))

    def _stepped(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **named: Any) -> Any:
            self.step()
            done = act(*given, **named)
            self.step()
            return done

        return counted


class Mortal:
    """ASGI middleware around the app: steps of answers, and the door that purges."""

    def __init__(self, app: ASGIApp, services: Services, steps: Steps) -> None:
        self._app = app
        self._services = services
        self._steps = steps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self._steps.begin()
        asked = Headers(scope=scope).get("sim-die-at")
        if asked is not None:
            self._steps.arm(asked)

        async def stepped(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._steps.step()
                MutableHeaders(scope=message)["Sim-Steps"] = str(self._steps.counted)
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self._steps.step()

        if scope["path"] == PURGE:
            purged = await run_in_threadpool(self._services.withdraw.purge)
            await JSONResponse(dataclasses.asdict(purged))(scope, receive, stepped)
        else:
            await self._app(scope, receive, stepped)


def live(folder: Path, socket: str) -> None:
    """One life: serve what lies in ``folder`` at a Unix socket, as ``visavis serve`` does, with simulated faces."""
    settings = settings_in(folder)
    with bootstrap.DataDirectory(settings.data_dir):
        stages = bootstrap.Stages(SimExtractor(), CALIBRATION)
        services = bootstrap.open_services(settings, clock=ToldClock(folder / "clock"), stages=stages)
        steps = Steps()
        assert isinstance(services.store, SqlStore)
        steps.watch(services.store)
        app = Mortal(create_app(services), services, steps)
        uvicorn.run(app, uds=socket, access_log=False, log_level="warning", server_header=False)


def main() -> None:
    """Fork a life for each line, say its process, and how it ended."""
    for line in sys.stdin:
        life = json.loads(line)
        pid = os.fork()
        if pid == 0:
            try:
                os.dup2(2, 1)  # what the server logs must not stand between what this process says
                live(Path(life["folder"]), life["socket"])
            finally:
                sys.stderr.flush()
                os._exit(0)
        print(json.dumps({"pid": pid}), flush=True)  # noqa: T201 -- the other end of the pipe reads it
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"ended": os.waitstatus_to_exitcode(status)}), flush=True)  # noqa: T201 -- as above


if __name__ == "__main__":
    main()
