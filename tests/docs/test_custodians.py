"""What the guide of custodians tells a person to type, works."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.pages import ROOT, blocks
from support.quorum import installation

GUIDE = ROOT / "docs" / "guides" / "custodians.md"
SERVE = "visavis serve\n"


@pytest.mark.slow
def test_the_guide_of_custodians(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert GUIDE.name == "custodians.md"
    (tmp_path / "bin").mkdir()
    visavis = tmp_path / "bin" / "visavis"
    visavis.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from visavis.cli.main import main; main()" "$@"\n')
    visavis.chmod(0o755)
    held = installation(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    environment = {**os.environ, **held.environment}

    def typed(text: str) -> None:
        ran = subprocess.run(
            ["bash", "-ec", text], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, (text, ran.stdout, ran.stderr)

    lines = [block.text for block in blocks(GUIDE, "sh") if block.run]
    at = lines.index(SERVE)
    for text in lines[:at]:
        typed(text)
    assert not held.key_file.exists()
    with held.serving() as process:
        typed(lines[at + 1])
        held.wait_until_open(process)
        for text in lines[at + 2 :]:
            typed(text)
        assert process.wait(timeout=30) == 0
    assert json.loads(held.done("--json", "keys", "custodians"))["threshold"] == 3
