"""What a backup holds and what it does not, who may make one, and what is left of it."""

import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pyrage import decrypt, x25519
from sim.faces import photo
from support.backups import Installation, installed, made
from support.logged import entries_of, require_sound
from support.world import World, settings_in

from visavis import bootstrap_backup
from visavis.adapters import backup_file
from visavis.adapters.line_file import LineFile
from visavis.adapters.restoring import sweep
from visavis.model.backup import BackupExists, BackupFailed
from visavis.model.keys import KeyTree
from visavis.protect.backup import open_header


@pytest.fixture
def here(tmp_path: Path, blank: tuple[Path, str]) -> Installation:
    return installed(tmp_path, blank)


def unpacked(content: bytes, tree: KeyTree) -> dict[str, bytes]:
    """What is in a backup, by the names that stand in it."""
    line, _, rest = content.partition(b"\n")
    _, identity = open_header(line + b"\n", tree=tree)
    packed = bytes(decrypt(rest, [x25519.Identity.from_str(identity)]))
    with tarfile.open(fileobj=BytesIO(packed)) as tar:
        found = {member.name: tar.extractfile(member) for member in tar}
    return {name: file.read() for name, file in found.items() if file is not None}


def test_it_has_the_database_and_the_log_and_nothing_else(world: World) -> None:
    gallery = world.gallery()
    for number in range(40):
        world.made("/v1/api-keys", {"name": f"k{number}", "scopes": ["enrol"]})
    world.active(gallery, "ann the first", photo("ann"))
    world.services.publisher.publish()
    content = made(world).read_bytes()
    found = unpacked(content, world.services.keyring.keys.tree)
    assert next(iter(found)) == "visavis.db", "the snapshot is taken first"
    assert list(found)[-1] == "log/checkpoint"
    assert {name.partition("/")[0] for name in found} == {"visavis.db", "log"}
    template = world.faces.extract(photo("ann")).vector
    told = [b"ann the first", template.astype("<f4").tobytes(), template.astype("<f2").tobytes()]
    told += [np.round(template * 127).astype(np.int8).tobytes(), world.services.keyring.installation]
    for secret in told:
        assert secret not in content
        assert not [name for name, data in found.items() if secret in data]
    assert b"SQLite format 3" not in content


def test_nothing_of_it_stays_in_the_data_directory(world: World) -> None:
    made(world)
    assert not list((world.folder / "data").glob(".backup-*"))
    assert {path.name.partition("-")[0] for path in (world.folder / "data").iterdir()} <= {"lock", "log", "visavis.db"}


def test_what_a_process_left_that_was_killed_goes_at_the_next_start(here: Installation) -> None:
    left = [here.settings.data_dir / ".backup-abc", here.folder / "data.restoring"]
    for folder in left:
        folder.mkdir()
        (folder / "visavis.db").write_bytes(b"x")
    with here.serving() as world:
        made(world)
    assert not [folder for folder in left if folder.exists()]
    sweep(here.settings.data_dir)


def test_a_backup_is_in_the_log_before_anybody_has_it(world: World) -> None:
    before = len(entries_of(world.services.store))
    made(world)
    assert [entry.event.value for entry in entries_of(world.services.store)[before:]] == ["backup"]
    require_sound(world)


def test_a_full_disk_is_told_and_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    before = len(entries_of(world.services.store))
    for name in ("pathlib.Path.touch", "visavis.adapters.backup_file._packed"):
        with monkeypatch.context() as broken:
            broken.setattr(name, full)
            refused = world.api("POST", "/v1/backups")
        assert (refused.status_code, refused.json()["code"]) == (503, "backup_failed"), name
    with monkeypatch.context() as little:
        little.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=100))
        refused = world.api("POST", "/v1/backups")
    assert "MiB" in refused.json()["detail"]
    assert len(entries_of(world.services.store)) == before
    assert not list((world.folder / "data").glob(".backup-*"))
    made(world)


def test_one_is_made_at_a_time(world: World) -> None:
    with world.services.backups.make(by="a test"):
        refused = world.api("POST", "/v1/backups")
    assert (refused.status_code, refused.json()["code"]) == (409, "backup_running")
    made(world)


@pytest.mark.slow
def test_without_a_server_it_is_made_on_the_data_directory(here: Installation) -> None:
    with here.serving() as world:
        gallery = world.gallery()
        world.active(gallery, "ann", photo("ann"))
    file = here.folder / "backup"
    bootstrap_backup.back_up(here.settings, file, clock=here.clock)
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BackupExists):
        bootstrap_backup.back_up(here.settings, file, clock=here.clock)
    with pytest.raises(BackupFailed):
        bootstrap_backup.back_up(here.settings, here.folder / "nowhere" / "backup", clock=here.clock)
    assert here.events()[-2:] == ["backup", "backup"]
    here.restore(file, replace=True)
    with here.serving() as world:
        assert world.app.state.loaded.subjects == 1


def test_a_snapshot_is_of_one_moment_however_much_is_written_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody withdraws between the snapshot and the log: the log tells, so nobody is revived."""
    ann = world.active(world.gallery(), "ann", photo("ann"))
    world.services.publisher.publish()
    copied: Callable[[Path, Path], Path] = backup_file._copied

    def and_then(database: Path, into: Path) -> Path:
        place = copied(database, into)
        world.as_person(ann, "POST", "/v1/me/withdrawal")
        world.services.publisher.publish()
        return place

    with monkeypatch.context() as between:
        between.setattr(backup_file, "_copied", and_then)
        content = made(world).read_bytes()
    found = unpacked(content, world.services.keyring.keys.tree)
    (world.folder / "copy.db").write_bytes(found["visavis.db"])
    with closing(sqlite3.connect(world.folder / "copy.db")) as database:
        assert database.execute("SELECT count(*) FROM subjects").fetchone() == (1,)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    size = int(found["log/checkpoint"].split(b"\n")[1])
    assert size == len(entries_of(world.services.store)) - 1


def erased(world: World) -> str:
    ann = world.active(world.gallery(), "ann", photo("ann"))
    assert world.as_person(ann, "POST", "/v1/me/withdrawal").status_code == 204
    return ann.subject_id


def test_an_erasure_is_proven_with_both_dates(world: World) -> None:
    subject_id, erased_at = erased(world), world.clock.now()
    told = world.api("GET", f"/v1/erasures/{subject_id}").json()
    assert (told["reason"], told["beyond_recovery"]) == ("withdrawn", False)
    assert [(epoch["number"], epoch["destroyed_at"]) for epoch in told["epochs"]] == [(1, None)]
    planned = told["beyond_recovery_at"]
    assert timedelta(days=30) < datetime.fromisoformat(planned) - erased_at <= timedelta(days=31, hours=1)
    world.clock.move(days=1, minutes=1)
    world.services.epochs.look()
    assert world.api("GET", f"/v1/erasures/{subject_id}").json()["epochs"][0]["planned_at"] >= planned
    world.clock.move(days=29, hours=23)
    assert world.api("GET", f"/v1/erasures/{subject_id}").json()["beyond_recovery"] is False
    world.clock.move(hours=2)
    world.services.epochs.look()
    told = world.api("GET", f"/v1/erasures/{subject_id}").json()
    assert told["beyond_recovery"] is True
    assert datetime.fromisoformat(told["beyond_recovery_at"]) == world.clock.now()
    assert [entry.event.value for entry in entries_of(world.services.store)].count("reading") == 4
    world.services.withdraw.purge()
    gone = world.api("GET", f"/v1/erasures/{subject_id}")
    assert (gone.status_code, gone.json()["code"]) == (404, "erasure_unknown")
    require_sound(world)


def test_who_is_not_erased_is_told_so(world: World) -> None:
    ann = world.active(world.gallery(), "ann", photo("ann"))
    there = world.api("GET", f"/v1/erasures/{ann.subject_id}")
    assert (there.status_code, there.json()["code"]) == (409, "not_erased")
    assert world.api("GET", f"/v1/erasures/sub_{'a' * 26}").json()["code"] == "erasure_unknown"


def test_a_tombstone_is_in_the_list_before_its_erasure_is_answered_and_goes_with_its_time(world: World) -> None:
    listed = settings_in(world.folder).tombstone_list
    subject_id = erased(world)
    assert subject_id.encode() in listed.read_bytes()
    assert listed.stat().st_mode & 0o777 == 0o600
    assert b"ann" not in listed.read_bytes()
    world.clock.move(days=30)
    world.services.tombstones.settle()
    assert subject_id.encode() in listed.read_bytes()
    world.clock.move(days=1)
    world.services.tombstones.settle()
    assert subject_id.encode() not in listed.read_bytes()


def test_a_list_that_cannot_be_written_keeps_nobody_from_withdrawing_and_is_made_up_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(LineFile, "append", full)
        subject_id = erased(world)
        with pytest.raises(OSError, match="No space"):
            world.services.tombstones.settle()
    world.services.tombstones.settle()
    assert subject_id.encode() in settings_in(world.folder).tombstone_list.read_bytes()
