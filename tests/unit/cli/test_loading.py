"""The bar that a terminal shows while galleries are taken into memory."""

import io

import pytest
from rich.console import Console

from visavis.cli.loading import LoadingBar
from visavis.flows.live import Loaded


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    text = io.StringIO()

    def console() -> Console:
        return Console(file=text, force_terminal=True, width=100, color_system=None)

    monkeypatch.setattr("visavis.cli.loading.progress", console)
    return text


def test_it_counts_who_was_taken_in_and_who_was_left_out(shown: io.StringIO) -> None:
    bar = LoadingBar()
    bar(Loaded(subjects=10, left_out=1, people=40))
    bar(Loaded(subjects=39, left_out=1, people=40, is_complete=True))
    assert "People in memory" in shown.getvalue()
    assert "40/40" in shown.getvalue()


@pytest.mark.parametrize("people", [0, 3])
def test_nothing_is_shown_of_what_is_there_at_once(shown: io.StringIO, people: int) -> None:
    LoadingBar()(Loaded(subjects=people, people=people, is_complete=True))
    assert shown.getvalue() == ""
