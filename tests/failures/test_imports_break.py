"""Imports whose writes break, and whose server is killed: who was told is there once, and the next run finishes."""

import gc
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sim.breaking_store import BreakingStore, Fault
from sim.faces import NOBODY, photo
from sim.mortal import TellingClock
from support.again import LOG, dump
from support.breaking import breaking
from support.importing import Bringing
from support.lives import Lives, RemoteWorld, lives
from support.logged import require_sound
from support.world import World

PHOTOS = {name: [photo(name), photo(name, 2), NOBODY] for name in ("ann", "bea", "cec")}


@pytest.fixture
def store(world: World) -> BreakingStore:
    return breaking(world)


def rows(world: World) -> dict[str, list[tuple[Any, ...]]]:
    return {name: rows for name, rows in dump(world).items() if name not in LOG}


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("there", [False, True], ids=["somebody new", "somebody who waits"])
def test_a_person_who_failed_is_not_there_and_is_brought_by_the_next_try(
    world: World, store: BreakingStore, fault: Fault, *, there: bool
) -> None:
    staff = Bringing.opened(world, world.gallery())
    if there:
        staff.brought("ann", photo("ann"))
    before = rows(world)
    for number in range(1, 100):
        store.arm(number, fault)
        response = staff.bring("ann", *PHOTOS["ann"])
        broke = store.broke
        store.arm(0, fault)
        if not broke:
            break
        assert response.status_code == 500
        assert rows(world) == before, number
        require_sound(world)
    assert number >= 6
    assert response.json()["stored"] == 2
    assert staff.missing(("ann", PHOTOS["ann"])) == []
    assert len(staff.links()) == 1


@pytest.mark.parametrize("fault", list(Fault))
def test_a_refusal_that_failed_is_told_by_the_next_try(world: World, store: BreakingStore, fault: Fault) -> None:
    staff = Bringing.opened(world, world.gallery())
    for number in (1, 2):
        store.arm(number, fault)
        assert staff.bring("eve", NOBODY).status_code == 500 or number == 2
        store.arm(0, fault)
    assert staff.brought("eve", NOBODY)["outcome"] == "REFUSED"
    assert world.sql("SELECT count(*) FROM import_entries") == [(1,)]
    assert world.sql("SELECT count(*) FROM subjects") == [(0,)]


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("act", ["agrees", "declines", "withdraws"])
def test_what_becomes_of_a_person_and_of_their_entry_is_one(
    world: World, store: BreakingStore, fault: Fault, act: str
) -> None:
    """An erased person leaves no word in the import; one who agreed leaves no link there."""
    staff = Bringing.opened(world, world.gallery())
    staff.brought("ann", *PHOTOS["ann"])
    link = staff.links()["ann"]
    ((subject_id,),) = world.sql("SELECT id FROM subjects")

    def do() -> httpx2.Response:
        if act == "withdraws":
            return world.api("POST", f"/v1/subjects/{subject_id}/withdrawal")
        return world.countersign(link) if act == "agrees" else world.link("POST", "/v1/consent/refusal", link)

    whole = {"agrees": (0, 1), "declines": (1, 0), "withdraws": (1, 0)}[act]
    for number in range(1, 100):
        store.arm(number, fault)
        do()
        broke = store.broke
        store.arm(0, fault)
        ((erased,),) = world.sql("SELECT count(*) FROM import_entries WHERE outcome = 'ERASED'")
        ((agreed,),) = world.sql("SELECT count(*) FROM enrolments WHERE state = 'ACTIVE'")
        assert (erased, agreed) in {(0, 0), whole}
        assert (set(staff.links()) == {"ann"}) == ((erased, agreed) == (0, 0))
        if (erased, agreed) == whole:
            break
        assert broke
    assert number >= 5


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    with lives(tmp_path_factory.mktemp("log") / "servers") as starting:
        yield starting


@pytest.mark.filterwarnings("ignore:unclosed <.*GuardedSocket:ResourceWarning")
@pytest.mark.parametrize("step", ["17", "44", "52+300", "60"])
@pytest.mark.slow
def test_who_was_told_is_there_once_after_a_kill_and_the_next_run_finishes(
    begun: Lives, blank: tuple[Path, str], tmp_path: Path, step: str
) -> None:
    shutil.copytree(blank[0], tmp_path, dirs_exist_ok=True)
    clock = TellingClock(tmp_path / "clock")
    told: dict[str, Any] = {}
    life = begun.begin(tmp_path)
    life.ready()
    with RemoteWorld(folder=tmp_path, secret=blank[1], clock=clock, address=life.address) as world:
        staff = Bringing.opened(world, world.gallery())
        told["ann"] = staff.brought("ann", *PHOTOS["ann"])
        world.die_at(step)
        with pytest.raises(httpx2.TransportError):
            _bring_all(staff, told)
        assert life.ended() == -signal.SIGKILL
    gc.collect()  # the connection of a server that died
    again = begun.begin(tmp_path)
    again.ready()
    with RemoteWorld(folder=tmp_path, secret=blank[1], clock=clock, address=again.address) as world:
        staff = Bringing(world, staff.id, staff.gallery, {})
        missing = staff.missing(*PHOTOS.items())
        assert not set(missing) & set(told), "nobody is lost who was told"
        there = len(PHOTOS) - len(missing)
        assert staff.numbers() == {
            "pending": there, "refused": 0, "erased": 0, "photos_stored": 2 * there, "photos_refused": there,
        }  # fmt: skip
        for name, photos in PHOTOS.items():
            answer = staff.brought(name, *photos)
            assert answer == told.get(name, answer)
            assert (answer["outcome"], answer["stored"]) == ("PENDING", 2)
        assert sorted(staff.links()) == sorted(PHOTOS)
        gallery = world.api("GET", f"/v1/galleries/{staff.gallery}").json()
        assert gallery["references"] == 6, "each photo is there once"
    assert again.stop() == -signal.SIGTERM


def _bring_all(staff: Bringing, told: dict[str, Any]) -> None:
    for name in PHOTOS.keys() - told.keys():
        told[name] = staff.brought(name, *PHOTOS[name])
