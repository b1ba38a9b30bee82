"""The body of a request: bounded while it comes in, digested for signatures, never written to a disk."""

import hashlib
from typing import Final

from starlette.formparsers import MultiPartParser
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from visavis.model.access import BodyTooLarge
from visavis.model.consent import MAX_PHOTOS
from visavis.model.image import MAX_BYTES
from visavis.web.problems import problem_response

MAX_BODY: Final = MAX_PHOTOS * MAX_BYTES + 64 * 1024
"""Largest body accepted, in bytes: as many photos as one enrolment takes."""

_DIGITS: Final = 18

# Starlette writes large uploads to a temporary file; a photo must not touch the disk, so the bound is never reached.
MultiPartParser.spool_max_size = MAX_BODY + 1


class BoundedBody:
    """ASGI middleware. ``scope["state"]["body_sha256"]`` is the digest of the whole body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the body in, then hand the request on with it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            body = await _read(scope, receive)
        except ClientDisconnect:
            return  # half a request is none; nobody is there to be told
        if body is None:
            await problem_response(BodyTooLarge(), request_id=scope["state"]["request_id"])(scope, receive, send)
            return
        scope["state"]["body_sha256"] = hashlib.sha256(body).digest()
        handed_on = False

        async def replay() -> Message:
            nonlocal handed_on
            if handed_on:
                return await receive()
            handed_on = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, replay, send)


async def _read(scope: Scope, receive: Receive) -> bytes | None:
    announced = dict(scope["headers"]).get(b"content-length", b"0")
    if not announced.isdigit() or len(announced) > _DIGITS or int(announced) > MAX_BODY:
        return None
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        part = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)
