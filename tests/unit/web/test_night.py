"""What is compared at night runs beside what has to happen every few seconds, and neither stops the other."""

import asyncio
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
import structlog

from visavis.web import app
from visavis.web.loading import Loading
from visavis.web.metrics import Metrics
from visavis.web.services import Services


async def loaded() -> None:
    """Everything is in memory."""


LOADING = cast("Loading", SimpleNamespace(until_over=loaded))
METRICS = cast("Metrics", SimpleNamespace(purged=lambda: None))


def nothing(*_: object, **__: object) -> int:
    return 0


def a_server(enough: threading.Event, **looks: Callable[[], int]) -> Services:
    """Services that tell when purges, epochs and the exchange of keys have had three turns each."""
    turns = {"purge": 0, "rotate": 0, "epochs": 0}

    def turn(name: str) -> Callable[..., Any]:
        def taken(*_: object, **__: object) -> Any:
            turns[name] += 1
            if min(turns.values()) >= 3:
                enough.set()
            return SimpleNamespace(more=False)

        return taken

    known = {
        "purge_every_s": 0.01,
        "store": SimpleNamespace(leads=lambda: True),
        "following": None,
        "withdraw": SimpleNamespace(purge=turn("purge")),
        "rotate": SimpleNamespace(look=turn("rotate")),
        "epochs": SimpleNamespace(look=turn("epochs")),
        "tombstones": SimpleNamespace(settle=nothing),
        "drift": SimpleNamespace(tidy=nothing),
        "api_keys": SimpleNamespace(tidy=nothing),
        "own_rates": SimpleNamespace(look=looks.get("own_rates", nothing)),
        "find_look_alikes": SimpleNamespace(look=looks.get("find_look_alikes", nothing)),
    }
    return cast("Services", SimpleNamespace(**known))


@pytest.mark.parametrize("slow", ["own_rates", "find_look_alikes"])
async def test_people_are_erased_while_a_gallery_is_looked_through(slow: str) -> None:
    begun, enough, go_on = threading.Event(), threading.Event(), threading.Event()

    def looks() -> int:
        begun.set()
        assert go_on.wait(10)
        return 0

    services, over = a_server(enough, **{slow: looks}), asyncio.Event()
    comparing = asyncio.create_task(app._compare_on(services, LOADING, over))
    await asyncio.to_thread(begun.wait, 10)
    purging = asyncio.create_task(app._purge_on(services, LOADING, METRICS))
    try:
        assert await asyncio.to_thread(enough.wait, 10)
        over.set()
        assert not comparing.done()
    finally:
        go_on.set()
        purging.cancel()
        await asyncio.wait_for(comparing, 10)


async def test_a_look_that_fails_is_logged_and_the_others_go_on() -> None:
    calls: list[str] = []
    over, again = asyncio.Event(), threading.Event()

    def fails(name: str) -> Callable[[], int]:
        def look() -> int:
            calls.append(name)
            if calls.count("find_look_alikes") >= 2:
                again.set()
            raise ValueError("of Ann")

        return look

    services = a_server(threading.Event(), own_rates=fails("own_rates"), find_look_alikes=fails("find_look_alikes"))
    with structlog.testing.capture_logs() as lines:
        comparing = asyncio.create_task(app._compare_on(services, LOADING, over))
        assert await asyncio.to_thread(again.wait, 10)
        over.set()
        await asyncio.wait_for(comparing, 10)
    assert calls[:2] == ["own_rates"] * 2  # at the start pairs are those of the night
    assert {line["event"] for line in lines} == {"own_rates_failed", "look_alikes_failed"}
    assert all((line["log_level"], line["error"]) == ("error", "ValueError") for line in lines)
    assert "Ann" not in str(lines)
