"""An older database is known for what it is."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sim.faces import photo
from support.world import World, reopened_world, settings_in

from visavis.adapters.sql.store import SqlStore
from visavis.flows.generation import generation_of, put_generation, require_newest
from visavis.model.keys import DatabaseEdited, DatabaseOlder, KeyStoreMissing, SealBroken
from visavis.settings import Settings


def stopped(world: World) -> Settings:
    world.services.close()
    assert isinstance(world.services.store, SqlStore)
    world.services.store.close()
    return settings_in(world.folder)


def copied(world: World, to: str) -> None:
    with (
        closing(sqlite3.connect(world.folder / "data" / "visavis.db")) as live,
        closing(sqlite3.connect(world.folder / to)) as copy,
    ):
        live.backup(copy)


def test_a_copy_from_before_somebody_withdrew_does_not_start(world: World) -> None:
    ann = world.active(world.gallery(), "ann", photo("ann"))
    copied(world, "older.db")
    world.services.withdraw.subject(ann.subject_id)
    settings = stopped(world)
    for leftover in settings.data_dir.glob("visavis.db*"):
        leftover.unlink()
    shutil.copy(world.folder / "older.db", settings.data_dir / "visavis.db")
    with pytest.raises(DatabaseOlder, match="visavis restore"), reopened_world(world.folder, settings, world.secret):
        pass


def test_a_copy_from_an_earlier_run_does_not_start(world: World) -> None:
    copied(world, "older.db")
    settings = stopped(world)
    with reopened_world(world.folder, settings, world.secret) as again:
        again.services.epochs.look()
        stopped(again)
    for leftover in settings.data_dir.glob("visavis.db*"):
        leftover.unlink()
    shutil.copy(world.folder / "older.db", settings.data_dir / "visavis.db")
    with pytest.raises(DatabaseOlder), reopened_world(world.folder, settings, world.secret):
        pass


def test_a_database_that_is_ahead_of_the_key_store_is_the_newest_one(world: World) -> None:
    """The process died between the commit and the key store's write."""
    services = world.services
    with services.store.write() as tx:
        put_generation(tx, services.keyring.keys.tree.generation + 3, services.keyring)
    require_newest(services.store, services.keyring)


def test_the_count_cannot_be_edited(world: World) -> None:
    services = world.services
    with services.store.write() as tx:
        row = tx.generations.first(id="database")
        assert row is not None
        tx.generations.change(type(row)(row.id, row.sealed[:-1] + bytes([row.sealed[-1] ^ 1])))
    with services.store.read() as tx, pytest.raises(SealBroken):
        generation_of(tx, services.keyring)
    with pytest.raises(DatabaseEdited):
        require_newest(services.store, services.keyring)


def test_without_its_key_store_nothing_starts(tmp_path: Path, blank: tuple[Path, str]) -> None:
    shutil.copytree(blank[0], tmp_path, dirs_exist_ok=True)
    settings = settings_in(tmp_path)
    shutil.rmtree(settings.key_store_folder)
    with pytest.raises(KeyStoreMissing), reopened_world(tmp_path, settings, blank[1]):
        pass
    assert not settings.key_store_folder.exists(), "nothing is made in its place"
