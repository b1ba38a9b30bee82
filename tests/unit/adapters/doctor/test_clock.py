"""Clocks that are wrong, or that nothing keeps right."""

import os
import time
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from support.installation import finding, settings_of

from visavis.adapters.doctor import clock


def test_a_clock_behind_the_database_fails(folder: Path) -> None:
    later = (datetime.now(UTC) + timedelta(days=1)).timestamp()
    os.utime(folder / "data" / "visavis.db", (later, later))
    check = finding(settings_of(folder), "clock")
    assert (check.state, "NTP" in check.mend) == ("fail", True)


def test_a_clock_before_this_release_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_BEFORE_THIS_RELEASE", datetime.now(UTC) + timedelta(days=1))
    check = finding(settings_of(folder), "clock")
    assert (check.state, "before this release" in check.message) == ("fail", True)


@pytest.mark.parametrize(("step", "state"), [(3600, "warn"), (-3600, "warn"), (0.02, "ok")])
def test_a_clock_that_jumps_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch, step: float, state: str) -> None:
    looks = count(time.time(), step)
    monkeypatch.setattr(time, "time", lambda: next(looks))
    (check,) = clock.plausible(settings_of(folder))
    assert check.state == state


@pytest.mark.parametrize(("answer", "state"), [(0, "ok"), (1, "ok"), (5, "warn"), (None, "warn")])
def test_a_clock_that_nothing_keeps_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, answer: int | None, state: str
) -> None:
    monkeypatch.setattr(clock, "_kernel_clock", lambda: answer)
    check = finding(settings_of(folder), "clock kept")
    assert (check.state, bool(check.mend)) == (state, state == "warn")


def test_the_kernel_is_asked() -> None:
    assert clock._kernel_clock() in {None, 0, 1, 2, 3, 4, 5}
