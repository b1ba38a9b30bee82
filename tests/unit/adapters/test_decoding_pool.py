"""Workers that crash, hang, lie or die: the person gets a refusal, the next person a frame."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from fixtures.images import corners, saved

from visavis.adapters.decoding.confinement import CPU_S, MEMORY
from visavis.adapters.decoding.pool import SPARE, DecodingPool
from visavis.capture.decode import decode
from visavis.model.errors import ImageRefused
from visavis.model.image import DecoderUnavailable, ImageTooDemanding, ImageUnreadable

STAND_IN = (sys.executable, "-I", str(Path(__file__).resolve().parents[2] / "fixtures" / "stand_in_worker.py"))
PHOTO = saved(corners(), "PNG")
PATIENCE_S = 30.0


def until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture(scope="module")
def pool() -> Iterator[DecodingPool]:
    """One for all tests: every test leaves it as it found it, or the next one fails."""
    opened = DecodingPool(at_once=1, photo_s=10, command=STAND_IN)
    yield opened
    opened.close()


def full(pool: DecodingPool) -> list[int]:
    until(lambda: len(pool.pids()) == pool.at_once + SPARE)
    return pool.pids()


def refused(pool: DecodingPool, photo: bytes) -> type[ImageRefused]:
    with pytest.raises(ImageRefused) as refusal:
        pool(photo)
    return type(refusal.value)


@pytest.mark.parametrize(
    ("photo", "refusal"),
    [
        (b"segv", ImageUnreadable),
        (b"abort", ImageUnreadable),
        (b"exit", ImageUnreadable),
        (b"kill", ImageTooDemanding),
        (b"spin", ImageTooDemanding),
        (b"hungry", ImageTooDemanding),
        (b"noise", ImageUnreadable),
        (b"empty", ImageUnreadable),
        (b"huge", ImageUnreadable),
        (b"vast", ImageUnreadable),
        (b"unknown", ImageUnreadable),
        (b"half", ImageTooDemanding),
    ],
)
def test_whatever_becomes_of_a_worker_has_a_name_and_strikes_nobody_else(
    pool: DecodingPool, photo: bytes, refusal: type[ImageRefused]
) -> None:
    before = full(pool)
    assert refused(pool, photo) is refusal
    # The spare is there already: the next photo waits for nothing to start.
    assert np.array_equal(pool(PHOTO).pixels, decode(PHOTO).pixels)
    after = full(pool)
    assert len(set(before) - set(after)) == 1
    assert not any(is_running(pid) for pid in set(before) - set(after))


def test_a_worker_that_hangs_is_ended_when_its_time_is_over() -> None:
    pool = DecodingPool(at_once=1, photo_s=0.5, command=STAND_IN)
    try:
        before = full(pool)
        begun = time.monotonic()
        with pytest.raises(ImageTooDemanding):
            pool(b"hang")
        assert 0.5 <= time.monotonic() - begun < 5
        assert pool(PHOTO).width == 64
        assert len(set(before) & set(full(pool))) == 1
    finally:
        pool.close()


@pytest.mark.parametrize("wait_s", [0.0, 0.2])
def test_what_a_worker_says_unasked_is_not_taken_for_the_next_answer(pool: DecodingPool, wait_s: float) -> None:
    before = full(pool)
    assert pool(b"twice").width == 1
    # The stand-in answers a second time, to nobody: before the next photo is sent, or after.
    time.sleep(wait_s)
    try:
        assert pool(PHOTO).width == 64
    except ImageUnreadable:
        assert not wait_s
    until(lambda: len(set(before) - set(full(pool))) == 1)


def test_a_refusal_that_only_the_server_gives_is_not_believed_of_a_worker(pool: DecodingPool) -> None:
    with pytest.raises(ImageUnreadable):
        pool(b"other")


def test_a_worker_is_confined(pool: DecodingPool) -> None:
    seen = json.loads(pool(b"look").pixels.tobytes())
    assert set(seen["descriptors"]) <= {"0", "1", "2", "3"}
    assert seen["descriptors"]["0"].startswith("socket:")
    assert seen["descriptors"]["1"] == seen["descriptors"]["2"] == "/dev/null"
    assert seen["descriptors"].get("3", "/proc/").startswith("/proc/")
    assert seen["folder"] == "/"
    assert not {"HOME", "PATH", "PYTHONPATH", "USER"} & set(seen["environment"])
    limits = seen["limits"]
    assert limits["CORE"] == limits["FSIZE"] == [0, 0]
    assert limits["AS"] == [MEMORY, MEMORY]
    assert limits["NOFILE"][1] <= 16
    assert 0 < limits["CPU"][0] - seen["used_s"] <= CPU_S + 1
    assert "NoNewPrivs:\t1" in seen["status"]
    assert "Threads:\t1" in seen["status"]
    assert seen["oom"] == "1000"


def test_a_worker_imports_nothing_of_the_server(pool: DecodingPool) -> None:
    loaded = {name.partition(".")[0] for name in json.loads(pool(b"look").pixels.tobytes())["modules"]}
    assert not loaded & {
        "fastapi",
        "starlette",
        "sqlalchemy",
        "openvino",
        "onnx",
        "pydantic",
        "cryptography",
        "uvicorn",
    }


def test_time_is_granted_to_each_photo_anew(pool: DecodingPool) -> None:
    first = json.loads(pool(b"look").pixels.tobytes())
    second = json.loads(pool(b"look").pixels.tobytes())
    assert second["limits"]["CPU"][0] >= first["limits"]["CPU"][0]
    assert second["limits"]["CPU"][0] - second["used_s"] > 0.9


def test_a_worker_can_neither_write_nor_be_heard(pool: DecodingPool, capfd: pytest.CaptureFixture[str]) -> None:
    assert pool(b"print").width == 1
    with pytest.raises(ImageRefused):
        pool(b"write")
    written = Path(f"/tmp/visavis-{os.getpid()}")  # noqa: S108 -- as the stand-in names it
    assert written.read_bytes() == b""
    written.unlink()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_is_sent_to_everybody_is_for_the_server_to_act_on(pool: DecodingPool, number: int) -> None:
    before = full(pool)
    for pid in before:
        os.kill(pid, number)
    assert pool(PHOTO).width == 64
    assert full(pool) == before


def test_workers_that_die_idle_are_replaced_before_they_are_needed(pool: DecodingPool) -> None:
    before = full(pool)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not set(before) & set(pool.pids()))
    assert not set(before) & set(full(pool))
    assert pool(PHOTO).width == 64


def test_a_worker_is_replaced_after_so_many_photos() -> None:
    pool = DecodingPool(at_once=1, photos_each=5)
    try:
        before = full(pool)
        for _ in range(5 * len(before)):
            pool(PHOTO)
        until(lambda: not set(before) & set(full(pool)))
    finally:
        pool.close()


@pytest.mark.slow
def test_more_photos_than_places_wait_and_some_wait_in_vain() -> None:
    pool = DecodingPool(at_once=1, photo_s=3, wait_s=0.2, command=STAND_IN)
    try:
        full(pool)
        busy = threading.Thread(target=refused, args=(pool, b"hang"))
        busy.start()
        time.sleep(0.1)
        with pytest.raises(DecoderUnavailable) as told:
            pool(PHOTO)
        assert told.value.retry_after_s
        busy.join()
        assert pool(PHOTO).width == 64
    finally:
        pool.close()


@pytest.mark.parametrize("command", [("/nothing/there",), (sys.executable, "-c", "raise SystemExit(1)")])
def test_without_workers_nothing_is_decoded(command: tuple[str, ...]) -> None:
    pool = DecodingPool(command=command)
    try:
        begun = time.monotonic()
        with pytest.raises(DecoderUnavailable) as refused:
            pool(PHOTO)
        assert time.monotonic() - begun < 10
        assert refused.value.mend
    finally:
        pool.close()


def test_workers_that_can_be_started_again_are() -> None:
    starts: list[int] = []

    class Later(tuple[str, ...]):
        """A command that works from the fifth time on."""

        __slots__ = ()

        def __iter__(self) -> Iterator[str]:
            starts.append(1)
            return iter(("/nothing/there",) if len(starts) < 5 else STAND_IN)

    pool = DecodingPool(at_once=1, command=Later())
    try:
        with pytest.raises(DecoderUnavailable):
            pool(PHOTO)
        full(pool)
        assert pool(PHOTO).width == 64
    finally:
        pool.close()


def test_closing_ends_every_worker_and_refuses_every_photo() -> None:
    pool = DecodingPool(at_once=1, command=STAND_IN)
    pids = full(pool)
    refusals: list[type[ImageRefused]] = []
    busy = threading.Thread(target=lambda: refusals.append(refused(pool, b"hang")))
    busy.start()
    time.sleep(0.1)
    pool.close()
    busy.join(timeout=PATIENCE_S)
    assert refusals == [DecoderUnavailable]
    assert not any(is_running(pid) for pid in pids)
    assert refused(pool, PHOTO) is DecoderUnavailable
    pool.close()


def test_closing_does_not_wait_for_workers_that_are_starting() -> None:
    begun = time.monotonic()
    DecodingPool(command=(sys.executable, "-c", "import time; time.sleep(600)")).close()
    assert time.monotonic() - begun < 5


def test_nothing_is_left_behind() -> None:
    def held() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    before = held()
    for _ in range(2):
        pool = DecodingPool(at_once=1, command=STAND_IN)
        for photo in (PHOTO, b"segv", PHOTO):
            try:
                pool(photo)
            except ImageRefused:
                continue
        pool.close()
    assert held() == before


def test_many_threads_while_workers_are_killed() -> None:
    pool = DecodingPool(at_once=2, command=STAND_IN)
    ends: list[str] = []
    stop = threading.Event()

    def look() -> None:
        for number in range(20):
            try:
                frame = pool(b"segv" if number == 9 else PHOTO)
                ends.append("frame" if np.array_equal(frame.pixels, expected) else "wrong")
            except ImageRefused as refusal:
                ends.append(refusal.code)

    def kill() -> None:
        while not stop.wait(0.2):
            for pid in pool.pids()[:1]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue

    expected = decode(PHOTO).pixels
    try:
        full(pool)
        threads = [threading.Thread(target=look) for _ in range(6)]
        killer = threading.Thread(target=kill)
        killer.start()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stop.set()
        killer.join()
        assert len(ends) == 120
        assert set(ends) <= {"frame", "image_too_demanding", "image_unreadable"}
        assert ends.count("frame") > 80
        assert pool(PHOTO).width == 64
        full(pool)
    finally:
        stop.set()
        pool.close()


SERVER = """
import sys, threading
from visavis.adapters.decoding.pool import DecodingPool
pool = DecodingPool(at_once=1, command=sys.argv[1:])
if sys.argv[-1] != "-":
    threading.Thread(target=lambda: pool(b"hang")).start()
    while len(pool.pids()) < 2: pass
print("there", flush=True)
threading.Event().wait()
"""


@pytest.mark.parametrize("wait_s", [0.0, 0.2, None])
def test_workers_die_with_a_server_that_is_killed(wait_s: float | None) -> None:
    server = subprocess.Popen([sys.executable, "-c", SERVER, *STAND_IN], stdout=subprocess.PIPE)
    assert server.stdout is not None
    try:
        if wait_s is None:
            # One worker is decoding, one waits.
            assert server.stdout.readline() == b"there\n"
            assert len(workers_of(server.pid)) >= 2
        else:
            until(lambda: workers_of(server.pid))
            time.sleep(wait_s)
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    until(lambda: not workers_of(server.pid))


def workers_of(server: int) -> list[int]:
    """Stand-ins that were told this server's process id."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if b"stand_in_worker.py" in b" ".join(words[:3]) and words[-2:] == [str(server).encode(), b""]:
                found.append(int(entry.name))
    return found
