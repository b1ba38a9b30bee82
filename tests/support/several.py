"""Several server processes on one PostgreSQL, with simulated faces: what each does has to be so for all."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from support.live_server import _free_port, _wait
from support.live_world import _SCRIPT, LiveWorld
from support.travelled import Travelled
from support.world import settings_in
from visavis import bootstrap


class Several:
    """An installation, and the processes that serve it."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder = folder
        self.database = database
        self.settings = settings_in(folder).model_copy(update={"database": database})
        self.secret = bootstrap.initialise(self.settings)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._worlds = ExitStack()
        self._next = 0

    def begun(self) -> tuple[str, subprocess.Popen[bytes], Path]:
        """One more process, that may not serve yet: its address, itself and its log."""
        url = f"http://127.0.0.1:{_free_port()}"
        tests = _SCRIPT.parents[1]
        given = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("VISAVIS_", "PG"))},
            "PYTHONPATH": os.pathsep.join((str(tests), str(tests.parent / "src"))),
            "VISAVIS_CONFIG": os.devnull,
            "VISAVIS_DATA_DIR": str(self.settings.data_dir),
            "VISAVIS_KEY_FILE": str(self.settings.key_file),
            "VISAVIS_DATABASE": self.database,
            "VISAVIS_PORT": url.rpartition(":")[2],
            "VISAVIS_RATE_PER_MINUTE": "100000",
            "VISAVIS_FAILURES_PER_MINUTE": "100000",
            "VISAVIS_LOG_PUBLISH_EVERY_S": "0.2",
        }
        self._next += 1
        log = self.folder / f"log{self._next}"
        with log.open("wb") as file:
            command = [sys.executable, str(_SCRIPT), str(self.folder)]
            process = subprocess.Popen(command, env=given, stdout=file, stderr=subprocess.STDOUT)
        self._running[url] = process
        return url, process, log

    def serving(self, url: str, process: subprocess.Popen[bytes], log: Path) -> LiveWorld:
        """The doors of a process, when they are open."""
        _wait(process, url, log)
        world = LiveWorld(folder=self.folder, secret=self.secret, url=url, travelled=Travelled())
        world._names = 1000 * int(url.rpartition(":")[2])
        self._worlds.enter_context(world.http)
        return world

    def more(self) -> LiveWorld:
        """One more process, that serves."""
        return self.serving(*self.begun())

    def kill(self, world: LiveWorld) -> None:
        """End a process as a power cut does."""
        self.stop_answering(world)
        process = self._running.pop(world.url)
        process.kill()
        process.wait()

    def stop_answering(self, world: LiveWorld, *, now: bool = True) -> None:
        """Stop a process where it is, or let it go on."""
        self._running[world.url].send_signal(signal.SIGSTOP if now else signal.SIGCONT)

    def logs(self) -> str:
        """What all of them logged."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("log?")))

    def close(self) -> None:
        """End all of them, as their operators would."""
        self._worlds.close()
        for process in self._running.values():
            process.send_signal(signal.SIGCONT)
            process.send_signal(signal.SIGINT)
        for process in self._running.values():
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                pytest.fail("A server did not stop.")


@contextmanager
def several(folder: Path, database: str) -> Iterator[Several]:
    """An installation without a process yet."""
    made = Several(folder, database)
    try:
        yield made
    finally:
        made.close()
