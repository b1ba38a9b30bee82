"""Two server processes on one PostgreSQL: what one did is so for the other."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sim.faces import photo
from support.live_world import LiveWorld
from support.postgres import Cluster
from support.several import Several, several
from support.world import Device

from visavis import bootstrap
from visavis.adapters.log_folder import LogFolder
from visavis.adapters.sql.store import SqlStore
from visavis.flows.publish import CHECKPOINT
from visavis.model.keys import DataLocked

SEEN_WITHIN_S = 1.0


@pytest.fixture
def place(tmp_path: Path, postgres: Cluster) -> Iterator[Several]:
    with several(tmp_path, postgres.empty()) as made:
        yield made


@pytest.fixture
def two(place: Several) -> tuple[LiveWorld, LiveWorld]:
    one, other = place.begun(), place.begun()  # at once
    return place.serving(*one), place.serving(*other)


def within(seconds: float, holds: Callable[[], bool]) -> float:
    """After how long it held."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, "not in time"
        time.sleep(0.02)
    return time.monotonic() - began


def identified(world: LiveWorld, station: Device, name: str) -> dict[str, Any]:
    # At a station somebody comes every three seconds, at the most.
    world.clock.move(seconds=4)
    answer = world.identify(station, photo(name, 2))
    assert "decision" in answer, answer
    return answer


def test_who_was_enrolled_on_one_is_known_on_the_other_and_who_withdrew_on_neither(
    two: tuple[LiveWorld, LiveWorld],
) -> None:
    one, other = two
    gallery = one.gallery()
    station = one.station(gallery)
    ann = one.active(gallery, "ann", photo("ann"))
    within(SEEN_WITHIN_S, lambda: identified(other, station, "ann")["decision"] == "MATCH")
    other.active(gallery, "bea", photo("bea"))
    within(SEEN_WITHIN_S, lambda: identified(one, station, "bea")["decision"] == "MATCH")
    assert one.as_person(ann, "POST", "/v1/me/withdrawal").is_success
    for world in (other, one, other):
        assert identified(world, station, "ann")["decision"] != "MATCH"
        assert identified(world, station, "bea")["decision"] == "MATCH"


def test_nobody_is_matched_after_their_withdrawal_returned_whoever_is_asked_meanwhile(
    two: tuple[LiveWorld, LiveWorld],
) -> None:
    one, other = two
    gallery = one.gallery()
    stations = [one.station(gallery) for _ in range(2)]
    people = [one.active(gallery, f"p{n}", photo(f"p{n}")) for n in range(4)]
    within(SEEN_WITHIN_S, lambda: identified(other, stations[0], "p3")["decision"] == "MATCH")
    answers: list[tuple[float, str, str]] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            for n in range(4):
                other.clock.move(seconds=4)
                begun = time.monotonic()
                answers.append((begun, f"p{n}", other.identify(stations[1], photo(f"p{n}", 2))["decision"]))

    asking = threading.Thread(target=ask)
    asking.start()
    gone = {}
    for n, person in enumerate(people[:3]):
        time.sleep(0.3)
        assert one.as_person(person, "POST", "/v1/me/withdrawal").is_success
        gone[f"p{n}"] = time.monotonic()
    time.sleep(0.3)
    over.set()
    asking.join()
    assert [name for begun, name, outcome in answers if outcome == "MATCH" and begun > gone.get(name, begun)] == []
    assert {name for begun, name, _ in answers if begun > gone.get(name, begun)} == set(gone)
    assert any(outcome == "MATCH" for _, name, outcome in answers if name == "p3")


def test_a_session_is_opened_on_one_server_and_answered_on_the_other(two: tuple[LiveWorld, LiveWorld]) -> None:
    one, other = two
    gallery = one.gallery()
    station = one.station(gallery)
    ann = one.active(gallery, "ann", photo("ann"))
    answer = other.pin(station, "ann", ann.pin)
    assert answer["decision"] == "MATCH"


def test_one_that_is_killed_takes_nothing_with_it(two: tuple[LiveWorld, LiveWorld], place: Several) -> None:
    one, other = two
    gallery = one.gallery()
    station = other.station(gallery)
    told: list[str] = []

    def enrol() -> None:
        for number in range(100):
            try:
                told.append(one.active(gallery, f"p{number}", photo(f"p{number}")).reference)
            except Exception:  # noqa: BLE001 -- its server was killed
                return

    writing = threading.Thread(target=enrol)
    writing.start()
    within(30, lambda: len(told) >= 5)
    place.kill(one)
    writing.join()
    assert other.gallery(), "who was killed keeps nobody from writing"
    for name in told:
        within(2, lambda name=name: identified(other, station, name)["decision"] == "MATCH")  # type: ignore[misc] # bound now
    published = LogFolder(place.settings.log_folder)
    before = published.read(CHECKPOINT)
    other.gallery()
    within(5, lambda: published.read(CHECKPOINT) != before)
    third = place.more()
    assert identified(third, station, told[0])["decision"] == "MATCH"
    assert "Traceback" not in place.logs()


def test_one_that_is_stopped_where_it_is_keeps_nobody_from_anything(
    two: tuple[LiveWorld, LiveWorld], place: Several
) -> None:
    one, other = two
    gallery = one.gallery()
    ann = one.active(gallery, "ann", photo("ann"))
    station = one.station(gallery)
    assert identified(one, station, "ann")["decision"] == "MATCH"
    place.stop_answering(one)
    assert other.as_person(ann, "POST", "/v1/me/withdrawal").is_success
    place.stop_answering(one, now=False)
    assert identified(one, station, "ann")["decision"] != "MATCH"


def test_all_of_them_make_one_log_that_one_publishes(two: tuple[LiveWorld, LiveWorld], place: Several) -> None:
    def write(world: LiveWorld) -> None:
        for _ in range(3):
            world.gallery()

    galleries = [threading.Thread(target=write, args=(world,)) for world in two]
    for thread in galleries:
        thread.start()
    for thread in galleries:
        thread.join()
    store = SqlStore(place.database)
    with store.read() as tx:
        head = tx.log.head()
    store.close()
    assert head is not None
    folder = LogFolder(place.settings.log_folder)
    within(5, lambda: int(folder.read(CHECKPOINT).split(b"\n")[1]) >= head.size)
    for world in two:
        within(5, lambda world=world: int(world.http.get("/log/checkpoint").text.split("\n")[1]) >= head.size)  # type: ignore[misc] # bound now


def test_what_has_to_be_done_alone_waits_until_all_servers_have_ended(
    two: tuple[LiveWorld, LiveWorld], place: Several
) -> None:
    assert two
    with pytest.raises(DataLocked), bootstrap.DataDirectory(place.settings.data_dir):
        pass


def test_an_installation_is_not_begun_twice_in_one_database(place: Several, tmp_path: Path) -> None:
    other = place.settings.model_copy(
        update={"data_dir": tmp_path / "b" / "data", "key_file": tmp_path / "b" / "keys" / "root.key"}
    )
    with pytest.raises(FileExistsError):
        bootstrap.initialise(other)
    assert not other.key_file.exists()
