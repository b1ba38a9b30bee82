"""The ASGI app."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
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
from visavis.web.routes import (
    api_keys,
    consent,
    decisions,
    enrolments,
    galleries,
    health,
    imports,
    personal,
    purposes,
    readings,
    reviews,
    sessions,
    stations,
    subjects,
)
from visavis.web.routes import (
    log as log_routes,
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


def create_app(services: Services, *, log_addresses: bool = False) -> FastAPI:
    """The app over a server's flows.

    :param log_addresses: whether the log names the network addresses of callers.
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
    problems.install(app)
    for module in (
        purposes, galleries, enrolments, imports, consent, subjects, stations, sessions, personal, reviews, decisions,
        readings, api_keys, health, log_routes,
    ):  # fmt: skip
        app.include_router(module.router)
    pages.install(app)
    app.add_middleware(BoundedBody, require_proof=require_proof)
    app.add_middleware(Frame, log_addresses=log_addresses)
    return app


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    """Load the galleries, then purge what is over for as long as the server runs."""
    services: Services = app.state.services
    try:
        app.state.loaded = await run_in_threadpool(services.live.load)
    except Exception as error:
        log.error("not_loaded", error=type(error).__name__, trace=trace(error))  # noqa: TRY400 -- as below
        raise
    log.info("ready", subjects=app.state.loaded.subjects, left_out=app.state.loaded.left_out)
    tasks = [asyncio.create_task(going_on(services)) for going_on in (_purge_on, _publish_on)]
    yield
    for task in tasks:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    with suppress(Exception):  # what is not published now is so after the next start
        await run_in_threadpool(services.publisher.publish)
    services.close()
    with suppress(Exception):  # when keys were last used is not worth a failed stop
        await run_in_threadpool(services.api_keys.tidy)


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


async def _purge_on(services: Services) -> None:
    for turn in count():
        try:
            await run_in_threadpool(services.withdraw.purge, thorough=turn % _THOROUGH_EVERY == 0)
            if turn:  # at the start no key was used yet, and none that has run out works
                await run_in_threadpool(services.api_keys.tidy)
        except Exception as error:  # noqa: BLE001 -- one failed purge must not end all later ones
            log.error("purge_failed", error=type(error).__name__, trace=trace(error))  # noqa: TRY400 -- its text could carry data
        await asyncio.sleep(services.purge_every_s)
