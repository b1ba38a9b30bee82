"""Real witness processes."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from visavis.adapters.witness.state import held, make_state
from visavis.audit.note import VerifierKey

_ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = (sys.executable, "-c", "from visavis.cli.main import main; main()")
_START_S = 60.0


@dataclass(frozen=True, slots=True)
class LiveWitness:
    """A running witness."""

    url: str
    key: VerifierKey
    folder: Path
    pid: int
    log: Path


@contextmanager
def live_witness(folder: Path, *trusted: VerifierKey, name: str = "witness.example/w1") -> Iterator[LiveWitness]:
    """A new one, started as a person starts it; stopped at the end."""
    key = make_state(folder, name=name)
    with held(folder) as state:
        for log_key in trusted:
            state.trust(log_key)
    port, log = free_port(), folder.with_suffix(".log")
    command = [*_PROGRAM, "witness", "serve", "--state", str(folder), "--port", str(port)]
    with log.open("ab") as said, subprocess.Popen(command, stdout=said, stderr=said) as process:
        try:
            until = time.monotonic() + _START_S
            while not listens(port):
                if process.poll() is not None or time.monotonic() > until:
                    pytest.fail(f"The witness did not start: {log.read_text()[-2000:]}")
                time.sleep(0.02)
            yield LiveWitness(f"http://127.0.0.1:{port}", key, folder, process.pid, log)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass(slots=True)
class Life:
    """A witness's process, its port and how it ended, a signal as a negative number."""

    pid: int
    port: int
    ended: int = 0

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, how)


class Mortals:
    """Starts witnesses that die; see ``sim.mortal_witness``."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    @contextmanager
    def life(self, folder: Path, *, die_at: int = 0) -> Iterator["Life"]:
        """One life, which is over at the end in any case."""
        port = free_port()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"folder": str(folder), "port": port, "die_at": die_at}) + "\n")
        self._process.stdin.flush()
        life = Life(self._said()["pid"], port)
        try:
            while not listens(port):
                time.sleep(0.002)
            yield life
        finally:
            life.kill()
            life.ended = self._said()["ended"]

    def _said(self) -> dict[str, int]:
        assert self._process.stdout is not None
        found: dict[str, int] = json.loads(self._process.stdout.readline())
        return found


@contextmanager
def mortals(log: Path) -> Iterator[Mortals]:
    """The process that begins lives; what witnesses log goes to ``log``."""
    environment = {**os.environ, "PYTHONPATH": f"{_ROOT / 'src'}:{_ROOT / 'tests'}"}
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "sim.mortal_witness"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield Mortals(process)
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # a life that a failed test left behind, too
