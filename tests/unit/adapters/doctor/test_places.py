"""Files and folders that others can reach."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.installation import finding, settings_of

from visavis.adapters.doctor import places
from visavis.model.errors import VisavisError
from visavis.model.keys import DataMissing, KeyFileMissing, KeyFileUnsafe


def mode(path: str, bits: int) -> Callable[[Path], None]:
    return lambda folder: (folder / path).chmod(bits)


def remove(path: str) -> Callable[[Path], None]:
    return lambda folder: (folder / path).unlink()


@pytest.mark.parametrize(
    ("spoil", "name", "error"),
    [
        (remove("data/visavis.db"), "data directory", DataMissing),
        (remove("root.key"), "key file", KeyFileMissing),
        (remove("root.key"), "key place", KeyFileMissing),
        (mode("root.key", 0o640), "key file", KeyFileUnsafe),
        (lambda folder: (folder / "root.key").write_text("no key"), "key file", KeyFileMissing),
    ],
)
def test_what_is_wrong_fails_with_its_mend(
    folder: Path, spoil: Callable[[Path], None], name: str, error: type[VisavisError]
) -> None:
    spoil(folder)
    check = finding(settings_of(folder), name)
    assert (check.state, check.mend) == ("fail", error.mend)
    assert check.message


def test_a_key_inside_the_data_fails(folder: Path) -> None:
    (folder / "root.key").rename(folder / "data" / "root.key")
    check = finding(settings_of(folder, key_file=folder / "data" / "root.key"), "key file")
    assert (check.state, check.mend) == ("fail", KeyFileUnsafe.mend)


def test_a_key_behind_a_link_is_told(folder: Path) -> None:
    (folder / "root.key").rename(folder / "other.key")
    (folder / "root.key").symlink_to(folder / "other.key")
    check = finding(settings_of(folder), "key file")
    assert check.state == "warn"
    assert str(folder / "other.key") in check.message


@pytest.mark.parametrize(
    ("path", "bits"), [("data", 0o755), ("data/visavis.db", 0o644), ("data/visavis.db-wal", 0o640)]
)
def test_data_that_others_can_read_fails(folder: Path, path: str, bits: int) -> None:
    (folder / path).touch() if path.endswith("-wal") else None
    mode(path, bits)(folder)
    check = finding(settings_of(folder), "data directory")
    assert check.state == "fail"
    assert str(folder / path) in check.message
    assert "chmod" in check.mend


def test_a_database_behind_a_link_is_told(folder: Path) -> None:
    (folder / "data" / "visavis.db").rename(folder / "elsewhere.db")
    (folder / "data" / "visavis.db").symlink_to(folder / "elsewhere.db")
    check = finding(settings_of(folder), "data directory")
    assert (check.state, "symbolic link" in check.message) == ("warn", True)


def test_data_that_cannot_be_written_to_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write everywhere
    assert finding(settings_of(folder), "data directory").state == "fail"


def test_files_of_another_user_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    for name in ("data directory", "key file"):
        check = finding(settings_of(folder), name)
        assert (check.state, f"user {os.getuid()}" in check.message) == ("warn", True)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
def test_a_database_of_another_user_than_its_directory_is_told(folder: Path) -> None:
    os.chown(folder / "data" / "visavis.db", 12345, -1)
    check = finding(settings_of(folder), "data directory")
    assert (check.state, "directory's owner" in check.message) == ("warn", True)


@pytest.mark.parametrize(("bits", "state"), [(0o777, "fail"), (0o707, "fail"), (0o1777, "ok"), (0o755, "ok")])
@pytest.mark.parametrize("what", ["data_dir", "key_file", "tls_key"])
def test_a_folder_above_that_anybody_can_write_fails(folder: Path, bits: int, state: str, what: str) -> None:
    above = folder / "above" / "below"
    above.mkdir(parents=True)
    above.parent.chmod(bits)
    settings = settings_of(folder, **{what: above / "ours"})
    check = finding(settings, "folders above")
    assert (check.state, str(above.parent) in check.message) == (state, state == "fail")


def test_a_folder_above_what_a_link_leads_to_counts_too(folder: Path) -> None:
    (folder / "above").mkdir()
    (folder / "data").rename(folder / "above" / "data")
    (folder / "data").symlink_to(folder / "above" / "data")
    (folder / "above").chmod(0o777)
    assert finding(settings_of(folder), "folders above").state == "fail"


def test_a_key_on_a_file_system_of_its_own_is_better(folder: Path) -> None:
    assert finding(settings_of(folder), "key place").state == "warn"
    elsewhere = Path("/dev/shm")  # noqa: S108 -- a file system that every Linux has besides
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == folder.stat().st_dev:
        pytest.skip("There is one file system on this machine.")
    key = elsewhere / f"visavis-test-{os.getpid()}.key"
    try:
        key.touch(mode=0o600)
        key.write_bytes((folder / "root.key").read_bytes())
        assert finding(settings_of(folder, key_file=key), "key place").state == "ok"
    finally:
        key.unlink()


@pytest.mark.parametrize(("euid", "state"), [(0, "warn"), (1000, "ok")])
def test_root_is_told_to_be_somebody_else(folder: Path, monkeypatch: pytest.MonkeyPatch, euid: int, state: str) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: euid)
    assert finding(settings_of(folder), "user").state == state


@pytest.mark.parametrize(("mask", "state"), [(0o000, "warn"), (0o020, "warn"), (0o022, "ok"), (0o077, "ok")])
def test_a_umask_that_gives_everybody_everything_is_told(mask: int, state: str) -> None:
    before = os.umask(mask)
    try:
        (check,) = places.umask(settings_of(Path("/nowhere")))
    finally:
        os.umask(before)
    assert (check.state, f"{mask:04o}" in check.message) == (state, True)
