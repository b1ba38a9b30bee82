"""Databases that are not whole, not ours or not of this release."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from support.installation import finding, settings_of

from visavis.adapters.doctor import database
from visavis.model.errors import VisavisError
from visavis.model.keys import DataForeign, DataMissing, KeyFileForeign, KeyFileMissing


def sql(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "data" / "visavis.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def another_key(folder: Path) -> None:
    (folder / "root.key").write_text("00" * 32)


def no_database(folder: Path) -> None:
    (folder / "data" / "visavis.db").unlink()


@pytest.mark.parametrize(
    ("spoil", "name", "error"),
    [
        (another_key, "key fits data", KeyFileForeign),
        (lambda folder: (folder / "root.key").unlink(), "key fits data", KeyFileMissing),
        (lambda folder: sql(folder, "DELETE FROM server"), "key fits data", DataMissing),
        (lambda folder: sql(folder, "UPDATE alembic_version SET version_num = 'later'"), "schema", DataForeign),
        (lambda folder: sql(folder, "DELETE FROM alembic_version"), "schema", DataMissing),
        *((no_database, name, DataMissing) for name in ("key fits data", "database", "schema", "write-ahead log")),
        (no_database, "api keys", DataMissing),
    ],
)
def test_what_is_wrong_fails_with_its_mend(
    folder: Path, spoil: Callable[[Path], None], name: str, error: type[VisavisError]
) -> None:
    spoil(folder)
    check = finding(settings_of(folder), name)
    assert (check.state, check.mend) == ("fail", error.mend)
    assert check.message


def test_a_database_that_is_none_fails_and_is_left_alone(folder: Path) -> None:
    (folder / "data" / "visavis.db").write_bytes(b"not a database, but long enough to look at" * 50)
    before = (folder / "data" / "visavis.db").read_bytes()
    for name in ("key fits data", "database", "schema", "api keys"):
        check = finding(settings_of(folder), name)
        assert (check.state, "backup" in check.mend) == ("fail", True)
    assert (folder / "data" / "visavis.db").read_bytes() == before


def test_pages_that_were_damaged_fail(folder: Path) -> None:
    path = folder / "data" / "visavis.db"
    content = bytearray(path.read_bytes())
    for page in range(5, len(content) // 4096):
        content[page * 4096 : page * 4096 + 8] = b"\xff" * 8
    path.write_bytes(content)
    check = finding(settings_of(folder), "database")
    assert (check.state, "backup" in check.mend) == ("fail", True)


def test_rows_that_refer_to_nothing_fail(folder: Path) -> None:
    (table, columns) = ("galleries", "id, name, purpose_id")
    with closing(sqlite3.connect(folder / "data" / "visavis.db")) as connection, connection:
        needed = [row[1:4] for row in connection.execute(f"PRAGMA table_info({table})") if row[3] or row[1] in columns]
        names = ", ".join(name for name, _, _ in needed)
        values = ", ".join("1" if "INT" in kind.upper() else "'2026-11-22 00:00:00'" for _, kind, _ in needed)
        connection.execute(f"INSERT INTO {table} ({names}) VALUES ({values})")  # noqa: S608 -- names of our own columns
    check = finding(settings_of(folder), "database")
    assert (check.state, "galleries" in check.message) == ("fail", True)


def test_a_whole_database_is_told_with_its_size(folder: Path) -> None:
    check = finding(settings_of(folder), "database")
    assert check.state == "ok"
    assert "MiB" in check.message


def test_an_older_schema_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ScriptDirectory, "get_heads", lambda _: ["9999"])
    check = finding(settings_of(folder), "schema")
    assert (check.state, "backup" in check.mend) == ("warn", True)


def test_a_log_that_grew_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_LOG_WARN", 1000)
    assert finding(settings_of(folder), "write-ahead log").state == "ok"
    with closing(sqlite3.connect(folder / "data" / "visavis.db")) as server:
        server.execute("UPDATE server SET name = name")
        server.commit()
        assert finding(settings_of(folder), "write-ahead log").state == "warn"


def test_another_journal_is_told(folder: Path) -> None:
    sql(folder, "PRAGMA journal_mode=DELETE")
    assert "journal" in finding(settings_of(folder), "write-ahead log").message


def test_what_waits_in_the_log_is_read(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "data" / "visavis.db")) as server:
        server.execute("DELETE FROM api_keys")
        server.commit()
        assert finding(settings_of(folder), "api keys").state == "warn"


@pytest.mark.parametrize(("version", "state"), [((3, 34, 1), "fail"), ((3, 35, 0), "ok")])
def test_an_old_sqlite_fails(
    folder: Path, monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int], state: str
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", version)
    assert finding(settings_of(folder), "sqlite").state == state


@pytest.mark.parametrize(("host", "state"), [("127.0.0.1", "warn"), ("192.168.1.5", "fail")])
def test_data_that_nobody_holds_a_key_of_is_told(folder: Path, host: str, state: str) -> None:
    assert finding(settings_of(folder), "api keys").state == "ok"
    sql(folder, "DELETE FROM api_keys")
    check = finding(settings_of(folder, host=host), "api keys")
    assert (check.state, bool(check.mend)) == (state, True)


def test_keys_that_nobody_uses_are_told(folder: Path) -> None:
    long_ago, lately = "2020-01-01 10:00:00.000000", "2099-01-01 10:00:00.000000"
    for edit, state in (
        (f"created_at = '{long_ago}', last_used_at = NULL", "warn"),
        (f"last_used_at = '{lately}'", "ok"),
        (f"last_used_at = '{long_ago}'", "warn"),
    ):
        sql(folder, f"UPDATE api_keys SET {edit}")  # noqa: S608 -- a test's own words
        check = finding(settings_of(folder), "api keys")
        assert check.state == state, edit
    assert check.message == "1 of 1 were not used for 90 days."
    assert "apikey list" in check.mend
