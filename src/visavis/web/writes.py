"""Writes that may be repeated: the Idempotency-Key header."""

import hashlib
from collections.abc import Callable
from typing import Annotated

import rfc8785
from fastapi import Header, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from visavis.flows.once import Done
from visavis.web.services import Services

IdempotencyKey = Annotated[
    str | None, Header(pattern=r"^[\x21-\x7e]{1,100}$", description="The same write again is answered as before.")
]


def fingerprint(request: Request, *parts: str | bytes) -> bytes:
    """A digest of what is asked, whatever form its body has (the boundary of a multipart body differs every time)."""
    hashed = [hashlib.sha256(p if isinstance(p, bytes) else p.encode()).hexdigest() for p in parts]
    return hashlib.sha256(rfc8785.dumps([request.method, request.url.path, hashed])).digest()


def written(
    services: Services,
    *,
    caller: str,
    key: str | None,
    fingerprint: bytes,
    act: Callable[[], tuple[BaseModel | None, str | None]],
    status: int = 201,
) -> Response:
    """Answer a write, and the same write again with the same answer.

    :param caller: whose key it is; two callers may use the same one.
    :param act: makes the answer, None where there is nothing to say, and names the subject it speaks of, if any.
    """

    def done() -> Done:
        answer, subject_id = act()
        return Done(status, None if answer is None else answer.model_dump(mode="json"), subject_id)

    result = done() if key is None else services.once.answer(caller=caller, key=key, fingerprint=fingerprint, act=done)
    if result.body is None:
        return Response(status_code=result.status)
    return JSONResponse(result.body, status_code=result.status)
