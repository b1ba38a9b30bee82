"""A server that has its data and not its keys: it takes its custodians' shares, and refuses everything else.

When the last share that is needed is in, the same process opens the key store and serves the real app.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send
from structlog import get_logger

from visavis import __version__
from visavis.flows.unseal import Gathering, Opened
from visavis.model.access import BodyTooLarge
from visavis.model.custodians import NotSealed, ServerSealed, ShareForeign, ShareMalformed, SharesWrong
from visavis.model.errors import VisavisError
from visavis.web import problems, texts
from visavis.web.body import BoundedBody
from visavis.web.custodians import from_custodian
from visavis.web.frame import Frame
from visavis.web.modules import STATIC
from visavis.web.pages import templates
from visavis.web.rates import Rates
from visavis.wire.health import Health
from visavis.wire.seal import SealState, ShareRequest

log = get_logger(__name__)

OpenApp = Callable[[Opened], FastAPI]
"""Makes the real app of what a quorum gave; may take as long as loading models does."""


class SealedServer:
    """ASGI app: sealed at first, and the real one from the moment it is open.

    :param open_app: called once, in a thread of its own.
    :param failed: told why the real app did not open. The process has to end: the shares are spent.
    """

    def __init__(
        self,
        gathering: Gathering,
        *,
        open_app: OpenApp,
        failed: Callable[[Exception], None],
        rates: Rates,
        log_addresses: bool = False,
    ) -> None:
        self._gathering = gathering
        self._open_app = open_app
        self._failed = failed
        self._over: asyncio.Event | None = None
        self._opening: asyncio.Task[None] | None = None
        self._real: FastAPI | None = None
        self._sealed = self._make(rates, log_addresses=log_addresses)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to whichever app there is; the sealed one lives as long as the process."""
        is_sealed = self._real is None or scope["type"] == "lifespan"
        await (self._sealed if is_sealed or self._real is None else self._real)(scope, receive, send)

    def state(self) -> SealState:
        """How far it is."""
        so_far = self._gathering.given()
        if self._opening is not None:
            return SealState(state="OPENING", given=so_far.needed, needed=so_far.needed)
        return SealState(state="SEALED", given=so_far.given, needed=so_far.needed)

    def take(self, request: Request, rates: Rates, words: str) -> Opened | None:
        """One share; what they opened, where it was the last one needed.

        :raises VisavisError: it was refused; the leaf says why.
        """
        with from_custodian(request, rates, ShareMalformed, ShareForeign, SharesWrong):
            found = self._gathering.give(words)
        log.info("share_given")
        return found if isinstance(found, Opened) else None

    def open(self, opened: Opened) -> None:
        """Begin to open the real app; called in the event loop."""
        if self._opening is not None:
            raise NotSealed
        log.info("unsealing")
        self._opening = asyncio.create_task(self._live(opened))

    async def _live(self, opened: Opened) -> None:
        """The real app's life, in one task from its beginning to its end."""
        over = self._over
        try:
            app = await run_in_threadpool(self._open_app, opened)
            del opened
            async with app.router.lifespan_context(app):
                self._real = app
                if over is not None:
                    await over.wait()
        except Exception as error:  # noqa: BLE001 -- whatever it was, the process ends and says why
            self._failed(error)

    @asynccontextmanager
    async def _life(self, _app: FastAPI) -> AsyncIterator[None]:
        self._over = asyncio.Event()
        log.info("sealed")
        yield
        self._over.set()
        if self._opening is not None:
            await self._opening

    def _make(self, rates: Rates, *, log_addresses: bool) -> FastAPI:
        app = FastAPI(
            title="Visavis, sealed",
            version=__version__,
            lifespan=self._life,
            docs_url=None,
            redoc_url=None,
            openapi_url=None,
        )
        problems.install(app)
        app.add_exception_handler(HTTPException, self._refuse)
        _add_doors(app, self, rates)
        app.mount("/static", StaticFiles(directory=STATIC), name="static")
        app.include_router(texts.router)
        app.add_middleware(BoundedBody, require_proof=_refuse_large)
        app.add_middleware(Frame, log_addresses=log_addresses)
        return app

    def _refuse(self, request: Request, _error: Exception) -> JSONResponse:
        """What every other door answers, whatever it is and whether it is there."""
        return problems.problem_response(self._why(), request_id=request.state.request_id)

    def _why(self) -> VisavisError:
        state = self.state()
        if state.state == "OPENING":
            return ServerSealed("The shares are in; the server is loading.", retry_after_s=5)
        said = f"{state.given} of {state.needed} custodians have given their shares."
        return ServerSealed(said, retry_after_s=30)


def _add_doors(app: FastAPI, server: SealedServer, rates: Rates) -> None:
    @app.get("/healthz")
    def healthz() -> Health:
        """Is the process alive?"""
        return Health(status="sealed")

    @app.get("/unseal")
    def page(request: Request) -> HTMLResponse:
        """Where custodians give their shares."""
        return templates.shown(request, "unseal.html")

    @app.get("/v1/unseal")
    def state() -> SealState:
        """How many custodians have given their shares."""
        return server.state()

    @app.post("/v1/unseal")
    async def unseal(request: Request, body: ShareRequest) -> SealState:
        """Give one share."""
        opened = await run_in_threadpool(server.take, request, rates, body.words)
        if opened is not None:
            server.open(opened)
        return server.state()


def _refuse_large(_request: Request) -> None:
    raise BodyTooLarge
