"""A run that is killed goes on where it was, and ends with the bytes of one that was not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from sim.labelled import SimDecoder, labelled_folder, simulated

from visavis.cli.main import program

TESTS = Path(__file__).resolve().parents[1]
PHOTOS, BEFORE = 30 * 3, 50


def measure(folder: Path, out: Path, work: Path) -> int:
    """In this process; how many photos were looked at."""
    decoder = SimDecoder()
    with simulated(decoder=decoder):
        words = ["evaluate", str(folder), "--gallery", "8", "--output", str(out), "--work", str(work)]
        result = CliRunner().invoke(program, words)
    assert result.exit_code == 0, result.output
    return decoder.seen


@pytest.mark.slow
def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    folder, work = tmp_path / "set", tmp_path / "work"
    labelled_folder(folder, 30)
    assert measure(folder, tmp_path / "whole", tmp_path / "other") == PHOTOS
    killed = subprocess.run(
        [
            *(sys.executable, "-m", "sim.labelled", "--die-after", str(BEFORE), str(folder), "--gallery", "8"),
            *("--output", str(tmp_path / "out"), "--work", str(work)),
        ],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(TESTS), str(TESTS.parent / "src")))},
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert not (tmp_path / "out").exists()
    assert list(work.iterdir())
    looked_at = measure(folder, tmp_path / "out", work)
    assert 0 < looked_at < PHOTOS - BEFORE / 2
    names = sorted(path.name for path in (tmp_path / "whole").iterdir())
    assert names == ["report.html", "report.json"]
    for name in names:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not work.exists()
