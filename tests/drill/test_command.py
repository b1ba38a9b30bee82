"""``visavis drill``: what it prints, what it writes and how it ends."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from drill.conftest import equipment as simulated

from visavis.cli.main import program
from visavis.drill import equipment, run
from visavis.drill.attack import Attack, Got
from visavis.drill.people import Equipment


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for person in ("a", "b", "c"):
        (tmp_path / "photos" / person).mkdir(parents=True)
        (tmp_path / "photos" / person / "1.jpg").write_bytes(b"a photo")
    return tmp_path / "photos"


def drill(*arguments: str) -> Result:
    return CliRunner().invoke(program, ["drill", *arguments])


def test_an_attack_that_is_not_there_is_told(photos: Path) -> None:
    result = drill("--photos", str(photos), "--only", "stolen_disc")
    assert result.exit_code == 2
    assert "stolen_disc" in result.stderr


@pytest.mark.parametrize(("missing", "told"), [("c", "it has 2"), ("b/1.jpg", "no photo in")])
def test_photos_of_three_people_are_needed(photos: Path, missing: str, told: str) -> None:
    gone = photos / missing
    for file in gone.glob("*"):
        file.unlink()
    if gone.is_dir():
        gone.rmdir()
    else:
        gone.unlink()
    result = drill("--photos", str(photos))
    assert result.exit_code == 2
    assert told in " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.slow
@pytest.mark.parametrize("breached", [False, True])
def test_a_drill_tells_what_was_got_and_fails_if_it_was_something(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, breached: bool
) -> None:
    @contextmanager
    def equipped(_settings: object, _photos: object) -> Iterator[Equipment]:
        yield simulated()

    monkeypatch.setattr(equipment, "real_equipment", equipped)
    if breached:
        stolen = Attack("old_formats", "A title", "a case", "a disk", lambda _: Got(("He looked.",), ("a face",)))
        monkeypatch.setattr(run, "ATTACKS", (*(one for one in run.ATTACKS if one.name == "stolen_disk"), stolen))
    page = tmp_path / "report.html"
    names = [word for name in ("stolen_disk", "old_formats") for word in ("--only", name)]
    result = drill("--photos", str(photos), "--report", str(page), "--json", *names)
    assert result.exit_code == int(breached), result.output
    rows = {row["name"]: row for row in json.loads(result.stdout)}
    assert rows["stolen_disk"]["verdict"] == "expected loss"
    assert rows["old_formats"]["verdict"] == ("BREACH" if breached else "nothing")
    assert rows["old_formats"]["got"] == (["a face"] if breached else [])
    assert "stolen_disk" in page.read_text(encoding="utf-8")
    spoken = drill("--photos", str(photos), *names)
    assert spoken.exit_code == int(breached)
    assert "named for     Perceptics" in spoken.stdout
    assert ("Somebody got something" in spoken.stdout) is breached
