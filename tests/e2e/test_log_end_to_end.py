"""A real server, a real witness and a real auditor, each a process of its own."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from support.live_server import LiveServer, live_server
from support.live_witness import LiveWitness, live_witness

from visavis.audit.note import read_key

_PROGRAM = (sys.executable, "-c", "from visavis.cli.main import main; main()")
ORIGIN = "door.example/log"


@dataclass(frozen=True, slots=True)
class Watched:
    """A server whose log counts as published when its witness cosigned it."""

    server: LiveServer
    witness: LiveWitness
    log_key: str

    @property
    def log(self) -> str:
        return f"{self.server.url}/log"

    def audit(self, *arguments: str, place: str | None = None) -> subprocess.CompletedProcess[str]:
        keys = ["--log-key", self.log_key, "--witness-key", str(self.witness.key), "--witnesses", "1"]
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
    """The witness has to know the log before the log has ever run: its key is told by ``visavis init``'s data."""
    folder = tmp_path_factory.mktemp("watched")
    file = folder / "witnesses.txt"
    with live_witness(folder / "witness") as witness:
        file.write_text(f"{witness.key} {witness.url}\n")
        environment = {
            "VISAVIS_LOG_ORIGIN": ORIGIN,
            "VISAVIS_LOG_WITNESSES": str(file),
            "VISAVIS_LOG_WITNESSES_REQUIRED": "1",
            "VISAVIS_LOG_PUBLISH_EVERY_S": "0.2",
        }
        with live_server(folder / "server", **environment) as server:
            key = httpx2.get(f"{server.url}/log/key").text.strip()
            assert read_key(key).name == ORIGIN
            yield Watched(server, witness, key)


def test_nothing_counts_as_published_before_the_witness_watches_the_log(watched: Watched) -> None:
    time.sleep(0.5)
    assert watched.published() == 0
    refused = watched.audit("verify")
    assert refused.returncode == 1
    assert "log_resource_missing" in refused.stderr or "not there" in refused.stderr
    watching = subprocess.run(
        [*_PROGRAM, "witness", "watch", "--state", str(watched.witness.folder), watched.log_key],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert watching.returncode == 0, watching.stderr
    watched.wait_for_more_than(0)


def test_an_auditor_checks_all_of_it_and_then_what_is_new(watched: Watched, tmp_path: Path) -> None:
    size = watched.wait_for_more_than(0)
    first = watched.audit("verify", "--remember", str(tmp_path / "seen"), "--json")
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["size"] >= size
    with watched.server.operator() as operator:
        operator.make_api_key(name="another", scopes=["enrol"])
    more = watched.wait_for_more_than(watched.published())
    again = watched.audit("verify", "--remember", str(tmp_path / "seen"), "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["size"] == more
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
