"""Opening a gallery in processes beside the server's: the same as in this one, whatever becomes of them."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sim.faces import photo
from support.again import run
from support.world import World

from visavis.adapters.opening import beside
from visavis.adapters.opening.beside import OpenBeside
from visavis.flows.loading import Opened, OpenPages, open_here
from visavis.protect.epochs import turned

NAMES = ("ann", "bea", "cem", "dot", "eve")


@pytest.fixture
def gallery(world: World, monkeypatch: pytest.MonkeyPatch) -> str:
    """Five people, on pages of two; one of them has something that does not open."""
    monkeypatch.setattr("visavis.flows.loading.PAGE", 2)
    gallery = world.gallery()
    people = [world.active(gallery, name, photo(name), photo(name, 2)) for name in NAMES]
    run(world, "UPDATE subject_keys SET wrapped = zeroblob(length(wrapped)) WHERE id = '{}'", people[2].subject_id)
    return gallery


@pytest.fixture
def open_beside(world: World) -> OpenBeside:
    return OpenBeside(f"sqlite:///{world.folder / 'data' / 'visavis.db'}")


def all_of(world: World, gallery: str, how: OpenPages) -> list[tuple[str, str, bytes]]:
    with world.services.store.read() as tx:
        found = tx.galleries.get(gallery)
    services = world.services
    pages = list(how(found, store=services.store, keyring=services.keyring, clock=world.clock))
    assert sum(page.left_out for page, _ in pages) == 1
    assert sum(page.subjects for page, _ in pages) == len(NAMES) - 1
    return sorted(row for page, _ in pages for row in rows_of(page))


def rows_of(page: Opened) -> Iterator[tuple[str, str, bytes]]:
    for reference, subject, vector in zip(page.reference_ids, page.subject_ids, page.stored.vectors, strict=True):
        yield reference, subject, vector.tobytes()


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split())


def test_it_is_the_same_as_in_this_process_and_leaves_no_process_behind(
    world: World, gallery: str, open_beside: OpenBeside
) -> None:
    before = children()
    assert all_of(world, gallery, open_beside) == all_of(world, gallery, open_here)
    assert children() <= before


@pytest.mark.parametrize(
    "command",
    [("/no/such/program",), (sys.executable, "-c", "pass"), (sys.executable, "-c", "import time; time.sleep(0.5)")],
)
def test_a_process_that_is_not_to_be_had_or_ends_leaves_nobody_out(
    world: World, gallery: str, open_beside: OpenBeside, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setattr(beside, "COMMAND", command)
    assert all_of(world, gallery, open_beside) == all_of(world, gallery, open_here)


@pytest.mark.slow
def test_one_that_is_killed_half_way_leaves_nobody_out(
    world: World, gallery: str, open_beside: OpenBeside, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def kept(*args: Any, **given: Any) -> subprocess.Popen[bytes]:
        started.append(real(*args, **given))
        return started[-1]

    monkeypatch.setattr("visavis.adapters.opening.beside.subprocess.Popen", kept)
    with world.services.store.read() as tx:
        found = tx.galleries.get(gallery)
    services = world.services
    pages = open_beside(found, store=services.store, keyring=services.keyring, clock=world.clock)
    people = next(pages)[0].subjects
    for process in started:
        process.kill()
    assert people + sum(page.subjects for page, _ in pages) == len(NAMES) - 1


@pytest.mark.slow
def test_an_epoch_that_begins_meanwhile_leaves_nobody_out(
    world: World, gallery: str, open_beside: OpenBeside, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = world.services.keyring
    answer = beside._Other.answer

    def turns_first(self: beside._Other) -> Opened:
        keyring.keys.change_tree(lambda tree: turned(tree, now=world.clock.now()))
        found = answer(self)
        return replace(found, reference_ids=[], subject_ids=[], subjects=0)  # as one that lacked the key

    monkeypatch.setattr(beside._Other, "answer", turns_first)
    assert all_of(world, gallery, open_beside) == all_of(world, gallery, open_here)


@pytest.mark.slow
def test_it_ends_when_the_server_dies(gallery: str, world: World) -> None:
    """Also where nobody could tell it: the socket closes with the process that has it."""
    path = world.folder / "data" / "visavis.db"
    script = (
        "import sys, time, os\n"
        "from visavis.adapters.opening.beside import _process\n"
        f"with _process('sqlite:///{path}') as other:\n"
        "    children = open(f'/proc/self/task/{os.getpid()}/children').read().split()\n"
        "    print(children[0], flush=True)\n"
        "    time.sleep(60)\n"
    )
    assert gallery
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    end = time.monotonic() + 20
    while Path(f"/proc/{child}/cmdline").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not Path(f"/proc/{child}/cmdline").exists()


def test_what_cannot_be_read_is_not_taken_for_the_end(
    world: World, gallery: str, open_beside: OpenBeside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gallery of which a page fails everywhere must never look whole."""

    class DiskFailed(Exception):
        """No error of ours."""

    def fails(*_args: object, **_given: object) -> None:
        raise DiskFailed

    monkeypatch.setattr(beside, "COMMAND", (sys.executable, "-c", "pass"))
    monkeypatch.setattr("visavis.adapters.sql.store.read_sealed", fails)
    with pytest.raises(DiskFailed):
        all_of(world, gallery, open_beside)
