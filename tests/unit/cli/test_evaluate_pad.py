"""``visavis evaluate pad`` on a small set whose every figure can be counted by hand."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from fixtures.networks import PAD_CARD, pad_network, place
from sim.faces import CALIBRATION, SimExtractor
from sim.faces import photo as sim_photo
from sim.labelled import BROKEN, CROWD, FIRST_ATTACK, NOBODY, SimDecoder, photo, simulated
from sim.pad import REPORT

from visavis.cli.main import program
from visavis.evaluate.binomial import counted_share
from visavis.flows.presenting import look_at_stills
from visavis.model.template import Template
from visavis.quality.gate import ENROLMENT, PROBE

ANN, BEA, CEM, STRANGER = 3, 4, 5, 9
FOUND = FIRST_ATTACK
PRESENTED: dict[str, list[bytes]] = {
    "bona_fide/Ann_Quidam": [photo(ANN, 1), photo(ANN, 2), photo(ANN, 3), photo(ANN, 4, NOBODY)],
    "bona_fide/Bea_Quidam": [photo(BEA, 1), photo(BEA, 2), photo(BEA, 3), photo(BEA, FOUND + 4)],
    "bona_fide/Cem_Quidam": [photo(CEM, 1), photo(CEM, 2), photo(CEM, 3), photo(CEM, 4)],
    "attacks/paper/Ann_Quidam": [photo(ANN, FOUND + n) for n in range(3)] + [photo(ANN, 20)],
    "attacks/screen/Ann_Quidam": [photo(ANN, 30), photo(ANN, 31), photo(ANN, FOUND + 10), photo(STRANGER, 1)],
    "attacks/screen/Cem_Quidam": [photo(CEM, 30), photo(CEM, FOUND + 10)],
    "attacks/mask/Bea_Quidam": [photo(BEA, 40, NOBODY), photo(BEA, 41, CROWD), photo(BEA, 42, BROKEN)],
}
REFERENCES = {"Ann_Quidam": photo(ANN, 0), "Bea_Quidam": photo(BEA, 0)}
"""Cem has none."""

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("presented") / "set"
    for inside, photos in PRESENTED.items():
        (root / inside).mkdir(parents=True)
        for number, content in enumerate(photos):
            (root / inside / f"{number}.jpg").write_bytes(content)
    for name, content in REFERENCES.items():
        (root / "bona_fide" / name / "reference.jpg").write_bytes(content)
    (root / "attacks" / "README.txt").write_text("Who made the masks")
    (root / "attacks" / "screen" / "loose.jpg").write_bytes(photo(ANN, 1))
    return root


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return place(tmp_path_factory.mktemp("card"), card=PAD_CARD, network=pad_network())


@pytest.fixture
def run(tmp_path: Path, card: Path) -> Iterator[Run]:
    def call(*words: str | Path, with_card: bool = True, environment: dict[str, str] | None = None) -> Result:
        variables = {"VISAVIS_PAD_CARD": str(card) if with_card else "", **(environment or {})}
        asked = ["evaluate", "pad", *map(str, words), "--work", str(tmp_path / "work")]
        return CliRunner(env=variables).invoke(program, asked)

    with simulated():
        yield call


@pytest.fixture
def report(run: Run, folder: Path) -> dict[str, Any]:
    result = run(folder, "--json", "--about", "Colours")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def share(one: dict[str, Any]) -> tuple[int, int]:
    assert one["known"], one
    figure = counted_share(one["errors"], one["of"])
    assert (one["value"], one["low"], one["high"]) == (figure.value, figure.low, figure.high)
    return one["errors"], one["of"]


def test_species_are_counted_and_the_worst_comes_first(report: dict[str, Any]) -> None:
    screen, paper, mask = report["attacks"]
    assert [one["species"] for one in (screen, paper, mask)] == ["screen", "paper", "mask"]
    assert (share(screen["apcer"]), share(screen["iapar"]), screen["targets"]) == ((4, 6), (2, 4), 2)
    assert (share(paper["apcer"]), share(paper["iapar"]), paper["targets"]) == ((1, 4), (1, 4), 1)
    assert not mask["apcer"]["known"]
    assert (share(mask["iapar"]), share(mask["apnrr"])) == ((0, 3), (3, 3))
    assert mask["non_responses"] == {"image_unreadable": 1, "no_face": 1, "several_faces": 1}
    assert share(screen["apnrr"]) == (0, 6)


def test_the_living_are_counted(report: dict[str, Any]) -> None:
    living = report["bona_fide"]
    assert (living["people"], living["presentations"]) == (3, 12)
    assert (share(living["bpnrr"]), share(living["bpcer"]), share(living["frr"])) == ((1, 12), (1, 11), (2, 8))
    assert report["attacks"][1]["riapar"] == {"known": True, "value": 0.25 + 0.25}


def test_what_it_was_measured_with_is_told(report: dict[str, Any]) -> None:
    assert (report["standard"], report["mode"], report["fmr"]) == ("ISO/IEC 30107-3:2023", "passive", 1e-4)
    assert report["models"]["pad"]["id"] == "tiny-pad"
    assert set(report["models"]) == {"detector", "embedder", "landmarker", "pad"}
    assert (report["references"], report["references_lost"], report["left_out"]) == (2, {}, 2)
    assert report["about"] == "Colours"


def test_nobody_is_named_and_no_score_is_told(run: Run, folder: Path, tmp_path: Path) -> None:
    result = run(folder, "--output", tmp_path / "report.json")
    told = result.stdout + (tmp_path / "report.json").read_text()
    assert not any(word in told for word in ("Quidam", "Ann", "threshold", "score"))
    assert result.stdout.splitlines()[1] == "Mode passive by tiny-pad."
    assert "APCER 66.7 % (22.3 to 95.7)" in result.stdout


def test_without_a_model_the_head_says_so_and_no_classification_is_told(run: Run, folder: Path) -> None:
    result = run(folder, with_card=False)
    assert "NO MODEL FINDS ATTACKS HERE" in result.stdout.split("\n\n")[0]
    found = json.loads(run(folder, "--json", with_card=False).stdout)
    assert found["mode"] is None
    assert not any(one["apcer"]["known"] for one in found["attacks"])
    assert not found["bona_fide"]["bpcer"]["known"]
    assert [one["species"] for one in found["attacks"]] == ["paper", "screen", "mask"]
    assert [share(one["iapar"]) for one in found["attacks"]] == [(4, 4), (3, 4), (0, 3)]
    assert share(found["bona_fide"]["frr"]) == (1, 8)


def test_the_bar_is_the_calibrations_for_the_rate(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    high = tuple(replace(point, threshold=0.1 + 0.3 * place) for place, point in enumerate(CALIBRATION.points, start=1))
    monkeypatch.setattr("visavis.bootstrap_evaluate.read_calibration", lambda _: replace(CALIBRATION, points=high))
    lenient, strict = (json.loads(run(folder, "--json", "--fmr", rate).stdout) for rate in ("0.1", "1e-5"))
    assert [one["iapar"]["errors"] for one in lenient["attacks"]] == [2, 1, 0]
    assert [one["iapar"]["errors"] for one in strict["attacks"]] == [0, 0, 0]
    assert share(strict["bona_fide"]["frr"]) == (8, 8)


def test_a_rate_that_the_calibration_does_not_know_is_refused(run: Run, folder: Path) -> None:
    refused = run(folder, "--fmr", "1e-12")
    assert (refused.exit_code, "promise_too_strict" in refused.stderr) == (1, True)


def test_without_references_nothing_is_compared(run: Run, tmp_path: Path) -> None:
    for inside, content in (("bona_fide/A", photo(ANN, 1)), ("attacks/paper/A", photo(ANN, 2))):
        (tmp_path / "set" / inside).mkdir(parents=True)
        (tmp_path / "set" / inside / "1.jpg").write_bytes(content)
    found = json.loads(run(tmp_path / "set", "--json").stdout)
    assert share(found["attacks"][0]["apcer"]) == (1, 1)
    for rate in (found["attacks"][0]["iapar"], found["attacks"][0]["riapar"], found["bona_fide"]["frr"]):
        assert not rate["known"]


def test_a_reference_is_no_presentation_and_no_attack_is_looked_for_in_it(run: Run, tmp_path: Path) -> None:
    """The very same photo is an attack and a reference."""
    same = photo(ANN, FOUND)
    for inside in ("bona_fide/A", "attacks/paper/A"):
        (tmp_path / "set" / inside).mkdir(parents=True)
    (tmp_path / "set/bona_fide/A/reference.png").write_bytes(same)
    (tmp_path / "set/bona_fide/A/1.jpg").write_bytes(photo(ANN, 1))
    (tmp_path / "set/attacks/paper/A/1.jpg").write_bytes(same)
    for _ in range(2):  # as it was looked at, and as it was kept
        found = json.loads(run(tmp_path / "set", "--json", "--keep").stdout)
        assert (found["references"], found["references_lost"]) == (1, {})
        assert share(found["attacks"][0]["apcer"]) == (0, 1)
        assert share(found["bona_fide"]["frr"]) == (0, 1)


class NotingExtractor(SimExtractor):
    """Notes how it was asked."""

    def __init__(self, *, finds_attacks: bool) -> None:
        super().__init__(pad_report=REPORT if finds_attacks else None)
        self.asked: list[dict[str, Any]] = []

    def extract(self, photo: bytes, **how: Any) -> Template:
        self.asked.append(how)
        return super().extract(photo, **how)


@pytest.mark.parametrize("finds_attacks", [True, False])
def test_a_reference_is_looked_at_as_when_somebody_enrols_and_a_presentation_as_a_probe(*, finds_attacks: bool) -> None:
    extractor = NotingExtractor(finds_attacks=finds_attacks)
    look = look_at_stills(extractor)
    look([sim_photo("ann")], is_reference=True)
    look([sim_photo("ann")], is_reference=False)
    assert extractor.asked == [{"gate": ENROLMENT}, {"gate": PROBE, "passive": finds_attacks}]


@pytest.mark.parametrize("left", ["bona_fide", "attacks"])
def test_a_set_with_one_kind_is_refused_and_says_what_is_missing(run: Run, tmp_path: Path, left: str) -> None:
    inside = tmp_path / "set" / left / "one" / "two"
    inside.mkdir(parents=True)
    (inside / "1.jpg").write_bytes(photo(ANN, 1))
    refused = run(tmp_path / "set")
    assert (refused.exit_code, "presentations_misplaced" in refused.stderr) == (1, True)
    assert ("attacks" if left == "bona_fide" else "bona_fide") in refused.stderr.replace("\n", "")


def test_a_report_is_never_written_over_another(run: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("mine")
    refused = run(folder, "--output", tmp_path / "report.json")
    assert (refused.exit_code, "output_exists" in refused.stderr) == (1, True)
    assert (tmp_path / "report.json").read_text() == "mine"


def test_a_run_that_ended_early_goes_on_where_it_was(folder: Path, tmp_path: Path, card: Path) -> None:
    words = ["evaluate", "pad", str(folder), "--json", "--work", str(tmp_path / "work")]
    whole, again = SimDecoder(), SimDecoder()
    environment = {"VISAVIS_PAD_CARD": str(card)}
    with simulated(decoder=whole):
        first = CliRunner(env=environment).invoke(program, [*words, "--keep"])
    with simulated(decoder=again):
        second = CliRunner(env=environment).invoke(program, words)
    assert (whole.seen > 0, again.seen) == (True, 0)
    assert first.stdout == second.stdout
    assert not (tmp_path / "work").exists()


def test_what_another_model_made_is_not_taken_over(folder: Path, tmp_path: Path, card: Path) -> None:
    words = ["evaluate", "pad", str(folder), "--json", "--work", str(tmp_path / "work"), "--keep"]
    with simulated():
        CliRunner(env={"VISAVIS_PAD_CARD": str(card)}).invoke(program, words)
    again = SimDecoder()
    with simulated(decoder=again):
        CliRunner(env={"VISAVIS_PAD_CARD": ""}).invoke(program, words)
    assert again.seen > 0


def test_a_data_set_named_pad_is_still_measured() -> None:
    result = CliRunner().invoke(program, ["evaluate", "./pad"])
    assert "Path './pad' does not exist" in result.stderr


def test_the_help_names_both() -> None:
    listed = CliRunner().invoke(program, ["--help"], terminal_width=120).stdout
    assert [line.split("  ")[1] for line in listed.splitlines() if line.startswith("  evaluate")] == [
        "evaluate",
        "evaluate pad",
    ]
