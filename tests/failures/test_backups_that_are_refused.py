"""Backups that are torn, edited, of somebody else or too old are refused by name, and nothing is changed."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sim.faces import photo
from support.again import who
from support.backups import Installation, installed, made
from support.world import settings_in

from visavis import bootstrap, bootstrap_backup
from visavis.adapters.key_folder import KeyFolder
from visavis.model.backup import (
    BackupDamaged,
    BackupForeign,
    BackupMissing,
    BackupTooNew,
    BackupTooOld,
    TombstonesDamaged,
)
from visavis.model.errors import VisavisError
from visavis.model.keys import KeyFileForeign, KeyStoreMissing
from visavis.protect.backup import read_header


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, blank: tuple[Path, str]) -> Iterator[tuple[Installation, bytes]]:
    """An installation that nobody serves, and a backup of it."""
    here = installed(tmp_path_factory.mktemp("kept"), blank)
    with here.serving() as world:
        world.active(world.gallery(), "ann", photo("ann"))
        file = made(world)
    yield here, file.read_bytes()
    assert here.beside() == ["data"], "a restore that was refused has left something"


def refusal(here: Installation, content: bytes) -> VisavisError:
    file = here.folder / "tried"
    file.write_bytes(content)
    before = here.events()
    with pytest.raises(VisavisError) as refused:
        here.restore(file, replace=True)
    assert here.events() == before
    return refused.value


@pytest.mark.parametrize("left", [0, 1, 40, 300, -1, -17, -70_000])
def test_a_torn_backup(kept: tuple[Installation, bytes], left: int) -> None:
    here, whole = kept
    assert type(refusal(here, whole[:left])) is BackupDamaged


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_an_edited_backup(kept: tuple[Installation, bytes], place: float, flip: int) -> None:
    here, whole = kept
    at = int(place * len(whole))
    edited = bytearray(whole)
    edited[at] ^= flip
    assert isinstance(refusal(here, bytes(edited)), BackupDamaged | BackupForeign | BackupTooNew | BackupTooOld)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"generation":', b'"generation":9'),
        (b'"log_size":', b'"log_size":1'),
        (b'"release":"', b'"release":"9'),
        (b'"opens_until":"2', b'"opens_until":"9'),
        (b'"made_at":"2', b'"made_at":"3'),
        (b"{", b'{"a":1,'),
        (b'"epoch":1,', b'"epoch":0,'),
        (b"visavis-backup/1", b"visavis-backup/2"),
        (b",", b", "),
    ],
)
def test_every_word_of_the_beginning_is_proven(kept: tuple[Installation, bytes], old: bytes, new: bytes) -> None:
    here, whole = kept
    assert old in whole[:400]
    assert isinstance(refusal(here, whole.replace(old, new, 1)), BackupDamaged)


def test_something_else_is_no_backup(kept: tuple[Installation, bytes]) -> None:
    here, whole = kept
    for content in (b"", b"\n", b"{}\n", b"x" * 10_000, whole + b"x", b"[]\n", b'{"format":"visavis-backup/1"}\n'):
        assert isinstance(refusal(here, content), BackupDamaged)
    with pytest.raises(BackupMissing):
        here.restore(here.folder / "nowhere", replace=True)
    with pytest.raises(BackupMissing):
        here.restore(here.folder, replace=True)


@pytest.mark.slow
def test_the_rest_of_another_backup_does_not_fit(kept: tuple[Installation, bytes]) -> None:
    here, whole = kept
    with here.serving() as world:
        other = made(world, "other").read_bytes()
    line, _, rest = whole.partition(b"\n")
    assert isinstance(refusal(here, line + b"\n" + other.partition(b"\n")[2]), BackupDamaged)
    assert rest not in other


def test_a_backup_of_another_installation(kept: tuple[Installation, bytes], tmp_path: Path) -> None:
    _, whole = kept
    secret = bootstrap.initialise(settings_in(tmp_path))
    other = Installation(tmp_path, secret)
    (tmp_path / "backup").write_bytes(whole)
    with pytest.raises(BackupForeign):
        other.restore(tmp_path / "backup", replace=True)
    with other.serving():
        pass


@pytest.mark.slow
def test_without_the_keys_nothing_is_brought_back(here: Installation) -> None:
    with here.serving() as world:
        file = made(world)
    folder = KeyFolder(here.settings.key_store_folder, data_dir=here.settings.data_dir)
    key, store = here.settings.key_file.read_bytes(), folder.read()
    here.settings.key_file.write_text(f"{'ab' * 32}\n")
    with pytest.raises(KeyFileForeign):
        here.restore(file, replace=True)
    here.settings.key_file.write_bytes(key)
    folder.path.unlink()
    with pytest.raises(KeyStoreMissing):
        here.restore(file, replace=True)
    folder.write(store)
    here.restore(file, replace=True)


@pytest.fixture
def here(tmp_path: Path, blank: tuple[Path, str]) -> Installation:
    return installed(tmp_path, blank)


@pytest.mark.slow
def test_a_key_store_that_is_older_than_the_backup_is_named(here: Installation) -> None:
    folder = KeyFolder(here.settings.key_store_folder, data_dir=here.settings.data_dir)
    older = folder.read()
    with here.serving() as world:
        world.clock.move(days=2)
        world.services.epochs.look()
        file = made(world)
    folder.write(older)
    with pytest.raises(BackupTooNew, match="epoch 2"):
        here.restore(file, replace=True)


def test_after_its_time_a_backup_is_refused_and_after_its_epoch_nobody_can_open_it(here: Installation) -> None:
    with here.serving() as world:
        made_on = world.clock.now()
        world.active(world.gallery(), "ann", photo("ann"))
        file = made(world)
        world.clock.move(days=29, hours=23)
        world.services.epochs.look()
        world.clock.move(hours=2)
    until = made_on + timedelta(days=30)
    with pytest.raises(BackupTooOld, match=f"until {until:%Y-%m-%d}"):
        here.restore(file, replace=True)
    assert here.tree().epochs[0].number == 1, "its key is there still"
    with here.serving() as world:
        world.clock.move(days=31)
        world.services.epochs.look()
        destroyed_on = world.clock.now()
    assert [gone.number for gone in here.tree().destroyed] == [1]
    with pytest.raises(BackupTooOld, match=f"epoch 1 was destroyed on {destroyed_on:%Y-%m-%d}"):
        here.restore(file, replace=True)


@pytest.mark.slow
def test_a_shorter_window_counts_for_older_backups_too(here: Installation) -> None:
    with here.serving() as world:
        file = made(world)
        world.clock.move(days=8)
    shorter = here.settings.model_copy(update={"backup_window_days": 7})
    how = bootstrap_backup.Bringing(replace=True)
    with pytest.raises(BackupTooOld):
        bootstrap_backup.restore(shorter, file, how, clock=here.clock)


@pytest.mark.slow
def test_a_list_that_was_edited_is_refused(here: Installation) -> None:
    with here.serving() as world:
        ann = world.active(world.gallery(), "ann", photo("ann"))
        file = made(world)
        world.as_person(ann, "POST", "/v1/me/withdrawal")
    listed = here.settings.tombstone_list
    listed.write_bytes(listed.read_bytes().replace(b"withdrawn", b"declined!", 1))
    with pytest.raises(TombstonesDamaged, match="Line 1"):
        here.restore(file, replace=True)
    with pytest.raises(TombstonesDamaged), here.serving():
        pass
    listed.unlink()
    with here.serving():
        pass
    assert len(listed.read_bytes().splitlines()) == 1, "it is written anew from the database"


@pytest.mark.slow
def test_a_backup_from_the_last_hour_of_its_time_is_wrapped_anew_before_its_epoch_dies(here: Installation) -> None:
    with here.serving() as world:
        gallery = world.gallery()
        station = world.station(gallery)
        world.active(gallery, "ann", photo("ann"))
        world.clock.move(hours=23, minutes=59)
        file = made(world)
        world.clock.move(minutes=2)
        world.services.epochs.look()
        world.clock.move(days=29, hours=23, minutes=50)
        world.services.epochs.look()
    here.restore(file, replace=True)
    with here.serving() as world:
        world.clock.move(minutes=30)
        world.services.epochs.look()
        assert 1 not in {epoch.number for epoch in here.tree().epochs}
        assert who(world, station, photo("ann", 2)) == "ann"


def test_what_a_backup_says_of_itself(kept: tuple[Installation, bytes]) -> None:
    here, whole = kept
    header, _ = read_header(whole[: whole.index(b"\n") + 1])
    assert header.epoch == 1
    assert header.opens_until - header.made_at == timedelta(days=30)
    assert 0 < header.log_size < len(here.events())
    assert here.tree().installation.hex().encode() not in whole
