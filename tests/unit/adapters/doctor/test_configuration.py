"""Where settings come from."""

from pathlib import Path

import pytest
from support.installation import finding, settings_of

from visavis.adapters.doctor import configuration
from visavis.settings import read_settings


def test_the_file_that_was_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "visavis.toml").write_text("port = 9000\n")
    (tmp_path / "visavis.toml").chmod(0o600)
    (check,) = configuration.settings_file(read_settings(tmp_path / "visavis.toml"))
    assert (check.state, check.message) == ("ok", f"{tmp_path / 'visavis.toml'}.")


def test_without_a_file_it_says_so(folder: Path) -> None:
    assert "No file" in finding(settings_of(folder), "settings").message


def test_a_misspelt_variable_is_told_with_the_one_that_is_meant(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert finding(settings_of(folder), "variables").state == "ok"
    monkeypatch.setenv("VISAVIS_DATADIR", "/secret/place")
    check = finding(settings_of(folder), "variables")
    assert (check.state, "VISAVIS_DATADIR" in check.message) == ("warn", True)
    assert check.mend.startswith("Is VISAVIS_DATA_DIR meant?")
    assert "/secret" not in check.message + check.mend
