"""Formats that this machine cannot decode."""

from pathlib import Path

import pytest
from support.installation import finding, findings, settings_of

from visavis.adapters.decoding.check import FormatCheck, check_decoding
from visavis.adapters.doctor import photos


def test_every_format_is_decoded_here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "check_decoding", check_decoding)
    check = finding(settings_of(folder), "photos")
    assert (check.state, "JPEG" in check.message) == ("ok", True)


def test_each_format_that_is_not_decoded_fails_with_its_mend(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [FormatCheck("JPEG", ok=True, message="")]
    made += [FormatCheck(name, ok=False, message=f"{name} is refused.", mend="Install.") for name in ("HEIC", "AVIF")]
    monkeypatch.setattr(photos, "check_decoding", lambda: made)
    checks = findings(settings_of(folder), "photos")
    assert [(check.state, check.message, check.mend) for check in checks] == [
        ("fail", "HEIC is refused.", "Install."),
        ("fail", "AVIF is refused.", "Install."),
    ]
