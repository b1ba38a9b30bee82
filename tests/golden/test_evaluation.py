"""All of ``visavis evaluate`` with real weights on every labelled photo: what it finds, needs and does not tell."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.faces, pytest.mark.slow]

MOST_KB = 2 * 1024 * 1024


def test_every_labelled_photo_is_measured_in_bounded_memory_and_nobody_is_named(
    faces: Path, weights: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    command = "from visavis.cli.main import main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", command, "evaluate", str(faces), "--output", str(out), "--work", str(tmp_path / "work")],
        env={**os.environ, "VISAVIS_MODELS": str(weights)}, capture_output=True, text=True, timeout=1200, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < MOST_KB
    people = [person.name for person in faces.iterdir()]
    photos = sum(1 for _ in faces.glob("*/*.jpg"))
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert (report["photos"], report["people"]) == (photos, len(people))
    assert report["templates"] == photos
    assert report["verification"]["non_mated"] > 23_000_000
    rows = report["verification"]["weighing"]["people"]["at_fmr"]
    for row, least in zip(rows, (0.985, 0.980, 0.970, 0.94), strict=False):
        assert row["tmr"]["value"] >= least, row["asked"]
        assert row["tmr"]["low"] < row["tmr"]["value"] < row["tmr"]["high"]
    drawn = {
        (one["enrolled"], one["photos_each"], at["asked"]): at
        for one in report["identification"]
        for at in one["at_fpir"]
    }
    assert drawn[500, 1, 1e-2]["fnir"]["value"] < 0.05
    assert drawn[500, 3, 1e-2]["fnir"]["value"] < 0.02
    assert not drawn[500, 1, 1e-3]["known"]
    calibration = json.loads((out / "calibration.json").read_text(encoding="utf-8"))
    assert calibration["people"] == len(people)
    texts = [path.read_text(encoding="utf-8") for path in sorted(out.iterdir())]
    for text in [*texts, ran.stdout, ran.stderr]:
        assert not [name for name in people if "_" in name and name in text]
        assert ".jpg" not in text
