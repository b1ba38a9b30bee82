"""What the guide for auditors tells a person to type works, word for word, against a log that is served."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sim.evil_log import evil_log
from support.log_builder import LogBuilder, Story, signer_of
from support.pages import ROOT, blocks

from visavis.audit.leaf import read_entry
from visavis.audit.stats import Counts, chart
from visavis.cli.audit import audit
from visavis.model import leaves_loaded
from visavis.model.audit import AuditMemoryUnusable, Event, LogRefused, OpeningWrong, ProofMissing, VerifierKeyMalformed
from visavis.model.witness import WitnessFailed

GUIDE = ROOT / "docs" / "guides" / "audit.md"
PICTURE = ROOT / "docs" / "images" / "log-stats.svg"
ORIGIN, ADDRESS = "faces.example/log", "https://faces.example/log"


def served(folder: Path) -> LogBuilder:
    """Three weeks of a small log."""
    log = LogBuilder(folder, signer=signer_of(origin=ORIGIN))
    log.add(entry for entry, _ in zip(Story(4, a_day=140).entries(), range(3000), strict=False))
    log.publish()
    return log


@pytest.mark.slow
def test_a_person_can_type_what_the_guide_says(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("The guide for auditors needs curl.")
    log = served(tmp_path / "served")
    index = next(at for at, entry in enumerate(log.entries) if at >= 60 and read_entry(entry).event is Event.DECISION)
    (tmp_path / "decision.tlog-proof").write_bytes(bytes(log.proof(index)))
    (tmp_path / "decision.json").write_bytes(log.entries[index])
    (tmp_path / "bin").mkdir()
    visavis = tmp_path / "bin" / "visavis"
    visavis.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from visavis.cli.main import main; main()" "$@"\n')
    visavis.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VISAVIS_")}
    environment["PATH"] = f"{tmp_path / 'bin'}:{environment['PATH']}"
    said = ""
    with evil_log(log.folder) as server:
        for block in blocks(GUIDE, "sh", "text"):
            if not block.run:
                continue
            if block.kind == "text":
                squeezed = " ".join(said.split())
                assert [line for line in block.text.splitlines() if " ".join(line.split()) not in squeezed] == [], said
                continue
            typed = block.text.replace(ADDRESS, server.url).replace(f"{ORIGIN}+…", str(log.signer.key))
            ran = subprocess.run(
                ["bash", "-ec", f"export VISAVIS_LOG_KEY='{log.signer.key}'\n{typed}"],
                cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False,
            )  # fmt: skip
            assert ran.returncode == 0, f"{typed}\n{ran.stdout}{ran.stderr}"
            said = ran.stdout
    assert (tmp_path / "faces.json").is_file()
    assert "<svg" in (tmp_path / "days.svg").read_text(encoding="utf-8")
    assert "decision" in (tmp_path / "days.csv").read_text(encoding="utf-8")


def test_the_picture_is_what_the_command_draws(tmp_path: Path) -> None:
    counts = Counts()
    for entry in served(tmp_path).entries:
        counts.see(read_entry(entry))
    assert PICTURE.read_text(encoding="utf-8") == chart(counts.rows(), origin=ORIGIN)


def test_the_guide_names_everything_that_a_log_can_be_refused_for() -> None:
    page = GUIDE.read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z]+_[a-z_]+)`", page.partition("## What is wrong")[2].partition("What to do with")[0]))
    about_the_log = {
        leaf.code
        for leaf in leaves_loaded()
        if issubclass(leaf, LogRefused) and not issubclass(leaf, WitnessFailed | OpeningWrong | ProofMissing)
    }
    assert told == about_the_log | {AuditMemoryUnusable.code, VerifierKeyMalformed.code}


def test_the_guide_shows_every_command() -> None:
    page = GUIDE.read_text(encoding="utf-8")
    assert {name for name in audit.commands if f"visavis audit {name} " in page} == set(audit.commands)
