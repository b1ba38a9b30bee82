"""Killed with SIGKILL while many stations ask at once: every answered decision is in the log, and the log is whole.

Several transactions share a commit then, and the publisher is at work; the kill comes by the clock, at any of it. The
number in a test's name is the seed of its moment.
"""

import gc
import random
import shutil
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from sim.faces import photo
from sim.mortal import TellingClock
from support.keys import keys_of
from support.ledger import files_in
from support.lives import Life, Lives, RemoteWorld, lives
from support.logged import require_whole
from support.world import Device, Person, reopened_world, settings_in

from visavis import bootstrap
from visavis.audit.note import NoteSigner, VerifierKey
from visavis.protect.keys import log_key

KILLS = 200
IN_EVERY_RUN = 8
STATIONS = 6
LONGEST_S = 0.6

_REFUSED_SOCKETS = "ignore:unclosed <.*GuardedSocket:ResourceWarning"
"""The HTTP library leaves the socket of a connection that was refused, as the dead refuse it, to the collector."""


@dataclass(frozen=True, slots=True)
class Door:
    """A gallery with one person and several stations, on disk."""

    lives: Lives
    folder: Path
    secret: str
    person: Person
    stations: list[Device]


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, blank: tuple[Path, str]) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("door")
    shutil.copytree(blank[0], folder, dirs_exist_ok=True)
    clock = TellingClock(folder / "clock")
    with lives(tmp_path_factory.mktemp("log") / "servers") as begun:
        life = begun.begin(folder)
        life.ready()
        with RemoteWorld(folder=folder, secret=blank[1], clock=clock, address=life.address) as world:
            gallery = world.gallery()
            person = world.active(gallery, "ann", photo("ann"))
            stations = [world.station(gallery) for _ in range(STATIONS)]
        assert life.stop() == -signal.SIGTERM
        yield Door(begun, folder, blank[1], person, stations)


@dataclass(slots=True)
class Asking:
    """Stations that ask until nobody answers; ``told`` are the decisions they were told."""

    world: RemoteWorld
    told: set[str] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)

    def ask(self, station: Device) -> None:
        """One after the other; the pace of stations is kept by a clock that runs fast."""
        number = 1
        with suppress(httpx2.TransportError):
            while not self.over.is_set():
                number += 1
                opened = self.world.at(station, "POST", "/v1/sessions", json={"kind": "verify"})
                if not opened.is_success:
                    assert opened.json()["code"] == "session_too_soon", opened.text
                    continue
                path = f"/v1/sessions/{opened.json()['session_id']}/verify"
                files = {"photo": ("p.jpg", photo("ann", number), "image/jpeg")}
                answer = self.world.at(station, "POST", path, files=files, data={"external_reference": "ann"})
                assert answer.status_code == 200, answer.text
                assert answer.json()["decision"] == "MATCH"
                self.told.add(answer.json()["decision_id"])

    def run_fast(self, clock: TellingClock) -> None:
        """Move the clock as long as they ask."""
        while not self.over.wait(0.02):
            clock.move(seconds=2.1)


@pytest.mark.filterwarnings(_REFUSED_SOCKETS)
@pytest.mark.parametrize(
    "seed", [pytest.param(s, marks=[] if s < IN_EVERY_RUN else pytest.mark.slow) for s in range(KILLS)]
)
def test_every_answered_decision_is_in_the_log_of_a_server_that_was_killed(
    door: Door, tmp_path: Path, seed: int
) -> None:
    shutil.copytree(door.folder, tmp_path, dirs_exist_ok=True)
    clock = TellingClock(tmp_path / "clock")
    life = door.lives.begin(tmp_path)
    life.ready()
    told = _asked_until_killed(door, tmp_path, clock, life, random.Random(seed))  # noqa: S311 -- dice
    with files_in(tmp_path) as files:
        entries = require_whole(files, key=_log_key(tmp_path))
        decided = [entry for entry in entries if entry.event.value == "decision"]
        assert len(decided) == files.rows("SELECT count(*) FROM decisions")[0][0] >= len(told)
    settings = settings_in(tmp_path)
    with (
        bootstrap.DataDirectory(settings.data_dir),
        reopened_world(tmp_path, settings, door.secret, clock=clock) as again,
    ):
        services = again.services
        services.publisher.publish()
        own = services.log.own(door.person.subject_id)
        assert told <= {str(entry.opened.details.get("decision")) for entry in own}
        assert all(entry.proof is not None for entry in own)


def _asked_until_killed(door: Door, folder: Path, clock: TellingClock, life: Life, dice: random.Random) -> set[str]:
    with RemoteWorld(folder=folder, secret=door.secret, clock=clock, address=life.address) as world:
        asking = Asking(world)
        runner = threading.Thread(target=asking.run_fast, args=(clock,))
        runner.start()
        with ThreadPoolExecutor(STATIONS) as pool:
            asked = [pool.submit(asking.ask, station) for station in door.stations]
            life.kill_in(dice.uniform(0.05, LONGEST_S))
            assert life.ended() == -signal.SIGKILL
            asking.over.set()
        runner.join()
        for done in asked:
            done.result()
    gc.collect()  # see _REFUSED_SOCKETS
    return asking.told


def _log_key(folder: Path) -> VerifierKey:
    settings = settings_in(folder)
    with files_in(folder) as files:
        ((origin,),) = files.rows("SELECT value FROM server WHERE name = 'log_origin'")
    return NoteSigner(origin.decode(), log_key(keys_of(settings).tree.installation)).key
