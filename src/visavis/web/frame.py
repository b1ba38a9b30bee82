"""What is around every request: an identifier, strict headers, a line in the log, a problem where something broke."""

import secrets
import time
from typing import Protocol

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog import get_logger

from visavis.logs import METHODS
from visavis.web import problems

_POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action {forms}; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_ONLY_TLS = {"Strict-Transport-Security": "max-age=31536000"}
"""For a year; a browser takes no notice where it does not trust the certificate, as in a trial."""
_FEATURES = "camera=({camera}), microphone=(), geolocation=()"

_WITH_FORMS = frozenset({"/plan"})
"""Pages that ask this server with a form, so that they work without a script. What is typed there is about nobody."""

_WITH_CAMERA = frozenset({"/enrol", "/me", "/station"})
"""Pages that show the person their own camera, when they start it."""

_WITH_GUIDANCE = frozenset({"/enrol", "/me", "/station"})
"""Pages that find the face on the person's own device, with WebAssembly: it is compiled, and no text becomes code."""

_OFTEN = frozenset({"/healthz", "/readyz", "/static", "/metrics"})
"""Routes whose calls say nothing: they are told at ``debug`` only."""

_FAULT = 500

log = get_logger(__name__)


def rules_of(path: str, *, scheme: str = "http") -> dict[str, str]:
    """The headers that say what a browser may load, run and use at ``path``.

    No script is made of a text, and there is a camera only where photos are taken. No other site has a hold on a page
    that it opened, nor on what is loaded from here; who came by TLS (``scheme``) comes by it again.
    """
    policy = _POLICY.format(
        scripts="'self' 'wasm-unsafe-eval'" if path in _WITH_GUIDANCE else "'self'",
        forms="'self'" if path in _WITH_FORMS else "'none'",
    )
    features = _FEATURES.format(camera="self" if path in _WITH_CAMERA else "")
    always = _HEADERS | (_ONLY_TLS if scheme == "https" else {})
    return {**always, "Content-Security-Policy": policy, "Permissions-Policy": features}


class Measure(Protocol):
    """Told what a request took, and at which door."""

    def __call__(self, *, method: str, route: str, status: int | None, duration_s: float) -> None:
        """Take it in. ``status`` is None where the caller hung up before there was an answer."""


class Frame:
    """ASGI middleware. ``scope["state"]["request_id"]`` names the request, as does the answer's ``Request-Id``.

    A request is one line of the log: what was called and what came of it. The route's template stands for the path,
    since identifiers are in paths; nothing of the query, the headers, the body or the answer is told.

    :param log_addresses: whether the line names the caller's network address.
    :param measure: told the same of each request, with neither identifier nor address.
    """

    def __init__(self, app: ASGIApp, *, log_addresses: bool = False, measure: Measure | None = None) -> None:
        self._app = app
        self._log_addresses = log_addresses
        self._measure = measure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, and frame what comes back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        begun_at = time.perf_counter()
        status: int | None = None

        async def framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.update(
                    {**rules_of(scope["path"], scheme=scope.get("scheme", "http")), "Request-Id": request_id}
                )
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            await self._app(scope, receive, framed)
        except Exception as error:  # noqa: BLE001 -- whatever it was, the caller gets a problem and the log no data
            answer = problems.fault(error, request_id=request_id)
            if status is None:  # else the answer is half-way out, and breaks off
                await answer(scope, receive, framed)
        finally:
            self._tell(scope, status, duration_s=time.perf_counter() - begun_at)

    def _tell(self, scope: Scope, status: int | None, *, duration_s: float) -> None:
        """Log the request. ``status`` is None where the caller hung up before there was an answer."""
        route = _template(scope)
        method = scope["method"] if scope["method"] in METHODS else "other"
        if self._measure is not None:
            self._measure(method=method, route=route, status=status, duration_s=duration_s)
        tell = log.debug if route in _OFTEN else log.info if status is None or status < _FAULT else log.error
        tell(
            "request",
            request_id=scope["state"]["request_id"],
            method=method,
            route=route,
            status=status,
            duration_ms=round(1000 * duration_s, 1),
            code=scope["state"].get("code"),
            caller=scope["state"].get("caller", "none"),
            address=scope["client"][0] if self._log_addresses and scope.get("client") else None,
        )


def _template(scope: Scope) -> str:
    """The template of the route that answered; where none did, none of the address."""
    if "route" in scope:
        return str(scope["route"].path_format)
    if scope.get("root_path"):  # of what is mounted, what is below is a caller's word
        return str(scope["root_path"])
    # A route of the framework's own has no template, but where nothing in a path varies it is its own.
    return str(scope["path"]) if "endpoint" in scope and not scope.get("path_params") else "none"
