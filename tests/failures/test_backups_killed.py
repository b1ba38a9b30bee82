"""Killed with SIGKILL at any moment of a backup, or of bringing one back.

The number in a test's name is the seed of the moment.
"""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from sim.faces import photo
from support.again import who
from support.backups import Installation, installed, made
from support.world import Person

from visavis import bootstrap_backup
from visavis.model.backup import BackupDamaged

KILLS = 24

pytestmark = pytest.mark.slow


def killed_within(seconds: float, act: Callable[[], object]) -> bool:
    """Do something in a process of its own, and kill that after a while; whether it was done before."""
    process = os.fork()
    if process == 0:
        done = 1
        with suppress(BaseException):
            act()
            done = 0
        os._exit(done)
    time.sleep(seconds)
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL), "it failed by itself"
    return os.waitstatus_to_exitcode(status) == 0


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, blank: tuple[Path, str]) -> tuple[Installation, Path, str, Person]:
    """Somebody withdrew after a backup; how long it takes to bring that back is seen once."""
    here = installed(tmp_path_factory.mktemp("kept"), blank)
    with here.serving() as world:
        gallery = world.gallery()
        station = world.station(gallery)
        ann, bob = (world.active(gallery, name, photo(name)) for name in ("ann", "bob"))
        file = made(world)
        world.as_person(ann, "POST", "/v1/me/withdrawal")
        assert who(world, station, photo("bob", 2)) == "bob"
    return here, file, gallery, bob


def copied(kept: Installation, folder: Path) -> Installation:
    shutil.copytree(kept.folder, folder, dirs_exist_ok=True)
    return Installation(folder, kept.secret, kept.clock, kept.faces)


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_restore_that_was_killed_leaves_the_one_or_the_other(
    kept: tuple[Installation, Path, str, Person], tmp_path: Path, seed: int
) -> None:
    original, file, gallery, bob = kept
    here = copied(original, tmp_path)
    before = here.events()
    dice = random.Random(seed)  # noqa: S311 -- dice
    killed_within(dice.uniform(0, 1.2), lambda: here.restore(here.folder / file.name, replace=True))
    with here.serving() as world:
        assert world.app.state.loaded.subjects == 1
        assert world.as_person(bob, "GET", "/v1/me").status_code == 200
        assert who(world, world.station(gallery), photo("ann", 2)) is None
    told = here.events()
    assert told[: len(before)] == before, "something was unsaid"
    assert told.count("restore") <= 1
    here.restore(here.folder / file.name, replace=True)
    with here.serving() as world:
        assert world.app.state.loaded.subjects == 1
    assert here.events()[: len(told)] == told
    assert not [name for name in here.beside() if "restor" in name]


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_backup_that_was_killed_leaves_nothing_that_passes_for_one(
    kept: tuple[Installation, Path, str, Person], tmp_path: Path, seed: int
) -> None:
    original, _, _, _ = kept
    here = copied(original, tmp_path)
    file = here.folder / "another"
    dice = random.Random(seed)  # noqa: S311 -- dice
    done = killed_within(dice.uniform(0, 0.3), lambda: bootstrap_backup.back_up(here.settings, file, clock=here.clock))
    with here.serving() as world:
        assert world.app.state.loaded.subjects == 1
    assert not list(here.settings.data_dir.glob(".backup-*"))
    here.events()
    if done or file.exists():
        try:
            here.restore(file, replace=True)
        except BackupDamaged:
            assert not done
