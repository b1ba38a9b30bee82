"""What is around every request: an identifier, strict headers, and a problem where something broke."""

import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from visavis.web import problems

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}


class Frame:
    """ASGI middleware. ``scope["state"]["request_id"]`` names the request, as does the answer's ``Request-Id``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, and frame what comes back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        begun = False

        async def framed(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                MutableHeaders(scope=message).update({**_HEADERS, "Request-Id": request_id})
            await send(message)

        try:
            await self._app(scope, receive, framed)
        except Exception as error:  # noqa: BLE001 -- whatever it was, the caller gets a problem and the log no data
            answer = problems.fault(error, request_id=request_id)
            if not begun:  # else the answer is half-way out, and breaks off
                await answer(scope, receive, framed)
