"""The load beside the server: what is told of it, and what follows where it fails."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sim.faces import photo
from structlog.testing import capture_logs
from support.world import World

from visavis.flows.live import LiveGalleries, Loaded
from visavis.web import loading
from visavis.web.loading import Loading, LogLines


def loaded_by(world: World, **given: Any) -> Callable[[], None]:
    """Begin a load of this world as a server would, and wait until it is over."""

    async def go() -> None:
        load = Loading(world.app, **{"show": None, "failed": lambda _: None, **given})
        await load.begin()
        await load.until_over()

    return lambda: asyncio.run(go())


class DiskFailed(Exception):
    """No error of ours."""


def fail_when(monkeypatch: pytest.MonkeyPatch, moment: threading.Event) -> None:
    def load(_self: LiveGalleries) -> Loaded:
        assert moment.wait(20)
        raise DiskFailed("with a name in it")

    monkeypatch.setattr(LiveGalleries, "load", load)


def test_a_load_that_fails_at_once_does_not_start_the_server(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    moment, failed = threading.Event(), list[Exception]()
    moment.set()
    fail_when(monkeypatch, moment)
    with capture_logs() as told, pytest.raises(DiskFailed):
        loaded_by(world, failed=failed.append)()
    assert failed == []
    assert [line["event"] for line in told] == ["not_loaded"]
    assert "name in it" not in str(told)


def test_a_load_that_fails_later_ends_the_server(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    moment, failed = threading.Event(), list[Exception]()
    monkeypatch.setattr(loading, "PATIENCE_S", 0.05)
    fail_when(monkeypatch, moment)
    threading.Timer(2, moment.set).start()  # long after the patience, on a busy machine too
    with capture_logs():
        loaded_by(world, failed=failed.append)()
    assert [type(error) for error in failed] == [DiskFailed]


def test_how_far_it_is_is_shown_again_and_again_and_at_the_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.active(world.gallery(), "ann", photo("ann"))
    shown: list[Loaded] = []
    monkeypatch.setattr(loading, "_SHOWN_EVERY_S", 0.01)
    load, go_on = LiveGalleries.load, threading.Event()

    def slow(self: LiveGalleries) -> Loaded:
        assert go_on.wait(20)
        return load(self)

    monkeypatch.setattr(LiveGalleries, "load", slow)
    threading.Timer(0.3, go_on.set).start()
    loaded_by(world, show=shown.append)()
    assert len(shown) > 3
    assert shown[-1] == Loaded(subjects=1, left_out=0, people=1, is_complete=True)


def test_the_log_has_a_line_every_five_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now, told = [100.0], list[tuple[str, int]]()

    class Lines:
        def info(self, event: str, *, subjects: int, left_out: int, people: int) -> None:
            assert (left_out, people) == (0, 20)
            told.append((event, subjects))

    monkeypatch.setattr("visavis.web.loading.time.monotonic", lambda: now[0])
    monkeypatch.setattr(loading, "log", Lines())
    lines = LogLines()
    for second in range(12):
        now[0] = 100.0 + second
        lines(Loaded(subjects=second, people=20))
    assert told == [("loading", 5), ("loading", 10)]


def test_a_server_that_ends_stops_loading(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[str] = []
    monkeypatch.setattr(type(world.services.live), "stop_loading", lambda _: stopped.append("stopped"))

    async def go() -> None:
        load = Loading(world.app, show=None, failed=lambda _: None)
        await load.begin()
        await load.end()

    asyncio.run(go())
    assert stopped == ["stopped"]
