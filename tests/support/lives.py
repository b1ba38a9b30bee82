"""A real server process that can be killed, and everything a client does with it."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Self

import httpx2
from sim.faces import SimExtractor
from sim.mortal import TellingClock

from support.world import BASE, World

_ROOT = Path(__file__).resolve().parents[2]
_START_S = 60.0


class RemoteWorld(World):
    """The doors of a server in another process; ``clock`` is that process's clock too."""

    def __init__(self, *, folder: Path, secret: str, clock: TellingClock, address: str) -> None:
        self.folder = folder
        self.secret = secret
        self.clock = clock
        self.faces = SimExtractor()
        transport = httpx2.HTTPTransport(uds=address)
        self.remote = httpx2.Client(
            transport=transport, base_url=BASE, timeout=60, event_hooks={"response": [self._hear]}
        )
        self.http = self.remote  # type: ignore[assignment] # a test client is a client; this one's server is elsewhere
        self.steps = 0
        self._names = 0
        self._sent = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.remote.close()

    def _hear(self, response: httpx2.Response) -> None:
        self.steps = int(response.headers["Sim-Steps"])

    def die_at(self, step: str) -> None:
        """From the next request on the server is armed (see ``sim.mortal``)."""
        self.remote.headers["Sim-Die-At"] = step


class Life:
    """One running server process."""

    def __init__(self, pid: int, address: str, said: IO[str]) -> None:
        self.pid = pid
        self.address = address
        self._said = said
        self._how: int | None = None

    def kill(self) -> None:
        """SIGKILL, now."""
        os.kill(self.pid, signal.SIGKILL)

    def kill_in(self, seconds: float) -> None:
        """SIGKILL, a while from now, whatever it does then."""
        killer = threading.Timer(seconds, self.kill)
        killer.daemon = True
        killer.start()

    def ended(self) -> int:
        """Wait until it is gone; how it ended, a signal as a negative number."""
        if self._how is None:
            self._how = int(json.loads(self._said.readline())["ended"])
        return self._how

    @property
    def is_over(self) -> bool:
        """Somebody saw it end."""
        return self._how is not None

    def stop(self) -> int:
        """End it as a service manager does."""
        os.kill(self.pid, signal.SIGTERM)
        return self.ended()

    def ready(self) -> None:
        """Wait until it answers."""
        until = time.monotonic() + _START_S
        while not self._listens():
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.005)
        transport = httpx2.HTTPTransport(uds=self.address)
        with httpx2.Client(transport=transport, base_url=BASE, timeout=_START_S) as http:
            while not http.get("/readyz").is_success:
                time.sleep(0.005)

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.address) == 0


class Lives:
    """Starts servers; each is a fork of one process that has everything imported."""

    def __init__(self, process: "subprocess.Popen[str]", sockets: Path) -> None:
        self._process = process
        self._sockets = sockets
        self._count = 0
        self._last: Life | None = None

    def begin(self, folder: Path) -> Life:
        """A server over the data in ``folder``; it may not answer yet."""
        if self._last is not None and not self._last.is_over:
            self._last.kill()  # a test that failed left it
            self._last.ended()
        self._count += 1
        address = str(self._sockets / str(self._count))  # short: the path of a socket has 108 bytes
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"folder": str(folder), "socket": address}) + "\n")
        self._process.stdin.flush()
        said: dict[str, Any] = json.loads(self._process.stdout.readline())
        self._last = Life(said["pid"], address, self._process.stdout)
        return self._last


@contextmanager
def lives(log: Path) -> Iterator[Lives]:
    """The process that begins lives; what servers say of faults goes to ``log``."""
    environment = {**os.environ, "PYTHONPATH": f"{_ROOT / 'src'}:{_ROOT / 'tests'}"}
    with (
        tempfile.TemporaryDirectory(prefix="vv") as sockets,
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "sim.mortal"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            yield Lives(process, Path(sockets))
        finally:
            process.kill()  # else whatever fails in a test waits for it for ever
