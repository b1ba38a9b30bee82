"""``visavis plan``, without a server."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from support.planned import calibration

from visavis import bootstrap
from visavis.adapters.cards import cards_folder, read_embedder_card
from visavis.cli.main import program
from visavis.model.calibration import Calibration
from visavis.settings import Settings

DIMENSION = 128


@pytest.fixture(autouse=True)
def _round_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "planned_model", lambda _: (calibration(), DIMENSION))


def run(*words: str) -> Result:
    return CliRunner().invoke(program, ["plan", *words])


def told(*words: str) -> dict[str, Any]:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_a_plan_for_people() -> None:
    result = run("--people", "1000", "--searches-a-day", "2000", "--fpir", "0.01")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("This can be promised.\n")
    for text in ("most people for whom this can be promised", "1,005", "memory", "a machine", "assumed: change it"):
        assert text in result.stdout


def test_a_plan_for_programs() -> None:
    found = told("--people", "1000", "--searches-a-day", "2000", "--fpir", "1%", "--core-hour-price", "0.05")
    assert (found["standing"], found["most_people"]) == ("promised", 1005)
    assert found["false_accepts_a_day"]["value"] == pytest.approx(2000 * 0.1 * 0.01, rel=1e-3)
    assert found["missed_a_day"]["value"] == pytest.approx(2000 * 0.9 * found["fnmr"]["value"])
    assert found["cost"]["templates_bytes"] == 1000 * 4 * DIMENSION
    assert found["cost"]["price_a_search"] > 0
    assert all(one["source"] for one in found["measured"].values())


def test_what_is_not_known_is_null_for_programs() -> None:
    found = told("--people", "1e9")
    assert found["standing"] == "not_known"
    assert found["reasons"]
    names = ("threshold", "fpir", "fnmr", "false_accepts_a_day", "missed_a_day", "doubtful_a_day")
    assert [found[name] for name in names] == [None] * 6
    assert found["cost"]["price_a_search"] is None


def test_a_claimed_rate_is_a_claim() -> None:
    found = told("--people", "1.3e9", "--claimed-fmr", "1e-9", "--claimed-fnmr", "2%")
    assert (found["standing"], found["threshold"]) == ("claim", None)
    assert found["fpir"]["value"] == pytest.approx(0.7275, rel=1e-3)


def test_a_sentence_is_counted_through() -> None:
    result = run("--people", "1.3e9", "--claim", "88%")
    assert result.exit_code == 0
    assert "156 million" in result.stdout
    found = told("--people", "60000", "--searches-a-day", "60000", "--claim", "99.99999%")
    assert found["standing"] == "claim"
    assert found["claim"]["right"] == "0.9999999"
    assert found["wrong_a_day"] == pytest.approx(0.006)


def test_the_aim_can_be_a_rate_of_one_comparison_or_a_threshold() -> None:
    assert told("--people", "1", "--fmr", "1e-4")["fmr"] == 1e-4
    assert told("--people", "100", "--threshold", "0.45")["threshold"] == 0.45
    assert told("--people", "100", "--threshold", "-0.9")["standing"] == "not_known"


def test_the_curves_are_drawn(tmp_path: Path) -> None:
    assert run("--people", "100", "--picture", str(tmp_path / "plan.svg")).exit_code == 0
    assert (tmp_path / "plan.svg").read_text(encoding="utf-8").startswith("<svg ")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--people", "none"), "people"),
        (("--people", "0"), "people"),
        (("--people", "10", "--fpir", "0.6"), "fpir"),
        (("--people", "10", "--fpir", "0.1", "--fmr", "0.1"), "--fmr"),
        (("--people", "10", "--claim", "100%"), "100 %"),
        (("--people", "10", "--machine-cores", "0"), "cores"),
        ((), "--people"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_one(words: tuple[str, ...], named: str) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert named in result.stderr


def test_another_model_is_named_by_its_card(monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[str] = []

    def planned_model(settings: Settings) -> tuple[Calibration, int]:
        named.append(settings.embedder)
        return calibration(), DIMENSION

    monkeypatch.setattr(bootstrap, "planned_model", planned_model)
    assert run("--people", "10", "--model", "another").exit_code == 0
    monkeypatch.undo()
    refused = run("--people", "10", "--model", "another")
    assert named == ["another"]
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "model_card_invalid" in refused.stderr


def test_what_the_planner_knows_is_on_the_model_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    settings = Settings()
    known, dimension = bootstrap.planned_model(settings)
    card = read_embedder_card(cards_folder() / settings.embedder)
    assert (known.model_id, dimension) == (card.id, card.output.dimension)
