"""A real server, a real witness and a real auditor, each a process of its own."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from support.live_server import LiveServer, live_server
from support.live_witness import free_port

from visavis.audit.note import read_key

_PROGRAM = (sys.executable, "-c", "from visavis.cli.main import main; main()")
ORIGIN = "door.example/log"

# Three processes and an auditor a test; in every run stand the demo and the tests of each part.
pytestmark = pytest.mark.slow


@dataclass(frozen=True, slots=True)
class Watched:
    """A server whose log counts as published when its witness cosigned it."""

    server: LiveServer
    witness_key: str
    log_key: str

    @property
    def log(self) -> str:
        return f"{self.server.url}/log"

    def audit(self, *arguments: str, place: str | None = None) -> subprocess.CompletedProcess[str]:
        keys = ["--log-key", self.log_key, "--witness-key", self.witness_key, "--witnesses", "1"]
        command = [*_PROGRAM, "audit", arguments[0], place or self.log, *keys, *arguments[1:]]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    def published(self) -> int:
        answer = httpx2.get(f"{self.log}/checkpoint")
        return int(answer.text.split("\n")[1]) if answer.is_success else 0

    def wait_for_more_than(self, size: int) -> int:
        until = time.monotonic() + 30
        while self.published() <= size:
            assert time.monotonic() < until, "nothing was published"
            time.sleep(0.1)
        return self.published()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A log that its witness hears of after it has begun, as witnesses do."""
    folder = tmp_path_factory.mktemp("watched")
    state, file, port = folder / "witness", folder / "witnesses.txt", free_port()
    witness_key = json.loads(
        visavis("--json", "witness", "init", "--state", str(state), "--name", "witness.example/w1")
    )
    file.write_text(f"{witness_key['key']} http://127.0.0.1:{port}  # the one next door\n")
    environment = {
        "VISAVIS_LOG_ORIGIN": ORIGIN,
        "VISAVIS_LOG_WITNESSES": str(file),
        "VISAVIS_LOG_WITNESSES_REQUIRED": "1",
        "VISAVIS_LOG_PUBLISH_EVERY_S": "0.2",
    }
    with live_server(folder / "server", **environment) as server:
        log_key = httpx2.get(f"{server.url}/log/key").text.strip()
        time.sleep(0.5)
        assert httpx2.get(f"{server.url}/log/checkpoint").status_code == 404, "published without its witness"
        visavis("witness", "accept", "--state", str(state), log_key)
        command = [*_PROGRAM, "witness", "serve", "--state", str(state), "--port", str(port)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as witness:
            try:
                yield Watched(server, witness_key["key"], log_key)
            finally:
                witness.send_signal(signal.SIGINT)


def visavis(*arguments: str) -> str:
    """A command that has to succeed, and what it says."""
    done = subprocess.run([*_PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_counts_as_published_when_the_witness_has_cosigned(watched: Watched) -> None:
    assert read_key(watched.log_key).name == ORIGIN
    watched.wait_for_more_than(0)
    assert "witness.example/w1" in httpx2.get(f"{watched.log}/checkpoint").text


def test_an_auditor_checks_all_of_it_and_then_what_is_new(watched: Watched, tmp_path: Path) -> None:
    size = watched.wait_for_more_than(0)
    first = watched.audit("verify", "--remember", str(tmp_path / "seen"), "--json")
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["entries"] >= size
    before = watched.published()
    with watched.server.operator() as operator:
        operator.make_api_key(name="another", scopes=["enrol"])
    more = watched.wait_for_more_than(before)
    again = watched.audit("verify", "--remember", str(tmp_path / "seen"), "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["entries"] == more
    counted = watched.audit("stats", "--json")
    assert counted.returncode == 0, counted.stderr
    assert "key" in counted.stdout
    assert "start" in counted.stdout


def test_a_copy_of_the_folder_checks_out_and_an_edited_one_does_not(watched: Watched, tmp_path: Path) -> None:
    watched.wait_for_more_than(0)
    copy = tmp_path / "copy"
    shutil.copytree(watched.server.folder / "data" / "log", copy)
    assert watched.audit("verify", place=str(copy)).returncode == 0
    size = int((copy / "checkpoint").read_text().split("\n")[1])
    bundle = copy / f"tile/entries/000.p/{size}"
    bundle.write_bytes(bundle.read_bytes().replace(b'"event":"key"', b'"event":"kex"', 1))
    edited = watched.audit("verify", place=str(copy))
    assert edited.returncode == 1
    assert "entry" in edited.stderr.lower()
