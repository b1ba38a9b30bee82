"""The body of a request: bounded while it comes in, digested for signatures, never written to a disk."""

import hashlib
from collections.abc import Callable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.formparsers import MultiPartParser
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from visavis.model.access import BodyTooLarge, RateLimited
from visavis.model.consent import MAX_PHOTOS
from visavis.model.errors import VisavisError
from visavis.model.image import MAX_BYTES
from visavis.web.problems import problem_response

MAX_BODY: Final = MAX_PHOTOS * MAX_BYTES + 64 * 1024
"""Largest body accepted, in bytes: as many photos as one enrolment takes."""

STRANGERS_BODY: Final = 128 * 1024
"""Largest body, in bytes, that is taken in before anything shows who is calling: the longest countersignature fits."""

_DIGITS: Final = 18
_AGAIN_S: Final = 2.0

# Starlette writes large uploads to a temporary file; a photo must not touch the disk, so the bound is never reached.
MultiPartParser.spool_max_size = MAX_BODY + 1


class BoundedBody:
    """ASGI middleware. ``scope["state"]["body_sha256"]`` is the digest of the whole body.

    :param require_proof: raises what is wrong where the headers do not show a caller whom we know. It is asked before
        more than ``STRANGERS_BODY`` is taken in, and may name the caller: of one of that name, one such body at a time
        is taken in.
    """

    def __init__(self, app: ASGIApp, *, require_proof: Callable[[Request], str | None]) -> None:
        self._app = app
        self._require_proof = require_proof
        self._sending: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take the body in, then hand the request on with it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        senders: list[str] = []
        try:
            await self._hand_on(scope, receive, send, senders)
        finally:
            self._sending.difference_update(senders)

    async def _hand_on(self, scope: Scope, receive: Receive, send: Send, senders: list[str]) -> None:
        """The same; who is named is among ``senders`` from the moment on that they are counted as sending."""
        try:
            body = await self._read(scope, receive, senders)
        except ClientDisconnect:
            return  # half a request is none; nobody is there to be told
        except VisavisError as error:
            await problem_response(error, request_id=scope["state"]["request_id"])(scope, receive, send)
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

    async def _read(self, scope: Scope, receive: Receive, senders: list[str]) -> bytes:
        """The whole body.

        1. What is announced is not too large. 2. What comes is not. 3. Beyond what strangers may send, whoever sends it
        is known; where that much is announced they are asked before any of it is taken in.

        :raises BodyTooLarge: 1 and 2. :raises VisavisError: 3; what ``require_proof`` raises. :raises RateLimited: 3;
            whoever is named is sending already.
        """
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or len(announced) > _DIGITS or int(announced) > MAX_BODY:
            raise BodyTooLarge
        parts: list[bytes] = []
        size, known = 0, False
        while True:
            if not known and max(size, int(announced)) > STRANGERS_BODY:
                self._count(await run_in_threadpool(self._require_proof, Request(scope)), senders)
                known = True
            message = await receive()
            if message["type"] != "http.request":
                raise ClientDisconnect
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > MAX_BODY:
                raise BodyTooLarge
            if not message.get("more_body", False):
                return b"".join(parts)

    def _count(self, name: str | None, senders: list[str]) -> None:
        if name is None:
            return
        if name in self._sending:
            raise RateLimited("Photos are being sent with this link already.", retry_after_s=_AGAIN_S)
        self._sending.add(name)
        senders.append(name)
