"""A server's memory is its own: it cannot be traced by its user, and it dies without a core, however it dies."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.live_server import _free_port, _wait
from support.world import settings_in

from visavis import bootstrap

_SCRIPT = Path(__file__).resolve().parents[1] / "sim" / "server.py"
_NOBODY = 65534
_ASKED = """
import ctypes, pathlib, runpy, sys
from visavis.web import app
listen = app.create_app
def asked(*words, **named):
    dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)  # PR_GET_DUMPABLE, which nobody else can ask a process
    pathlib.Path(sys.argv[1], "dumpable").write_text(str(dumpable))
    return listen(*words, **named)
app.create_app = asked
runpy.run_path({script!r}, run_name="__main__")
"""


@contextmanager
def started(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A real server whose end is its caller's to bring about; a core would lie in ``folder``."""
    bootstrap.initialise(settings_in(folder))
    port = _free_port()
    given = {
        **{name: value for name, value in os.environ.items() if not name.startswith("VISAVIS_")},
        "PYTHONPATH": os.pathsep.join((str(_SCRIPT.parents[1]), str(_SCRIPT.parents[2] / "src"))),
        "VISAVIS_CONFIG": os.devnull,
        "VISAVIS_DATA_DIR": str(folder / "data"),
        "VISAVIS_KEY_FILE": str(folder / "keys" / "root.key"),
        "VISAVIS_PORT": str(port),
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", _ASKED.format(script=str(_SCRIPT)), str(folder)],
            env=given,
            stdout=log,
            stderr=log,
            cwd=folder,
        )
    try:
        _wait(process, f"http://127.0.0.1:{port}", folder / "log")
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_a_server_cannot_be_dumped_and_dies_without_a_core(tmp_path: Path) -> None:
    with started(tmp_path) as server:
        assert (tmp_path / "dumpable").read_text() == "0"
        assert resource.prlimit(server.pid, resource.RLIMIT_CORE) == (0, 0)
        os.kill(server.pid, signal.SIGABRT)
        _, status = os.waitpid(server.pid, 0)
        server.returncode = -os.WTERMSIG(status)
        assert os.WTERMSIG(status) == signal.SIGABRT
        assert not os.WCOREDUMP(status)
        assert not list(tmp_path.glob("core*"))


_TWO_OF_ONE_USER = """
import ctypes, os, signal
from visavis.adapters.hardening import harden
os.setgroups([]); os.setgid({nobody}); os.setuid({nobody})
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # changing the user has switched dumps off
ready, done = os.pipe()
child = os.fork()
if not child:
    if {hardened}:
        harden()
    os.write(done, b"ready")
    signal.pause()
os.read(ready, 5)
try:
    open(f"/proc/{{child}}/mem", "rb").close()
    print("read")
except PermissionError:
    print("refused")
finally:
    os.kill(child, signal.SIGKILL)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="takes root to become two processes of another user")
@pytest.mark.parametrize(("hardened", "found"), [(True, "refused"), (False, "read")])
def test_another_process_of_the_same_user_cannot_open_its_memory(*, hardened: bool, found: str) -> None:
    script = _TWO_OF_ONE_USER.format(nobody=_NOBODY, hardened=hardened)
    given = {"PYTHONPATH": str(_SCRIPT.parents[2] / "src")}
    ran = subprocess.run(
        [sys.executable, "-c", script], env=given, capture_output=True, text=True, timeout=30, check=False
    )
    assert (ran.stdout.strip(), ran.stderr) == (found, "")
