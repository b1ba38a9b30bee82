"""What the doctor tells of galleries whose people are alike."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from support.installation import finding, settings_of

ROW = "INSERT INTO own_rates (id, people, comparisons, floor, is_worse, points, measured_at) VALUES "


@pytest.mark.parametrize(
    ("statements", "state", "told"),
    [
        ((), "ok", "0 galleries were measured"),
        ((f"{ROW} ('gal_a', 150, 11175, 0.001, 0, '[]', '2026-01-01')",), "ok", "1 galleries were measured"),
        ((f"{ROW} ('gal_a', 150, 11175, 0.001, 1, '[]', '2026-01-01')",), "warn", "In 1 of 1 measured galleries"),
        (("DROP TABLE own_rates",), "ok", "the schema is older"),
    ],
)
def test_galleries_whose_people_are_alike_are_told(
    folder: Path, statements: tuple[str, ...], state: str, told: str
) -> None:
    with closing(sqlite3.connect(folder / "data" / "visavis.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    check = finding(settings_of(folder), "own rates")
    assert check.state == state
    assert told in check.message
    assert bool(check.mend) == (state == "warn")
