"""``visavis backup`` and ``restore``, with the server and the installation played."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from click.testing import Result
from fixtures.answers import ERASURE, FakeServer, an_id, problem

import visavis
from visavis.model.backup import BackupHeader, BackupTooOld
from visavis.model.keys import Custody

Run = Callable[..., Result]
CONTENT = b"a backup" * 100_000
MOMENT = datetime(2026, 11, 1, tzinfo=UTC)
HEADER = BackupHeader(3, b"i" * 16, MOMENT, MOMENT, 7, 2, "0.1.0")


def test_a_backup_goes_into_a_new_file_that_only_its_owner_reads(run: Run, server: FakeServer, tmp_path: Path) -> None:
    server.answers["POST /v1/backups"] = httpx2.Response(200, content=CONTENT)
    file = tmp_path / "backup"
    result = run("backup", str(file), "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"file": str(file), "size": len(CONTENT)}
    assert file.read_bytes() == CONTENT
    assert file.stat().st_mode & 0o777 == 0o600
    again = run("backup", str(file))
    assert again.exit_code == 1
    assert "file_exists" in again.stderr
    assert file.read_bytes() == CONTENT


def test_a_backup_that_was_refused_leaves_no_file(run: Run, server: FakeServer, tmp_path: Path) -> None:
    server.answers["POST /v1/backups"] = problem("scope_missing", 403)
    assert run("backup", str(tmp_path / "backup")).exit_code == 1
    assert list(tmp_path.iterdir()) == []
    assert "file_unwritable" in run("backup", str(tmp_path / "no" / "backup")).stderr


@pytest.fixture
def bootstrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> SimpleNamespace:
    """What the offline commands call, played; it remembers how."""
    played = SimpleNamespace(asked=[], Bringing=SimpleNamespace)

    def restore(settings: object, file: Path, how: object) -> SimpleNamespace:
        played.asked.append((settings, file, how))
        return SimpleNamespace(
            header=HEADER,
            made_up=SimpleNamespace(destroyed=2, lapsed=1),
            former=None,
            learned_from={"database": "2 tombstones"},
        )

    def back_up(settings: object, file: Path, *, words: list[str]) -> BackupHeader:
        played.asked.append((settings, file, words))
        file.write_bytes(CONTENT)
        return HEADER

    played.restore, played.back_up = restore, back_up
    played.keys = SimpleNamespace(custodians=lambda _: Custody("keyfile"))
    for name, module in (("bootstrap_backup", played), ("bootstrap_keys", played.keys)):
        monkeypatch.setitem(sys.modules, f"visavis.{name}", module)
        monkeypatch.setattr(visavis, name, module, raising=False)
    monkeypatch.setenv("VISAVIS_DATA_DIR", str(tmp_path / "data"))
    return played


def test_offline_it_is_made_without_a_server(
    run: Run, server: FakeServer, bootstrap: SimpleNamespace, tmp_path: Path
) -> None:
    result = run("backup", str(tmp_path / "backup"), "--offline", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["epoch"] == 3
    assert server.requests == []
    assert bootstrap.asked[0][2] == []


def test_custodians_are_asked_for_their_shares(run: Run, bootstrap: SimpleNamespace, tmp_path: Path) -> None:
    bootstrap.keys.custodians = lambda _: Custody("quorum", threshold=2)
    result = run("restore", str(tmp_path / "backup"), typed="one share\nanother\n")
    assert result.exit_code == 0, result.output
    assert bootstrap.asked[0][2].words == ["one share", "another"]
    assert "one share" not in result.output


def test_restore_says_what_it_learned_and_what_is_to_be_done(
    run: Run, bootstrap: SimpleNamespace, tmp_path: Path
) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "list").write_bytes(b"")
    options = ["--replace", "--drop-former", "--log", str(tmp_path / "log"), "--tombstones", str(tmp_path / "list")]
    result = run("restore", str(tmp_path / "backup"), *options, "--json")
    assert result.exit_code == 0, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    assert (told["destroyed"], told["lapsed"], told["learned_from"]) == (2, 1, {"database": "2 tombstones"})
    how = bootstrap.asked[0][2]
    assert (how.replace, how.keep_former, how.log, how.tombstones) == (
        True, False, tmp_path / "log", tmp_path / "list",
    )  # fmt: skip
    assert "API keys" in result.stderr


def test_a_backup_that_is_refused_is_told_by_name(run: Run, bootstrap: SimpleNamespace, tmp_path: Path) -> None:
    def refuse(*_: object) -> None:
        raise BackupTooOld("The key of its epoch 3 was destroyed on 2026-12-02.")

    bootstrap.restore = refuse
    result = run("restore", str(tmp_path / "backup"))
    assert result.exit_code == 1
    assert "backup_too_old: The key of its epoch 3 was destroyed on 2026-12-02." in result.stderr


@pytest.mark.parametrize(("is_over", "words"), [(False, "if the server runs until then"), (True, "nobody does")])
def test_an_erasure_is_proven_in_words(run: Run, server: FakeServer, is_over: object, words: str) -> None:
    subject_id = an_id("sub")
    server.answers[f"GET /v1/erasures/{subject_id}"] = {**ERASURE, "beyond_recovery": is_over}
    result = run("erasure", "prove", subject_id, "--reason", "a test")
    assert result.exit_code == 0, result.output
    assert words in result.stderr
    assert "withdrawn" in result.stdout
