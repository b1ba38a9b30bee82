"""The galleries' way into memory, beside the server that serves those that are there already."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from structlog import get_logger

from visavis.flows.live import Loaded
from visavis.logs import trace
from visavis.web.services import Services

Show = Callable[[Loaded], None]
"""Told how far memory is, again and again while it is being filled, and once when that is over."""

PATIENCE_S: Final = 2.0
"""What is in memory within so many seconds is so before the first request is answered: few servers need more."""
_SHOWN_EVERY_S: Final = 0.2
_TOLD_EVERY_S: Final = 5.0

log = get_logger(__name__)


class LogLines:
    """Tells it by a line every few seconds, and none where it takes less."""

    def __init__(self) -> None:
        self._told_at = time.monotonic()

    def __call__(self, loaded: Loaded) -> None:
        """See ``Show``."""
        now = time.monotonic()
        if now >= self._told_at + _TOLD_EVERY_S:
            self._told_at = now
            log.info("loading", subjects=loaded.subjects, left_out=loaded.left_out, people=loaded.people)


class Loading:
    """The load of one server, begun with ``begin`` and ended with ``end``.

    :param show: told how far it is.
    :param failed: told why it could not be finished; the process has to end, since nobody in the galleries that are
        missing could be recognised until it begins anew.
    """

    def __init__(self, app: FastAPI, *, show: Show | None, failed: Callable[[Exception], None]) -> None:
        self._app = app
        self._services: Services = app.state.services
        self._show = show or LogLines()
        self._failed = failed
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Begin, and go on beside the server if it takes long.

        :raises Exception: it failed at once.
        """
        self._task = asyncio.create_task(self._load())
        done, _ = await asyncio.wait({self._task}, timeout=PATIENCE_S)
        for task in done:
            task.result()
        if not done:
            self._task.add_done_callback(self._tell_fault)

    async def until_over(self) -> None:
        """Back when everything is in memory."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def end(self) -> None:
        """The server ends."""
        self._services.live.stop_loading()
        await self.until_over()

    async def _load(self) -> None:
        showing = asyncio.create_task(self._show_on())
        try:
            loaded = await run_in_threadpool(self._services.live.load)
        except Exception as error:
            log.error("not_loaded", error=type(error).__name__, trace=trace(error))  # noqa: TRY400 -- its text could carry data
            raise
        finally:
            showing.cancel()
            self._show(self._services.live.loaded)
        if loaded.is_complete:
            self._app.state.loaded = loaded
            log.info("ready", subjects=loaded.subjects, left_out=loaded.left_out)

    async def _show_on(self) -> None:
        while True:
            await asyncio.sleep(_SHOWN_EVERY_S)
            self._show(self._services.live.loaded)

    def _tell_fault(self, task: asyncio.Task[None]) -> None:
        error = task.exception()
        if isinstance(error, Exception):
            self._failed(error)
