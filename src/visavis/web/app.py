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
from visavis.web import pages, problems
from visavis.web.body import BoundedBody
from visavis.web.frame import Frame
from visavis.web.routes import (
    api_keys,
    consent,
    decisions,
    enrolments,
    galleries,
    health,
    personal,
    purposes,
    reviews,
    sessions,
    stations,
    subjects,
)
from visavis.web.services import Services
from visavis.wire.shape import Problem

# 422 is named too, or FastAPI would describe a shape of its own for it.
_REFUSED: dict[str, Any] = {
    "description": "Refused; `mend` says what to do.",
    "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}

_THOROUGH_EVERY = 60
"""Of so many purges one reads every signed date."""

log = get_logger(__name__)


class _App(FastAPI):
    """An app whose OpenAPI document has the shape of problems, which no route names as its own answer."""

    def openapi(self) -> dict[str, Any]:
        """See FastAPI."""
        document = super().openapi()
        document["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        return document


def create_app(services: Services) -> FastAPI:
    """The app over a server's flows."""
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
        purposes, galleries, enrolments, consent, subjects, stations, sessions, personal, reviews, decisions, api_keys,
        health,
    ):  # fmt: skip
        app.include_router(module.router)
    pages.install(app)
    app.add_middleware(BoundedBody)
    app.add_middleware(Frame)
    return app


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    """Load the galleries, then purge what is over for as long as the server runs."""
    services: Services = app.state.services
    app.state.loaded = await run_in_threadpool(services.live.load)
    log.info("ready", subjects=app.state.loaded.subjects, left_out=app.state.loaded.left_out)
    purging = asyncio.create_task(_purge_on(services))
    yield
    purging.cancel()
    with suppress(asyncio.CancelledError):
        await purging


async def _purge_on(services: Services) -> None:
    for turn in count():
        try:
            await run_in_threadpool(services.withdraw.purge, thorough=turn % _THOROUGH_EVERY == 0)
        except Exception as error:  # noqa: BLE001 -- one failed purge must not end all later ones
            log.error("purge_failed", error=type(error).__name__)  # noqa: TRY400 -- a traceback could carry data
        await asyncio.sleep(services.purge_every_s)
