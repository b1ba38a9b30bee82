"""The doctor as a whole: what it says of an installation in order, and that it changes nothing."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from support.installation import certify, finding, settings_of

from visavis import bootstrap
from visavis.adapters.doctor import Check, diagnose
from visavis.adapters.doctor import diagnose as doctor_diagnose
from visavis.adapters.doctor.check import made
from visavis.settings import Settings

NAMES = {
    *("settings", "variables", "user", "umask", "data directory", "key file", "folders above", "key store"),
    "key fits data",
    *("key protection", "key place", "sqlite", "database", "schema", "write-ahead log", "api keys"),
    *("log", "witnesses", "own rates", "liveness"),
    *(
        "model tiny-detector",
        "model tiny-embedder",
        "model tiny-landmarker",
        "model tiny-eyes",
        "calibration",
        "photos",
        "python",
        "processor",
        "cores",
        "memory",
        "swap",
    ),
    *("core dumps", "open files", "clock", "clock kept", "disk", "inodes", "port", "links", "tls"),
}
OF_THE_MACHINE = {
    *("variables", "user", "umask", "processor", "cores", "memory", "swap", "core dumps", "open files"),
    *("clock kept", "disk", "inodes"),
}


def test_an_installation_in_order_has_two_warnings_and_they_speak_of_where_the_key_lies(folder: Path) -> None:
    checks = bootstrap.diagnose(settings_of(folder))
    odd = [check for check in checks if check.state != "ok" and check.name not in OF_THE_MACHINE]
    assert [(check.name, check.state) for check in odd] == [("key protection", "warn"), ("key place", "warn")]
    assert "not a stolen disk" in odd[0].message


def test_names_are_those_that_programs_rely_on(folder: Path) -> None:
    names = [check.name for check in diagnose(settings_of(folder))]
    assert set(names) == NAMES
    assert len(names) == len(set(names))
    settings = settings_of(folder, host="192.168.1.5", public_url="https://faces.example", **certify(folder))
    more = {check.name for check in diagnose(settings)} - NAMES
    assert more == {"tls chain", "tls name", "tls strength", "tls key", "tls trust"}


def test_whatever_is_not_in_order_has_a_mend(folder: Path) -> None:
    shutil.rmtree(folder / "data")
    checks = diagnose(settings_of(folder, host="0.0.0.0"))  # noqa: S104 -- nobody listens
    assert sum(check.state == "fail" for check in checks) > 5
    assert [check.name for check in checks if check.state != "ok" and not check.mend] == []
    assert [check.name for check in checks if not check.message] == []


def test_a_doctor_changes_nothing(folder: Path) -> None:
    before = listing(folder)
    diagnose(settings_of(folder))
    assert listing(folder) == before


def test_a_doctor_changes_nothing_under_a_running_server(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "data" / "visavis.db")) as server:
        server.execute("UPDATE server SET name = name")
        server.commit()
        before = {path: kept for path, kept in listing(folder).items() if not path.endswith("-shm")}
        assert any(path.endswith("-wal") for path in before)
        assert finding(settings_of(folder), "database").state == "ok"
        after = {path: kept for path, kept in listing(folder).items() if not path.endswith("-shm")}
        assert after == before


def listing(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    files = sorted(folder.rglob("*"))
    return {
        str(path): (path.stat().st_mode, path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in files
    }


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied", "/x"), "/x: Permission denied"),
        (sqlite3.OperationalError("database is locked"), "database is locked"),
        (KeyError("SECRET"), "KeyError"),
        (ZeroDivisionError(), "ZeroDivisionError"),
        (UnicodeDecodeError("utf-8", b"SECRET", 0, 1, "SECRET"), "UnicodeDecodeError"),
    ],
)
def test_a_check_that_crashes_fails(error: Exception, words: str) -> None:
    def crash(_: Settings) -> Iterator[Check]:
        yield Check("x", "ok", "not reached in the end")
        raise error

    (check,) = made("x", crash, Settings())
    assert (check.name, check.state) == ("x", "fail")
    assert words in check.message
    assert "SECRET" not in check.message
    assert check.mend


def test_each_check_that_crashes_leaves_the_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> Callable[..., None]:
        raise RuntimeError

    monkeypatch.setattr(shutil, "disk_usage", crash)
    monkeypatch.setattr(os, "statvfs", crash)
    checks = {check.name: check.state for check in doctor_diagnose(settings_of(folder))}
    assert (checks["disk"], checks["inodes"], checks["clock"]) == ("fail", "fail", "ok")
