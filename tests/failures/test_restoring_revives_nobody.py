"""A backup that is brought back revives nobody who was erased since, whatever is left to learn it from."""

import shutil
from pathlib import Path

import pytest
from sim.faces import photo
from support.again import who
from support.backups import (
    Installation,
    Loss,
    installed,
    lose_data,
    lose_database,
    lose_list,
    lose_log,
    made,
)
from support.ledger import files_in
from support.world import Person, World

from visavis.adapters import restoring
from visavis.adapters.restoring import finish
from visavis.flows.record import record_act
from visavis.model.audit import Event, LogDamaged
from visavis.model.backup import DataPresent
from visavis.model.keys import DatabaseOlder


@pytest.fixture
def here(tmp_path: Path, blank: tuple[Path, str]) -> Installation:
    return installed(tmp_path, blank)


LEFT: dict[str, tuple[Loss, ...]] = {
    "everything": (),
    "database and log": (lose_list,),
    "database only": (lose_log, lose_list),
    "log only": (lose_database, lose_list),
    "list only": (lose_data,),
    "log and list": (lose_database,),
}
IN_EVERY_RUN = {"log only", "list only"}


@pytest.mark.parametrize(
    "left", [pytest.param(name, marks=[] if name in IN_EVERY_RUN else pytest.mark.slow) for name in LEFT]
)
def test_who_withdrew_after_the_backup_stays_unknown(here: Installation, left: str) -> None:
    with here.serving() as world:
        gallery = world.gallery()
        station = world.station(gallery)
        ann, bob = (world.active(gallery, name, photo(name)) for name in ("ann", "bob"))
        file = made(world)
        assert world.as_person(ann, "POST", "/v1/me/withdrawal").status_code == 204
    for lose in LEFT[left]:
        lose(here)
    back = here.restore(file, replace=True)
    assert back.made_up.destroyed == 1
    with here.serving() as world:
        assert world.app.state.loaded.subjects == 1
        assert who(world, station, photo("ann", 2)) is None
        assert who(world, station, photo("bob", 2)) == "bob"
        assert world.as_person(ann, "GET", "/v1/me").status_code == 401
        assert world.as_person(bob, "POST", "/v1/me/withdrawal").status_code == 204
    told = here.events()
    assert told.count("restore") == 1
    assert told.count("erase") == 2, "an erasure was entered twice, or not at all"
    assert told.count("withdraw") == 2


def all_sorts(world: World, gallery: str) -> dict[str, Person | str]:
    """People in every state in which an answer may come after a backup."""
    waiting = {name: world.pending(gallery, name, photo(name)) for name in ("grants", "declines", "waits")}
    adds = world.active(gallery, "adds", photo("adds"))
    again = world.pending(gallery, "adds", photo("adds", 2))
    return {**waiting, "stays": world.active(gallery, "stays", photo("stays")), "adds": adds, "adds again": again}


@pytest.mark.parametrize("losses", [(), pytest.param((lose_database,), marks=pytest.mark.slow)])
def test_answers_that_came_after_a_backup_are_asked_for_anew_and_the_log_holds(
    here: Installation, losses: tuple[Loss, ...]
) -> None:
    """Else a second grant on a link that was used would break the log's rules for ever."""
    with here.serving() as world:
        gallery = world.gallery()
        station = world.station(gallery)
        people = all_sorts(world, gallery)
        open_session = world.session(station)
        file = made(world)
        for name in ("grants", "adds again"):
            key = people["adds"].key if name == "adds again" else None  # type: ignore[union-attr] # a person
            assert world.countersign(str(people[name]), key).status_code == 200
        assert world.link("POST", "/v1/consent/refusal", str(people["declines"])).status_code == 200
        decided = world.at(station, "POST", f"/v1/sessions/{open_session}/identify", files={"photo": photo("stays", 2)})
        assert decided.status_code == 200
        late = world.active(gallery, "late", photo("late"))
    for lose in losses:
        lose(here)
    back = here.restore(file, replace=True)
    assert (back.made_up.destroyed, back.made_up.lapsed) == (1, 2)
    with here.serving() as world:
        for name in ("grants", "declines", "adds again"):
            assert world.link("GET", "/v1/consent", str(people[name])).status_code == 404, name
        assert world.countersign(str(people["waits"])).status_code == 200
        assert who(world, station, photo("stays", 3)) == "stays"
        assert who(world, station, photo("adds", 3)) == "adds"
        assert who(world, station, photo("grants", 3)) is None
        again = world.at(station, "POST", f"/v1/sessions/{open_session}/identify", files={"photo": photo("stays", 4)})
        assert not again.is_success
        assert world.as_person(late, "GET", "/v1/me").status_code == 401
        world.active(gallery, "grants", photo("grants"))
        assert who(world, station, photo("grants", 3)) == "grants"
    here.events()
    with files_in(here.folder) as files:
        assert files.broken_rules() == {}


@pytest.mark.slow
def test_a_database_that_is_copied_over_the_newest_one_is_refused(here: Installation) -> None:
    with here.serving() as world:
        ann = world.active(world.gallery(), "ann", photo("ann"))
        world.services.store.scrub()
        shutil.copy(here.folder / "data" / "visavis.db", here.folder / "older.db")
        world.as_person(ann, "POST", "/v1/me/withdrawal")
    shutil.copy(here.folder / "older.db", here.folder / "data" / "visavis.db")
    with pytest.raises(DatabaseOlder), here.serving():
        pass


@pytest.mark.slow
def test_a_database_that_is_older_by_what_destroyed_nothing_goes_on_from_the_log(here: Installation) -> None:
    """Nothing was destroyed since, so it starts; but a link was used, and a session was decided."""
    with here.serving() as world:
        gallery = world.gallery()
        link = world.pending(gallery, "ann", photo("ann"))
        world.services.store.scrub()
        shutil.copy(here.folder / "data" / "visavis.db", here.folder / "older.db")
        assert world.countersign(link).status_code == 200
    shutil.copy(here.folder / "older.db", here.folder / "data" / "visavis.db")
    with here.serving() as world:
        assert world.link("GET", "/v1/consent", link).status_code == 404
        world.active(gallery, "ann", photo("ann"))
    assert here.events()[-2:] != []


@pytest.mark.slow
def test_data_gives_way_only_when_that_is_said_and_is_kept(here: Installation) -> None:
    with here.serving() as world:
        world.gallery()
        file = made(world)
    before = here.events()
    with pytest.raises(DataPresent):
        here.restore(file)
    assert here.events() == before
    assert here.beside() == ["data"]
    back = here.restore(file, replace=True)
    assert back.former is not None
    assert (back.former / "visavis.db").exists()
    assert len(here.beside()) == 2
    here.restore(file, replace=True, keep_former=False)
    assert len(here.beside()) == 2, "one more was kept"
    with here.serving():
        pass
    assert here.events().count("restore") == 2


@pytest.mark.slow
def test_the_former_database_does_not_start_in_the_place_of_what_was_brought_back(here: Installation) -> None:
    with here.serving() as world:
        file = made(world)
    back = here.restore(file, replace=True)
    assert back.former is not None
    lose_data(here)
    back.former.rename(here.settings.data_dir)
    with pytest.raises(DatabaseOlder), here.serving():
        pass


def test_a_restore_that_was_killed_in_the_exchange_is_finished_by_the_next_start(
    here: Installation,
) -> None:
    with here.serving() as world:
        gallery = world.gallery()
        station = world.station(gallery)
        ann = world.active(gallery, "ann", photo("ann"))
        file = made(world)
        world.as_person(ann, "POST", "/v1/me/withdrawal")
    killed = pytest.MonkeyPatch()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    killed.setattr(restoring, "_exchange", die)
    with pytest.raises(KeyboardInterrupt):
        here.restore(file, replace=True)
    killed.undo()
    assert here.beside() == ["data", "data.restored"]
    with here.serving() as world:
        assert who(world, station, photo("ann", 2)) is None
    assert here.events().count("restore") == 1
    assert [name.partition("-")[0] for name in here.beside()] == ["data", "data.before"]


@pytest.mark.parametrize("renamed", [0, 1])
def test_an_exchange_that_was_killed_between_two_names_is_finished(tmp_path: Path, renamed: int) -> None:
    for name in ("data", "data.restored"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "visavis.db").write_text(name)
    if renamed:
        (tmp_path / "data").rename(tmp_path / "data.before-x")
    finish(tmp_path / "data")
    finish(tmp_path / "data")
    assert (tmp_path / "data" / "visavis.db").read_text() == "data.restored"
    (former,) = tmp_path.glob("data.before-*")
    assert (former / "visavis.db").read_text() == "data"


@pytest.mark.slow
def test_two_histories_are_not_joined(here: Installation) -> None:
    with here.serving() as world:
        file = made(world)
        world.gallery()
    kept = here.folder / "kept"
    shutil.copytree(here.settings.log_folder, kept)
    lose_data(here)
    here.restore(file)
    with here.serving() as world:
        world.gallery()
        other = made(world, "other")
    with pytest.raises(LogDamaged):
        here.restore(other, replace=True, log=kept)
    assert here.beside() == ["data"]


@pytest.mark.slow
def test_a_copy_of_the_log_from_elsewhere_tells_who_is_gone(here: Installation) -> None:
    with here.serving() as world:
        gallery = world.gallery()
        station = world.station(gallery)
        ann = world.active(gallery, "ann", photo("ann"))
        file = made(world)
        world.as_person(ann, "POST", "/v1/me/withdrawal")
    kept = here.folder / "kept"
    shutil.copytree(here.settings.log_folder, kept)
    lose_data(here)
    lose_list(here)
    assert here.restore(file, log=kept).made_up.destroyed == 1
    with here.serving() as world:
        assert who(world, station, photo("ann", 2)) is None
    assert here.events().count("erase") == 1


@pytest.mark.slow
def test_what_was_committed_and_not_published_is_in_the_log_that_goes_on(here: Installation) -> None:
    with here.serving() as world:
        gallery = world.gallery()
        ann = world.active(gallery, "ann", photo("ann"))
        world.services.publisher.publish()
        file = made(world)
        world.services.publisher.publish()
        shutil.copytree(here.settings.log_folder, here.folder / "kept")
        world.as_person(ann, "POST", "/v1/me/withdrawal")
    lose_log(here)
    shutil.copytree(here.folder / "kept", here.settings.log_folder)
    lose_list(here)
    before = here.events()
    here.restore(file, replace=True)
    with here.serving():
        pass
    assert here.events()[: len(before)] == before
    assert here.events().count("erase") == 1


@pytest.mark.slow
@pytest.mark.parametrize("losses", [(), (lose_database,)])
def test_a_log_of_several_bundles_goes_on(here: Installation, losses: tuple[Loss, ...]) -> None:
    """Entries that are published leave the database; those that the backup lacks are read from the folder."""
    with here.serving() as world:
        gallery = world.gallery()
        ann = world.active(gallery, "ann", photo("ann"))
        enter(world, 300)
        world.services.publisher.publish()
        file = made(world)
        world.as_person(ann, "POST", "/v1/me/withdrawal")
        enter(world, 500)
        world.services.publisher.publish()
        enter(world, 3)
    before = here.events()
    for lose in losses:
        lose(here)
    assert here.restore(file, replace=True).made_up.destroyed == 1
    with here.serving() as world:
        enter(world, 260)
    assert here.events()[: len(before)] == before


def enter(world: World, count: int) -> None:
    with world.services.store.write() as tx:
        for number in range(count):
            details = {"number": number}
            record_act(
                tx, Event.START, now=world.clock.now(), fields={}, details=details, keyring=world.services.keyring
            )
