"""What the doctor tells of liveness: the modes, who measured them, and purposes that ask for others."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from fixtures.networks import PAD_CARD, pad_network, place
from support.installation import finding, findings, settings_of

from visavis import bootstrap
from visavis.model.pad import PadReportInvalid
from visavis.model.weights import ModelCardInvalid, ModelMissing
from visavis.settings import Settings

REPORT = "[report]" + PAD_CARD.partition("[report]")[2]
ACTIVE = REPORT.replace('"passive"', '"active"')


def with_card(folder: Path, card: str = PAD_CARD) -> Path:
    return place(folder / "models", card=card, network=pad_network())


def test_without_a_card_a_person_has_to_watch(folder: Path) -> None:
    assert finding(settings_of(folder), "liveness").message == "Can be checked: attended, active."
    assert findings(settings_of(folder), "liveness asked") == []


def test_with_a_card_its_worst_species_is_told(folder: Path) -> None:
    settings = settings_of(folder, pad_card=with_card(folder))
    assert finding(settings, "liveness").message == "Can be checked: attended, active, passive."
    told = finding(settings, "pad report passive")
    assert told.state == "ok"
    assert "screen (level B): APCER 9.00% of 100; BPCER 2.50% of 200" in told.message
    assert finding(settings, "model tiny-pad").state == "ok"


def test_its_weights_are_installed_with_the_others(folder: Path) -> None:
    cards = bootstrap.chosen_cards(Settings(pad_card=with_card(folder)))
    assert [card.id for card in cards] == [*(card.id for card in bootstrap.chosen_cards(Settings())), "tiny-pad"]


def test_simulated_attacks_are_told_to_say_nothing(folder: Path) -> None:
    card = with_card(folder, PAD_CARD.replace('"physical"', '"simulated"'))
    told = finding(settings_of(folder, pad_card=card), "pad report passive")
    assert (told.state, bool(told.mend)) == ("warn", True)


def test_a_card_without_a_report_fails_and_says_what_is_missing(folder: Path) -> None:
    card = with_card(folder, PAD_CARD.partition("[report]")[0])
    told = finding(settings_of(folder, pad_card=card), "liveness")
    assert (told.state, told.mend) == ("fail", ModelCardInvalid.mend)
    assert "report: Field required" in told.message


def test_weights_that_are_not_there_fail(folder: Path) -> None:
    card = with_card(folder)
    (folder / "models" / "tiny-pad.onnx").unlink()
    told = finding(settings_of(folder, pad_card=card), "model for liveness")
    assert (told.state, told.mend) == ("fail", ModelMissing.mend)


def test_a_report_on_the_active_mode_is_told(folder: Path) -> None:
    (folder / "report.toml").write_text(ACTIVE, encoding="utf-8")
    assert finding(settings_of(folder, pad_report=folder / "report.toml"), "pad report active").state == "ok"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (REPORT, "wanted active"),
        ("", "report: Field required"),
        (ACTIVE.replace('measured_by = "A test"\n', ""), "measured_by: Field required"),
        ("[report", "at end of document"),
    ],
)
def test_a_report_that_says_too_little_fails(folder: Path, text: str, why: str) -> None:
    (folder / "report.toml").write_text(text, encoding="utf-8")
    told = finding(settings_of(folder, pad_report=folder / "report.toml"), "liveness")
    assert (told.state, told.mend) == ("fail", PadReportInvalid.mend)
    assert why in told.message
    assert str(folder / "report.toml") in told.message


PURPOSES = [("passive", None), ("passive", "2020-01-01 00:00:00"), ("attended", None), ("active+attested", None)]
ENTER = (
    "INSERT INTO purposes (id, name, liveness, ends_at, created_at, max_fnmr, controller, contact, jurisdiction,"
    " retention_days, target_kind, target)"
    " VALUES (?, ?, ?, ?, '2026-01-01 00:00:00', 0.05, 'A', 'b', 'NL', 9, 'fmr', 0.1)"
)


def test_purposes_that_ask_for_what_cannot_be_checked_are_told(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "data" / "visavis.db")) as connection, connection:
        for number, (mode, end) in enumerate(PURPOSES):
            connection.execute(ENTER, (f"pur_{number}", f"purpose {number}", mode, end))
    told = finding(settings_of(folder), "liveness asked")
    assert (told.state, bool(told.mend)) == ("warn", True)
    assert told.message.startswith("2 purposes")
    told = finding(settings_of(folder, pad_card=with_card(folder)), "liveness asked")
    assert told.message.startswith("1 purposes")
