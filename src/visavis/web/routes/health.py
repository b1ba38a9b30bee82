"""Is it alive, is it ready, and which key signs its offers."""

from typing import Any, Literal

from fastapi import APIRouter, Request

from visavis.model.access import NotReady
from visavis.web.auth import Flows
from visavis.wire.shape import Shape

router = APIRouter(tags=["health"])


class Health(Shape):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(Shape):
    """The server decides. ``left_out``: subjects whose stored rows or receipts did not check out at the start."""

    status: Literal["ready"] = "ready"
    subjects: int
    left_out: int


@router.get("/healthz")
def healthz() -> Health:
    """Is the process alive?"""
    return Health()


@router.get("/readyz")
def readyz(request: Request) -> Ready:
    """Has it loaded its galleries?"""
    loaded = request.app.state.loaded
    if loaded is None:
        raise NotReady
    return Ready(subjects=loaded.subjects, left_out=loaded.left_out)


@router.get("/.well-known/jwks.json")
def controller_key(flows: Flows) -> dict[str, Any]:
    """The public key that offers are signed with (RFC 7517)."""
    key = flows.keyring.controller
    return {"keys": [{**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": "Ed25519"}]}
