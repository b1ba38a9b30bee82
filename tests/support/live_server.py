"""A real server process, set up and started with the commands of the README."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from visavis.client import Visavis

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = Path(os.environ.get("VISAVIS_MODELS", ROOT / ".work" / "models"))
_START_S = 60.0
_PROGRAM = (sys.executable, "-c", "from visavis.cli.main import main; main()")


@dataclass(frozen=True, slots=True)
class LiveServer:
    """A running server and the key of its operator."""

    url: str
    api_key: str
    folder: Path
    pid: int

    def operator(self) -> Visavis:
        """A client with every scope."""
        return Visavis(base_url=self.url, api_key=self.api_key)

    def files(self) -> bytes:
        """Every byte in the data directory and the server's log."""
        kept = [*(self.folder / "data").rglob("*"), self.folder / "log"]
        return b"".join(path.read_bytes() for path in kept if path.is_file())


@contextmanager
def live_server(folder: Path, **more: str) -> Iterator[LiveServer]:
    """Initialise and serve in ``folder``; stopped at the end. Skips where the weights are not installed.

    :param more: variables of its environment.
    """
    if not list(WEIGHTS.glob("*.onnx")):
        pytest.skip(f"There are no model weights in {WEIGHTS}: run 'visavis models install' or set VISAVIS_MODELS.")
    port = _free_port()
    environment = {
        **os.environ,
        "VISAVIS_DATA_DIR": str(folder / "data"),
        "VISAVIS_KEY_FILE": str(folder / "keys" / "root.key"),
        "VISAVIS_MODELS": str(WEIGHTS),
        "VISAVIS_PORT": str(port),
        "VISAVIS_URL": f"http://127.0.0.1:{port}",
        **more,
    }
    folder.mkdir(exist_ok=True)
    made = subprocess.run(
        [*_PROGRAM, "--json", "init"], env=environment, check=True, capture_output=True, text=True, timeout=_START_S
    )
    api_key = str(json.loads(made.stdout)["api_key"])
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*_PROGRAM, "serve"], env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(process, f"http://127.0.0.1:{port}", folder / "log")
            yield LiveServer(f"http://127.0.0.1:{port}", api_key, folder, process.pid)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            if httpx2.get(f"{url}/readyz", timeout=2).is_success:
                return
        except httpx2.TransportError:
            time.sleep(0.1)
    pytest.fail(f"The server did not start: {log.read_text(errors='replace')[-2000:]}")
