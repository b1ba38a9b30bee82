"""What the guide of a witness tells a person to type, works."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.live_witness import free_port, listens
from support.pages import ROOT, blocks
from support.submitting import SomeLog

from visavis.witness.app import STATUS

GUIDE = ROOT / "docs" / "guides" / "witness.md"
LOG = SomeLog()
SERVE = "visavis witness serve\n"


@contextmanager
def started(folder: Path, environment: dict[str, str], port: int) -> Iterator[None]:
    """What the guide starts, at a port that is free."""
    command = ["visavis", "witness", "serve", "--port", str(port)]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log) as process,
    ):
        until = time.monotonic() + 60
        while not listens(port) and process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        yield
        process.send_signal(signal.SIGINT)


@pytest.mark.slow
def test_the_guide_of_a_witness(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("curl") is None:
        pytest.skip("The guide of a witness needs curl.")
    assert GUIDE.name == "witness.md"
    (tmp_path / "bin").mkdir()
    visavis = tmp_path / "bin" / "visavis"
    visavis.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from visavis.cli.main import main; main()" "$@"\n')
    visavis.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    (tmp_path / "submission.txt").write_bytes(LOG.submission(0, 7))
    environment = {**os.environ, "VISAVIS_WITNESS_STATE": "witness"}
    found = [block for block in blocks(GUIDE, "sh", "text") if block.run]
    at = next(number for number, block in enumerate(found) if block.text == SERVE)
    port = free_port()

    def typed(text: str) -> str:
        text = text.replace("log.example/a+…", str(LOG.key)).replace("8653", str(port))
        assert "…" not in text
        ran = subprocess.run(
            ["bash", "-ec", text],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, f"{text}\n{ran.stdout}{ran.stderr}"
        return " ".join(ran.stdout.split())

    said = ""
    for block in found[:at]:
        said = _read(block.kind, block.text, said, typed(block.text) if block.kind == "sh" else "")
    with started(tmp_path, environment, port):
        for block in found[at + 1 :]:
            said = _read(block.kind, block.text, said, typed(block.text) if block.kind == "sh" else "")


def _read(kind: str, text: str, said: str, new: str) -> str:
    if kind == "sh":
        return new
    missing = [line for line in text.splitlines() if " ".join(line.split()) not in said]
    assert missing == [], said
    return said


def test_every_status_is_in_the_guide() -> None:
    told = {int(status) for status in re.findall(r"^\| (\d{3})\b", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)}
    assert told == set(STATUS.values())
