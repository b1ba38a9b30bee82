"""Is it alive, is it ready, and which key signs its offers."""

from fastapi import APIRouter, Request

from visavis.model.access import NotReady
from visavis.web.auth import Flows
from visavis.wire.health import ControllerKeys, Health, Ready

router = APIRouter(tags=["health"])


@router.get("/healthz", response_model_exclude_none=True)
def healthz(flows: Flows) -> Health:
    """Is the process alive, how far are its galleries in memory, and which liveness modes can it check?"""
    loaded = flows.live.loaded
    modes = list(flows.checkable.names)
    if loaded.is_complete:
        return Health(liveness=modes)
    return Health(status="loading", subjects=loaded.subjects, people=loaded.people, liveness=modes)


@router.get("/readyz")
def readyz(request: Request) -> Ready:
    """Has it loaded all its galleries? Those that it has are served before that."""
    loaded = request.app.state.loaded
    if loaded is None:
        raise NotReady("Not every gallery is in memory yet.", retry_after_s=1)
    return Ready(subjects=loaded.subjects, left_out=loaded.left_out)


@router.get("/.well-known/jwks.json")
def controller_key(flows: Flows) -> ControllerKeys:
    """The public key that offers are signed with (RFC 7517)."""
    key = flows.keyring.controller
    members = {name: str(value) for name, value in key.as_dict(private=False).items()}
    return ControllerKeys(keys=[{**members, "kid": key.thumbprint(), "use": "sig", "alg": "Ed25519"}])
