"""The ASGI app."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import count
from typing import Any

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from structlog import get_logger

from visavis import __version__
from visavis.logs import trace
from visavis.web import pages, problems
from visavis.web.auth import require_proof
from visavis.web.body import BoundedBody
from visavis.web.frame import Frame
from visavis.web.loading import Loading, Show
from visavis.web.metrics import Metrics
from visavis.web.routes import (
    accounts,
    api_keys,
    archives,
    backups,
    capture,
    consent,
    console,
    decisions,
    device,
    enrolments,
    exports,
    galleries,
    health,
    imports,
    invitations,
    keys,
    look_alikes,
    personal,
    purposes,
    readings,
    renewals,
    reviews,
    seal,
    sessions,
    stations,
    subjects,
    visits,
)
from visavis.web.routes import (
    log as log_routes,
)
from visavis.web.routes import (
    metrics as metrics_routes,
)
from visavis.web.services import Services
from visavis.wire.shape import Problem

# 422 is named too, or FastAPI would describe a shape of its own for it.
_REFUSED: dict[str, Any] = {
    "description": "Refused; `mend` says what to do.",
    "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    "headers": {
        "Retry-After": {
            "description": "With 429: the seconds to wait, at least 1.",
            "schema": {"type": "integer", "minimum": 1},
        },
        "WWW-Authenticate": {"description": "With 401.", "schema": {"type": "string"}},
        "Allow": {"description": "With 405: the methods that the address takes.", "schema": {"type": "string"}},
    },
}
_REQUEST_ID: dict[str, Any] = {
    "description": "Names this request, in the log too.",
    "required": True,
    "schema": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
}

_THOROUGH_EVERY = 60
"""Of so many purges one reads every signed date."""

log = get_logger(__name__)


class _App(FastAPI):
    """An app whose OpenAPI document has what no route says itself: the shape of problems, a header of every answer."""

    def openapi(self) -> dict[str, Any]:
        """See FastAPI."""
        document = super().openapi()
        document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        for operations in document["paths"].values():
            for operation in operations.values():
                for response in operation["responses"].values():
                    response["headers"] = {"Request-Id": _REQUEST_ID, **response.get("headers", {})}
        return document


def create_app(
    services: Services,
    *,
    log_addresses: bool = False,
    show: Show | None = None,
    failed: Callable[[Exception], None] = lambda _: None,
) -> FastAPI:
    """The app over a server's flows.

    :param log_addresses: whether the log names the network addresses of callers.
    :param show: told how far the galleries are in memory; the log tells it if not given.
    :param failed: told what keeps them out after the server has begun to serve; it should end the process.
    """
    app = _App(
        title="Visavis",
        version=__version__,
        summary="Face verification and identification among people who signed a consent they can withdraw.",
        lifespan=_life,
        docs_url=None,
        redoc_url=None,
        responses=dict.fromkeys((422, "default"), _REFUSED),
    )
    app.state.services = services
    app.state.loaded = None
    metrics = app.state.metrics = Metrics(lambda: app.state.services)
    app.state.new_loading = partial(Loading, app, show=show, failed=failed)
    problems.install(app)
    for module in (
        purposes, galleries, enrolments, invitations, imports, exports, consent, subjects, archives, backups, stations,
        device, sessions, personal, reviews, look_alikes, decisions, readings, api_keys, accounts, console, keys, seal,
        health, log_routes, visits, renewals,
        metrics_routes, capture,
    ):  # fmt: skip
        app.include_router(module.router)
    app.include_router(console.browser)
    pages.install(app)
    app.add_middleware(BoundedBody, require_proof=require_proof)
    app.add_middleware(Frame, log_addresses=log_addresses, measure=metrics.durations.add)
    return app


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    """Load the galleries, and purge what is over for as long as the server runs; publish the log from the beginning."""
    services: Services = app.state.services
    loading: Loading = app.state.new_loading()
    if services.following is not None:
        # Before anything is loaded: what is committed from here on is taken in beside it.
        services.following.failed = _tell_not_followed
        await run_in_threadpool(services.following.begin)
    await loading.begin()
    tasks = [
        asyncio.create_task(_purge_on(services, loading, app.state.metrics)),
        asyncio.create_task(_publish_on(services)),
    ]
    over = asyncio.Event()
    comparing = asyncio.create_task(_compare_on(services, loading, over))
    yield
    await loading.end()
    over.set()
    services.own_rates.stop()
    services.find_look_alikes.stop()
    await comparing  # not cancelled: what is being compared stops at its next block, and then nothing reads any more
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    if services.following is not None:
        await run_in_threadpool(services.following.end)
    with suppress(Exception):  # what is not published now is so after the next start
        await run_in_threadpool(services.publisher.publish)
    with suppress(Exception):  # when keys were last used is not worth a failed stop
        await run_in_threadpool(services.api_keys.tidy)
    services.close()


def _tell_not_followed(error: Exception) -> None:
    log.error("not_followed", error=type(error).__name__, trace=trace(error))


async def _publish_on(services: Services) -> None:
    behind = False
    while True:
        try:
            published = await run_in_threadpool(services.publisher.publish)
        except Exception as error:  # noqa: BLE001 -- one failed publication must not end all later ones
            log.error("not_published", error=type(error).__name__, trace=trace(error))  # noqa: TRY400 -- as above
        else:
            was_behind, behind = behind, published.size < published.committed
            if behind and not was_behind:
                codes = sorted({refused.code for refused in published.refused})
                log.warning("log_behind", published=published.size, committed=published.committed, codes=codes)
        await asyncio.sleep(services.publish_every_s)


async def _purge_on(services: Services, loading: Loading, metrics: Metrics) -> None:
    await loading.until_over()
    for turn in count():
        more = False
        try:
            if await run_in_threadpool(services.store.leads):
                more = (await run_in_threadpool(services.withdraw.purge, thorough=turn % _THOROUGH_EVERY == 0)).more
                await run_in_threadpool(services.rotate.look)
                await run_in_threadpool(services.epochs.look)
                await run_in_threadpool(services.tombstones.settle)
                if services.following is not None:
                    await run_in_threadpool(services.following.tidy)
            await run_in_threadpool(services.drift.tidy, services.store)
            metrics.purged()
            if turn:  # at the start no key was used yet, and none that has run out works
                await run_in_threadpool(services.api_keys.tidy)
        except Exception as error:  # noqa: BLE001 -- one failed purge must not end all later ones
            log.error("purge_failed", error=type(error).__name__, trace=trace(error))  # noqa: TRY400 -- its text could carry data
        # Where more people wait to be erased the next turn begins at once: between two others have had theirs.
        await asyncio.sleep(0 if more else services.purge_every_s)


async def _compare_on(services: Services, loading: Loading, over: asyncio.Event) -> None:
    """What is compared at night, in small bites: nobody who is to be erased waits for it."""
    await loading.until_over()
    for turn in count():
        if over.is_set():
            return
        if not await run_in_threadpool(services.store.leads):
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), services.purge_every_s)
            continue
        try:
            await run_in_threadpool(services.own_rates.look)
        except Exception as error:  # noqa: BLE001 -- one that failed must not end all later ones
            log.error("own_rates_failed", error=type(error).__name__, trace=trace(error))  # noqa: TRY400 -- as above
        try:
            if turn:  # at the start pairs are those of the night
                await run_in_threadpool(services.find_look_alikes.look)
        except Exception as error:  # noqa: BLE001 -- as before
            log.error("look_alikes_failed", error=type(error).__name__, trace=trace(error))  # noqa: TRY400 -- as above
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), services.purge_every_s)
