"""An installation on PostgreSQL: set up, looked at, backed up, brought back, moved there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sim.clock import SimClock
from sim.faces import photo
from support.postgres import Cluster
from support.world import World, opened_world, reopened_world, settings_in

from visavis import bootstrap
from visavis.adapters.clock import SystemClock
from visavis.bootstrap_backup import Bringing, back_up, restore
from visavis.model.backup import DataPresent
from visavis.model.keys import DataMissing, DataUnreadable
from visavis.settings import Settings


class Place:
    """One installation and its settings."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder = folder
        self.settings = settings_in(folder).model_copy(update={"database": database})
        self.clock = SimClock()
        self.clock.move(seconds=(SystemClock().now() - self.clock.now()).total_seconds())
        self.secret = ""

    def begin(self) -> None:
        self.secret = bootstrap.initialise(self.settings)

    @contextmanager
    def serving(self) -> Iterator[World]:
        data = bootstrap.DataDirectory(self.settings.data_dir, shared=True)
        with data, reopened_world(self.folder, self.settings, self.secret, clock=self.clock) as world:
            yield world


@pytest.fixture
def place(tmp_path: Path, postgres: Cluster) -> Place:
    made = Place(tmp_path, postgres.empty())
    made.begin()
    return made


def known(world: World, gallery: str, *names: str) -> list[str]:
    station = world.station(gallery)
    return [name for name in names if world.identify(station, photo(name, 2))["decision"] == "MATCH"]


def test_a_backup_brings_everybody_back_but_who_withdrew_since(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    with place.serving() as world:
        gallery = world.gallery()
        ann = world.active(gallery, "ann", photo("ann"))
        world.active(gallery, "bea", photo("bea"))
    back_up(place.settings, file, clock=place.clock)
    with place.serving() as world:
        assert world.as_person(ann, "POST", "/v1/me/withdrawal").is_success
        world.active(gallery, "cem", photo("cem"))
    with pytest.raises(DataPresent):
        restore(place.settings, file, Bringing(), clock=place.clock)
    told = restore(place.settings, file, Bringing(replace=True, keep_former=False), clock=place.clock)
    assert told.learned_from["database"] == "1 tombstones"
    assert not (place.settings.data_dir / "visavis.db").exists()
    with place.serving() as world:
        assert known(world, gallery, "ann", "bea", "cem") == ["bea"]


def test_an_installation_moves_from_a_file_to_postgresql_by_a_backup(tmp_path: Path, postgres: Cluster) -> None:
    moving, file = tmp_path / "moving", tmp_path / "backup"
    with opened_world(moving) as world:
        gallery = world.gallery()
        world.active(gallery, "ann", photo("ann"))
        secret, clock = world.secret, world.clock
    in_a_file = settings_in(moving)
    back_up(in_a_file, file, clock=clock)
    new = Place(moving, postgres.empty())
    new.secret, new.clock = secret, clock
    with pytest.raises(DataPresent):
        restore(new.settings, file, Bringing(), clock=clock)
    restore(new.settings, file, Bringing(replace=True, keep_former=False), clock=clock)
    with new.serving() as world:
        assert known(world, gallery, "ann", "bea") == ["ann"]
    with pytest.raises(DataMissing), bootstrap.DataDirectory(in_a_file.data_dir):
        bootstrap.open_services(in_a_file)


def test_the_doctor_finds_nothing_wrong_with_it(place: Place) -> None:
    with place.serving() as world:
        world.gallery()
    found = {check.name: check for check in bootstrap.diagnose(place.settings)}
    looked_at = ("data directory", "key fits data", "sqlite", "database", "schema", "write-ahead log", "api keys")
    for name in (*looked_at, "log", "own rates", "liveness"):
        assert found[name].state == "ok", found[name]
    assert "PostgreSQL" in found["sqlite"].message


def test_the_doctor_tells_of_a_database_that_is_away(place: Place, tmp_path: Path) -> None:
    away = place.settings.model_copy(update={"database": f"postgresql://nobody@/none?host={tmp_path}"})
    found = {check.name: check for check in bootstrap.diagnose(away)}
    assert found["database"].state == "fail"
    assert "setting 'database'" in found["database"].mend


def test_a_server_that_cannot_reach_its_database_says_so(place: Place, tmp_path: Path) -> None:
    away = place.settings.model_copy(update={"database": f"postgresql://nobody@/none?host={tmp_path}"})
    with pytest.raises(DataUnreadable, match="The database cannot be used: "):
        bootstrap.open_services(away)


def test_one_that_was_never_set_up_is_missing(place: Place, postgres: Cluster) -> None:
    empty = place.settings.model_copy(update={"database": postgres.empty()})
    with pytest.raises(DataMissing, match="never set up"):
        bootstrap.open_services(empty)


def test_an_older_copy_of_the_database_is_known_for_what_it_is(place: Place, postgres: Cluster) -> None:
    older = postgres.copy_of(place.settings.database_url)
    with place.serving() as world:
        gallery = world.gallery()
        ann = world.active(gallery, "ann", photo("ann"))
        assert world.as_person(ann, "POST", "/v1/me/withdrawal").is_success
    with pytest.raises(Exception, match="generation"):
        bootstrap.open_services(place.settings.model_copy(update={"database": older}))


@pytest.mark.parametrize(
    ("database", "told"),
    [
        ("postgresql://u:secret@h/d", "PGPASSFILE"),
        ("postgresql://u@h/d?password=secret", "PGPASSFILE"),
        ("mysql://h/d", "postgresql://"),
        ("/var/lib/x.db", "postgresql://"),
    ],
)
def test_what_names_no_postgresql_or_tells_a_password_is_refused(database: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=told) as refused:
        Settings(data_dir=tmp_path, database=database)
    assert "secret" not in str(refused.value)


def test_times_are_the_same_in_whatever_zone_the_database_is(place: Place) -> None:
    with place.serving() as world:
        made = world.purpose()
    engine = sa.create_engine(place.settings.database_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        name = sa.make_url(place.settings.database_url).database
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET timezone = 'Asia/Kathmandu'")
    engine.dispose()
    with place.serving() as world:
        with world.services.store.read() as tx:
            created = tx.purposes.get(made).created_at
        assert abs((created - place.clock.now()).total_seconds()) < 60
        assert created.utcoffset() is not None
        assert not created.utcoffset()
