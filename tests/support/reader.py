"""Somebody who types what a guide says, and puts in what the commands before showed."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest

from support.live_server import WEIGHTS, LiveServer
from support.pages import ROOT, blocks

PORTRAITS: Final = ROOT / ".work" / "portraits"
PHOTOS: Final = {"me-1.jpg": "obama.jpg", "me-2.jpg": "obama2.jpg", "somebody-else.jpg": "biden.jpg"}
BY_THE_FIXTURE: Final = ("visavis init\n", "visavis serve\n")
_PACE_S: Final = 2.1
_DECIDING: Final = ("visavis identify", "visavis verify", "visavis pin", "visavis qr")
_NO_MATCH_EXIT: Final = 10
_SHOWN: Final = {
    "vv1.key_…": r"vv1\.key_[\w.-]+",
    "http://127.0.0.1:8642/consent#…": r"http://[\w.:]+/consent#[\w-]+",
    **{f"{prefix}_…": rf"\b{prefix}_[a-z2-7]{{26}}" for prefix in ("pur", "gal", "sta", "sub", "ses")},
}


def require_portraits() -> None:
    """Skip where the photos of the demo are not there."""
    if not all((PORTRAITS / name).is_file() for name in PHOTOS.values()):
        pytest.skip(f"There are no portraits in {PORTRAITS}: 'make demo' fetches them.")


class Reader:
    """A shell in a folder of its own, with ``visavis`` on its path and the photos that guides speak of.

    Variables and functions live on from block to block, as in a terminal.
    """

    def __init__(self, server: LiveServer, folder: Path) -> None:
        self.folder = folder
        self.seen = f"{server.api_key}\n"
        bin_folder = folder / "bin"
        bin_folder.mkdir()
        visavis = bin_folder / "visavis"
        visavis.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from visavis.cli.main import main; main()" "$@"\n')
        visavis.chmod(0o755)
        for ours, theirs in PHOTOS.items():
            (folder / ours).write_bytes((PORTRAITS / theirs).read_bytes())
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("VISAVIS_")},
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "VISAVIS_URL": server.url,
            "VISAVIS_DATA_DIR": str(server.folder / "data"),
            "VISAVIS_KEY_FILE": str(server.folder / "keys" / "root.key"),
            "VISAVIS_MODELS": str(WEIGHTS),
        }
        (folder / "env.sh").write_text("")

    def read(self, page: Path) -> None:
        """Type every block of a guide, and compare what was said with the ``text`` block that follows it."""
        said = ""
        for block in blocks(page, "sh", "text"):
            if not block.run or block.text in BY_THE_FIXTURE:
                continue
            if block.kind == "sh":
                said = self.type(block.text)
                continue
            squeezed = " ".join(said.split())
            missing = [line for line in block.text.splitlines() if " ".join(line.split()) not in squeezed]
            assert missing == [], said

    def type(self, text: str) -> str:
        """Run one block; returns what it said. Fails on an exit code other than 0 and that of NO_MATCH."""
        if text.startswith(_DECIDING):
            time.sleep(_PACE_S)
        pin = re.search(r"^PIN\s+(\d{6})", self.seen, re.MULTILINE)
        typed = "I agree\n" if "consent sign" in text else f"{pin[1] if pin else ''}\n"
        keep = "status=$?\nexport -p > env.sh\ndeclare -f >> env.sh\nexit $status"
        ran = subprocess.run(
            ["bash", "-c", f"set -a\n. ./env.sh\n{self.filled_in(text)}\n{keep}"],
            cwd=self.folder,
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ran.returncode in {0, _NO_MATCH_EXIT}, f"{text}\n{ran.stdout}{ran.stderr}"
        self.seen += f"{ran.stdout}\n"
        return ran.stdout

    def filled_in(self, text: str) -> str:
        """The text with every identifier, key and link as it was shown last."""
        for shown, pattern in _SHOWN.items():
            if shown in text:
                text = text.replace(shown, re.findall(pattern, self.seen)[-1])
        assert "…" not in text
        return text

    def run_python(self, page: Path, *, api_key: str) -> str:
        """Run a guide's Python blocks as the one program they are; returns what it printed."""
        ran = subprocess.run(
            [sys.executable, "-W", "error", "-c", "".join(block.text for block in blocks(page, "python"))],
            cwd=self.folder,
            env={**self.environment, "VISAVIS_API_KEY": api_key},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout
