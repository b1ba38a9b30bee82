"""Tables for spreadsheets: every cell comes back, and none is a formula."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.wire.table import table_text

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\uff1d1", "\uff0b1", "'=1"]


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


@pytest.mark.parametrize("cell", FORMULAS)
def test_what_a_spreadsheet_would_run_is_text(cell: str) -> None:
    ((_header,), (read_back,)) = read(table_text(["a"], [[cell]]))
    assert read_back == f"'{cell}"


@pytest.mark.parametrize("cell", ["staff 4711", "O'Brien", "a=b", "1-2", "me@acme.example", "", "Zo\u00e9", "\u5c71"])
def test_what_is_harmless_stays_as_it_is(cell: str) -> None:
    assert read(table_text(["a"], [[cell]]))[1] == [cell]


def test_cells_may_hold_whatever_separates_them() -> None:
    text = table_text(["a", "b"], [['x,"y"', "1\r\n2"]])
    assert text == '"a","b"\r\n"x,""y""","1\r\n2"\r\n'
    assert read(text)[1] == ['x,"y"', "1\r\n2"]


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8")), min_size=2, max_size=2)))
def test_taking_one_apostrophe_away_gives_what_was_meant(rows: list[list[str]]) -> None:
    text = table_text(["a", "b"], rows)
    read_back = [[cell.removeprefix("'") for cell in row] for row in read(text)[1:]]
    assert read_back == rows
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in read(text)[1:] for cell in row)
