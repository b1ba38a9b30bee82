"""Backups of a server in a process of its own, while people come and go."""

import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from sim.faces import photo
from support.backups import Installation, made
from support.ledger import files_in
from support.live_world import LiveWorld, live_world
from support.world import Person

pytestmark = pytest.mark.slow


@dataclass(slots=True)
class Crowd:
    """People who come and go until it is over; what they were told."""

    world: LiveWorld
    gallery: str
    here: dict[str, Person] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    over: threading.Event = field(default_factory=threading.Event)

    def churn(self, number: int) -> None:
        """One after the other; of three one withdraws."""
        turn = 0
        while not self.over.is_set():
            turn += 1
            name = f"p{number}-{turn}"
            person = self.world.active(self.gallery, name, photo(name))
            if turn % 3:
                self.here[name] = person
            else:
                assert self.world.as_person(person, "POST", "/v1/me/withdrawal").status_code == 204
                self.gone.add(person.subject_id)


def test_a_backup_is_consistent_while_people_enrol_and_withdraw(tmp_path: Path) -> None:
    """A second process reads and seals nothing but moments: what it holds obeys every rule, and revives nobody."""
    backups: list[tuple[Path, set[str]]] = []
    with live_world(tmp_path / "live") as world:
        crowd = Crowd(world, world.gallery())
        threads = [threading.Thread(target=crowd.churn, args=(number,)) for number in range(3)]
        for thread in threads:
            thread.start()
        for number in range(4):
            time.sleep(0.7)
            acknowledged = {person.subject_id for person in list(crowd.here.values())}
            backups.append((made(world, f"backup-{number}"), acknowledged))
        crowd.over.set()
        for thread in threads:
            thread.join()
    assert len(crowd.gone) > 3, "too few withdrew for this to tell anything"
    for number, (file, acknowledged) in enumerate(backups):
        folder = tmp_path / f"again-{number}"
        shutil.copytree(tmp_path / "live" / "keys", folder / "keys")
        again = Installation(folder, world.secret)
        again.restore(file)
        with files_in(folder) as files:
            assert files.broken_rules() == {}
            there = {id_ for (id_,) in files.rows("SELECT id FROM subjects")}
        assert acknowledged <= there
        assert not there & crowd.gone
        again.events()
        with again.serving() as served:
            assert served.app.state.loaded.left_out == 0


def test_who_hangs_up_in_the_middle_leaves_the_server_as_it_was(tmp_path: Path) -> None:
    with live_world(tmp_path / "live") as world:
        headers = {"Authorization": f"Bearer {world.secret}"}
        for _ in range(3):
            with httpx2.stream("POST", f"{world.url}/v1/backups", headers=headers, trust_env=False) as response:
                assert response.status_code == 200
                next(response.iter_bytes(1))
        assert made(world).stat().st_size > 0
        assert not list((world.folder / "data").glob(".backup-*"))
