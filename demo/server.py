"""Starting a real server in a process of its own, for whoever shows or measures one."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx2

VISAVIS: Final = str(Path(sys.executable).parent / "visavis")
PATIENCE_S: Final = 120.0


@contextmanager
def running(environment: Mapping[str, str], *, url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server that is ready, until the block ends.

    :param environment: its settings, on top of our environment; no settings file is read.
    :raises SystemExit: it does not start, or is not ready within two minutes.
    """
    # A line for every request would run through what is shown.
    ours = {"VISAVIS_CONFIG": os.devnull, "VISAVIS_LOG_LEVEL": "warning"}
    process = subprocess.Popen([VISAVIS, "serve"], env={**os.environ, **ours, **environment})
    try:
        _wait(process, url)
        yield process
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if process.poll() is not None:
            sys.exit("The server did not start; its message is above.")
        try:
            if httpx2.get(f"{url}/readyz", trust_env=False).is_success:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    sys.exit("The server was not ready in time.")
