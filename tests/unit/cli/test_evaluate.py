"""``visavis evaluate`` on a small set: what it writes, what it never writes, and what it refuses."""

import csv
import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sim.labelled import SimDecoder, labelled_folder, photo, simulated

from visavis.cli.main import program

PEOPLE = 120
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    folder = tmp_path_factory.mktemp("labelled") / "set"
    return folder, labelled_folder(folder, PEOPLE)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set that is measured in a third of a second."""
    folder = tmp_path_factory.mktemp("few") / "set"
    labelled_folder(folder, 30)
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    def call(*arguments: str | Path, work: Path | None = None) -> Result:
        words = ["evaluate", *map(str, arguments), "--work", str(work or tmp_path / "work")]
        return CliRunner().invoke(program, words)

    with simulated():
        yield call


@pytest.fixture(scope="module")
def written(names: tuple[Path, list[str]], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """One run with a report, that several tests read."""
    place = tmp_path_factory.mktemp("written")
    folder, people = names
    labels = place / "labels.csv"
    with labels.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["person", "group"])
        table.writerows([name, "camera A" if place < 70 else "camera B"] for place, name in enumerate(people[:110]))
        table.writerows([name, "camera C"] for name in people[110:115])
    with simulated():
        words = [str(folder), "--output", str(place / "out"), "--work", str(place / "work"), "--labels", str(labels)]
        result = CliRunner().invoke(
            program, ["evaluate", *words, "--gallery", "40", "--gallery", "200", "--about", "Colours <b>only</b>."]
        )
    assert result.exit_code == 0, result.output
    return place / "out", result


def report_in(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return found


def test_photos_that_gave_no_template_are_counted_by_code(written: tuple[Path, Result]) -> None:
    report = report_in(written[0])
    assert (report["photos"], report["templates"], report["people"]) == (360, 358, PEOPLE)
    assert {code: one["errors"] for code, one in report["fta"]["by_code"].items()} == {
        "no_face": 1, "image_unreadable": 1,
    }  # fmt: skip
    assert report["fta"]["value"] == pytest.approx(2 / 360, rel=1e-5)
    assert report["fta"]["low"] <= report["fta"]["value"] <= report["fta"]["high"]
    assert (report["fte"]["value"], report["fte"]["high"]) == (0, pytest.approx(3 / PEOPLE))
    assert set(report["product_refuses"]["by_code"]) == {"no_face", "image_unreadable", "several_faces"}


def test_every_rate_has_an_interval_that_holds_it_and_what_is_beyond_the_data_is_not_known(
    written: tuple[Path, Result],
) -> None:
    report, seen = report_in(written[0]), 0

    def look(one: Any) -> None:
        nonlocal seen
        if isinstance(one, list):
            for each in one:
                look(each)
        elif isinstance(one, dict):
            if {"value", "low", "high"} <= set(one):
                seen += 1
                assert one["low"] <= one["value"] <= (one["high"] or 10**9)
            if one.get("known") is False:
                assert one["why"]
                assert "value" not in one
            for each in one.values():
                look(each)

    look(report)
    assert seen > 30
    for weighing in ("people", "pairs"):
        rows = report["verification"]["weighing"][weighing]["at_fmr"]
        known = [row["known"] for row in rows]
        assert known == [True, True, False, False, False]
        assert "rule of three" in rows[2]["why"]
        for row in rows[:2]:
            assert row["fmr"]["value"] <= row["asked"]
            assert row["tmr"]["value"] == pytest.approx(1 - row["fnmr"]["value"], abs=1e-5)
    drawn = {(row["enrolled"], row["photos_each"]): row for row in report["identification"]}
    assert [drawn[40, 1]["known"], drawn[200, 1]["known"]] == [True, False]
    assert [at["known"] for at in drawn[40, 1]["at_fpir"]] == [True, False, False]
    assert drawn[40, 1]["strangers"] == 80


def test_groups_are_compared_at_one_threshold_and_small_ones_are_not_told(written: tuple[Path, Result]) -> None:
    groups = report_in(written[0])["groups"]
    assert [(one["group"], one["people"]) for one in groups["groups"]] == [("camera A", 70), ("camera B", 40)]
    assert groups["groups_not_told"] == 1
    assert groups["photos_without_a_group"] == 15
    assert "camera C" not in (written[0] / "report.html").read_text(encoding="utf-8")
    for one in groups["groups"]:
        assert one["fmr"][0]["value"] == pytest.approx(groups["at"][0]["asked"], rel=0.5)
    assert groups["largest_ratio"]["fmr"][0]["value"] >= 1


def test_no_name_no_file_and_no_place_is_in_what_is_written_or_told(
    written: tuple[Path, Result], names: tuple[Path, list[str]]
) -> None:
    folder, people = names
    told = [path.read_text(encoding="utf-8") for path in sorted(written[0].iterdir())]
    assert len(told) == 3
    for text in [*told, written[1].stdout]:
        assert not [name for name in people if name in text]
        assert "Nemo" not in text
        assert ".jpg" not in text
        assert str(folder) not in text
        assert str(folder.parent) not in text
        assert "labels.csv" not in text


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in {"meta", "line", "rect", "path", "polygon", "polyline"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in {"meta", "line", "rect", "path", "polygon", "polyline"}:
            assert self.open.pop() == tag


def test_the_page_is_whole_without_scripts_and_each_picture_is_told_in_words_and_in_a_table(
    written: tuple[Path, Result],
) -> None:
    text = (written[0] / "report.html").read_text(encoding="utf-8")
    seen = _Seen()
    seen.feed(text)
    assert seen.open == []
    assert not {"script", "img", "link", "iframe", "object"} & set(seen.tags)
    assert not [value for name, value in seen.attributes if name in {"href", "src", "style"} or name.startswith("on")]
    assert "http" not in text
    assert seen.tags.count("svg") == 3
    assert seen.tags.count("svg") == seen.tags.count("desc")
    for labels in re.findall(r'aria-labelledby="([^"]+)"', text):
        assert all(f'id="{label}"' in text for label in labels.split())
    assert len(re.findall(r' id="([^"]+)"', text)) == len(set(re.findall(r' id="([^"]+)"', text)))
    assert "Colours &lt;b&gt;only&lt;/b&gt;." in text
    assert "nan" not in re.sub(r"[a-z]nan|nan[a-z]", "", text.lower())
    assert seen.tags.count("table") >= 8
    assert "prefers-color-scheme: dark" in text


def test_a_calibration_for_a_card_lies_beside_it(written: tuple[Path, Result]) -> None:
    fields = json.loads((written[0] / "calibration.json").read_text(encoding="utf-8"))
    assert fields["model_id"] == "sface-2021dec-centred"
    assert fields["people"] == PEOPLE
    assert fields["data"] == "Colours <b>only</b>."
    assert report_in(written[0])["calibration"] == {"made": True}


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(run: Run, few: Path, tmp_path: Path) -> None:
    made = []
    for number, seed in enumerate(("5", "5", "6")):
        out = tmp_path / f"out-{number}"
        result = run(few, "--seed", seed, "--output", out, "--gallery", "8", "--json", work=tmp_path / f"{number}")
        assert result.exit_code == 0, result.output
        assert result.stdout == (out / "report.json").read_text(encoding="utf-8")
        made.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert made[0] == made[1]
    assert made[0].keys() == made[2].keys()
    assert made[0]["report.json"] != made[2]["report.json"]


def test_templates_lie_in_a_folder_of_ones_own_and_are_gone_afterwards_unless_they_are_kept(
    run: Run, few: Path, tmp_path: Path
) -> None:
    work = tmp_path / "made" / "work"
    assert run(few, "--gallery", "8", work=work).exit_code == 0
    assert not work.exists()
    assert run(few, "--gallery", "8", "--keep", work=work).exit_code == 0
    assert work.stat().st_mode & 0o777 == 0o700
    (kept,) = work.iterdir()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert b"Nemo" not in kept.read_bytes()


def test_a_work_folder_that_others_may_read_is_refused(run: Run, few: Path, tmp_path: Path) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o755)
    refused = run(few, work=open_to_all)
    assert (refused.exit_code, refused.stderr.split(":")[0]) == (1, "work_unusable")
    assert list(open_to_all.iterdir()) == []


def test_only_a_face_that_the_product_takes_is_taken_where_that_was_asked(run: Run, few: Path) -> None:
    report = json.loads(run(few, "--face", "only", "--gallery", "8", "--json").stdout)
    assert set(report["fta"]["by_code"]) == {"no_face", "image_unreadable", "several_faces"}
    assert report["templates"] == report["photos"] - 3
    assert (report["calibration"]["made"], "calibration" in report) == (False, True)


def code_of(result: Result) -> str:
    assert result.exit_code == 1, result.output
    return str(result.stderr.split(":")[0])


def test_what_cannot_be_measured_is_refused_with_a_mend_before_anything_is_written(
    run: Run, few: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert code_of(run(empty)) == "data_set_empty"
    labelled_folder(tmp_path / "few", 9)
    assert code_of(run(tmp_path / "few", "--output", tmp_path / "out")) == "data_set_too_small"
    labelled_folder(tmp_path / "few-twice", 9)
    labelled_folder(tmp_path / "many-once", 30, each=1)
    for person in sorted((tmp_path / "many-once").iterdir())[9:]:
        person.rename(tmp_path / "few-twice" / person.name)
    assert code_of(run(tmp_path / "few-twice")) == "data_set_too_small"
    labelled_folder(tmp_path / "once", 12, each=1)
    assert code_of(run(tmp_path / "once")) == "data_set_too_small"
    there = tmp_path / "there"
    there.mkdir()
    (there / "mine.txt").write_text("mine")
    assert code_of(run(few, "--output", there)) == "output_exists"
    assert [path.name for path in there.iterdir()] == ["mine.txt"]
    assert not (tmp_path / "out").exists()


def test_what_is_known_to_fail_fails_before_a_photo_is_looked_at(few: Path, tmp_path: Path) -> None:
    labelled_folder(tmp_path / "small", 9)
    (tmp_path / "there").write_text("mine")
    decoder = SimDecoder()
    with simulated(decoder=decoder):
        for words in (
            [str(tmp_path / "small")],
            [str(few), "--output", str(tmp_path / "there")],
            [str(few), "--output", str(tmp_path / "there" / "below")],
        ):
            result = CliRunner().invoke(program, ["evaluate", *words, "--work", str(tmp_path / "work")])
            assert code_of(result) in {"data_set_too_small", "output_exists"}
    assert decoder.seen == 0


def test_pairs_give_accuracy_in_folds_and_no_calibration(run: Run, tmp_path: Path) -> None:
    names = labelled_folder(tmp_path / "photos", 24, each=4)
    lines = ["2\t12"]
    for fold in range(2):
        own = names[12 * fold : 12 * fold + 12]
        lines += [f"{name}\t1\t2" for name in own]
        lines += [f"{one}\t1\t{two}\t3" for one, two in zip(own, own[1:] + own[:1], strict=True)]
    (tmp_path / "pairs.txt").write_text("\n".join(lines) + "\n")
    out = tmp_path / "out"
    result = run(tmp_path / "pairs.txt", "--photos", tmp_path / "photos", "--output", out)
    assert result.exit_code == 0, result.output
    (one,) = report_in(out)["protocols"]
    assert (one["mated"], one["non_mated"], one["not_compared"]) == (24, 24, 0)
    assert len(one["by_fold"]) == 2
    assert one["accuracy"]["value"] == pytest.approx(1.0, abs=0.05)
    assert sorted(path.name for path in out.iterdir()) == ["report.html", "report.json"]
    assert not [name for name in names if name in (out / "report.html").read_text(encoding="utf-8")]


def test_labels_belong_to_a_folder_per_person(run: Run, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("person,group\nx,y\n")
    (tmp_path / "pairs.csv").write_text("first,second,same\na.jpg,b.jpg,1\n")
    (tmp_path / "a.jpg").write_bytes(photo(1, 1))
    refused = run(tmp_path / "pairs.csv", "--labels", tmp_path / "labels.csv")
    assert code_of(refused) == "labels_malformed"
