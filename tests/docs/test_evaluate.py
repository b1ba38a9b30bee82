"""What the guide on error rates tells a person to type works, word for word, on labelled photos."""

import csv
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from support.pages import ROOT, blocks

GUIDE = ROOT / "docs" / "guides" / "evaluate.md"
PEOPLE = 110
SAID = ("report", "again", "groups", "pairs", "more-pairs")


def brought(folder: Path, faces: Path) -> None:
    """The files that the guide speaks of, of the first people in the order of names, half of them with two photos."""
    people = sorted(faces.iterdir())
    several = [person for person in people if len(list(person.iterdir())) > 1][: PEOPLE // 2]
    chosen = sorted({*several, *[person for person in people if person not in several][: PEOPLE - len(several)]})
    (folder / "people").mkdir()
    for person in chosen:
        (folder / "people" / person.name).symlink_to(person, target_is_directory=True)
    with (folder / "groups.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["person", "group"])
        table.writerows([person.name, f"{'east' if place % 2 else 'west'} door"] for place, person in enumerate(chosen))
    lines, rows = [f"1\t{len(several) - 1}"], [["first", "second", "same"]]
    for person, _ in pairwise(several):
        lines.append(f"{person.name}\t1\t2")
        rows.append([f"{person.name}/{person.name}_000{number}.jpg" for number in (1, 2)] + ["1"])
    for person, other in pairwise(several):
        lines.append(f"{person.name}\t1\t{other.name}\t1")
        rows.append([f"{one.name}/{one.name}_0001.jpg" for one in (person, other)] + ["0"])
    (folder / "pairs.txt").write_text("\n".join(lines) + "\n")
    with (folder / "pairs.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)


@pytest.mark.slow
@pytest.mark.faces
def test_a_person_can_type_what_the_guide_says(tmp_path: Path, faces: Path, weights: Path) -> None:
    brought(tmp_path, faces)
    (tmp_path / "bin").mkdir()
    visavis = tmp_path / "bin" / "visavis"
    visavis.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from visavis.cli.main import main; main()" "$@"\n')
    visavis.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VISAVIS_")}
    environment |= {
        "PATH": f"{tmp_path / 'bin'}:{environment['PATH']}", "HOME": str(tmp_path), "VISAVIS_MODELS": str(weights),
    }  # fmt: skip
    typed = [block.text for block in blocks(GUIDE, "sh") if block.run]
    assert len(typed) == len(SAID)
    for text in typed:
        ran = subprocess.run(
            ["bash", "-ec", text],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert ran.returncode == 0, f"{text}\n{ran.stdout}{ran.stderr}"
    for name in SAID:
        assert (tmp_path / name / "report.html").is_file()
    assert (tmp_path / "report" / "calibration.json").is_file()
    assert not (tmp_path / ".cache").exists() or not list((tmp_path / ".cache").rglob("*.templates"))
    assert '"east door"' in (tmp_path / "groups" / "report.json").read_text(encoding="utf-8")


def test_the_arithmetic_of_the_guide_is_right() -> None:
    for block in blocks(GUIDE, "python"):
        exec(block.text, {})  # noqa: S102 -- the guide's own example


def test_the_guide_names_every_option_that_a_figure_depends_on() -> None:
    page = GUIDE.read_text(encoding="utf-8")
    for option in (
        "--gallery",
        "--labels",
        "--face",
        "--seed",
        "--json",
        "--work",
        "--keep",
        "--photos",
        "--about",
        "--output",
    ):
        assert option in page
