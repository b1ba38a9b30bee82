"""A world whose server is a process of its own: real HTTP, real log, simulated faces and time."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from sim.faces import SimExtractor
from sim.server import SharedClock

from support.live_server import _free_port, _wait
from support.travelled import Travelled
from support.world import World, settings_in
from visavis import bootstrap

_SCRIPT = Path(__file__).resolve().parents[1] / "sim" / "server.py"


class LiveWorld(World):
    """The doors of a server process. There are no services to reach into."""

    def __init__(self, *, folder: Path, secret: str, url: str, travelled: Travelled) -> None:
        self.folder = folder
        self.secret = secret
        self.clock = SharedClock(folder / "ahead")
        self.faces = SimExtractor()
        self.http = httpx2.Client(base_url=url, trust_env=False, timeout=30)  # type: ignore[assignment] # a test client is one
        self.url = url
        self.travelled = travelled
        self._names = 0
        self._sent = {}
        travelled.watch(self.http)

    @contextmanager
    def breaking(self, secret: str) -> Iterator[None]:
        """Each write of the server fails meanwhile, and libraries complain; both quote ``secret``."""
        trap = self.folder / "break"
        trap.write_text(secret, encoding="utf-8")
        try:
            yield
        finally:
            trap.unlink()

    def log(self) -> bytes:
        return (self.folder / "log").read_bytes()


@contextmanager
def live_world(folder: Path, **environment: str) -> Iterator[LiveWorld]:
    """A fresh server in a process of its own, whose standard output and error go to ``folder/log``."""
    secret = bootstrap.initialise(settings_in(folder))
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    tests = _SCRIPT.parents[1]
    given = {
        **{name: value for name, value in os.environ.items() if not name.startswith("VISAVIS_")},
        "PYTHONPATH": os.pathsep.join((str(tests), str(tests.parent / "src"))),
        "VISAVIS_CONFIG": os.devnull,
        "VISAVIS_DATA_DIR": str(folder / "data"),
        "VISAVIS_KEY_FILE": str(folder / "keys" / "root.key"),
        "VISAVIS_PORT": str(port),
        "VISAVIS_RATE_PER_MINUTE": "100000",
        "VISAVIS_FAILURES_PER_MINUTE": "100000",
        "VISAVIS_LOG_LEVEL": "debug",
        **environment,
    }
    with (folder / "log").open("wb") as log:
        command = [sys.executable, str(_SCRIPT), str(folder)]
        process = subprocess.Popen(command, env=given, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait(process, url, folder / "log")
        world = LiveWorld(folder=folder, secret=secret, url=url, travelled=Travelled())
        with world.http:
            yield world
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            pytest.fail("The server did not stop.")
