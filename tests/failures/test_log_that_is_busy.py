"""The write-ahead log is emptied after an erasure although somebody else is at it."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sim.faces import photo
from support.world import World

_HOLDS_THE_LOG = """
import fcntl, sys
with open(sys.argv[1], "r+b") as index:
    fcntl.lockf(index, fcntl.LOCK_EX, 1, 121)  # what SQLite holds while it copies the log (WAL_CKPT_LOCK)
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def log_held_for(folder: Path, seconds: float) -> Iterator[None]:
    """Another process copies the log for a while."""
    index = folder / "data" / "visavis.db-shm"
    command = [sys.executable, "-c", _HOLDS_THE_LOG, str(index)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        timer = threading.Timer(seconds, holder.communicate)
        timer.start()
        yield
        timer.join()


def test_a_withdrawal_waits_for_the_log_and_leaves_nothing_in_it(world: World) -> None:
    person = world.active(world.gallery(), "ann", photo("ann"))
    ((wrapped,),) = world.sql("SELECT wrapped FROM subject_keys")
    with log_held_for(world.folder, 0.5):
        assert world.as_person(person, "POST", "/v1/me/withdrawal").status_code == 204
        assert wrapped not in world.files()


def test_withdrawals_at_the_same_time_leave_nothing_in_the_log(world: World) -> None:
    gallery = world.gallery()
    people = [world.active(gallery, f"person {n}", photo(f"person-{n}")) for n in range(6)]
    wrapped = [row[0] for row in world.sql("SELECT wrapped FROM subject_keys")]
    threads = [threading.Thread(target=world.services.withdraw.subject, args=(person.subject_id,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.sql("SELECT count(*) FROM subjects") == [(0,)]
    assert not [key for key in wrapped if key in world.files()]
