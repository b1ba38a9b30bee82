"""What guides people before the camera, on their own device."""

import hashlib
from functools import lru_cache
from typing import Final

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from visavis.model.access import NotFound
from visavis.web.auth import Flows
from visavis.web.services import Services

router = APIRouter(prefix="/capture", include_in_schema=False)

_FOREVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_ASKED_FOR: Final = {"Cache-Control": "no-cache"}


@router.get("/face-finder")
def face_finder(flows: Flows) -> RedirectResponse:
    """Where the network is that finds faces: its address names its digest, so that it is fetched once."""
    digest = _digest(_network(flows))
    return RedirectResponse(f"/capture/face-finder/{digest}.onnx", status_code=307, headers=_ASKED_FOR)


@router.get("/face-finder/{digest}.onnx")
def face_finder_bytes(digest: str, flows: Flows) -> Response:
    """The network itself, an ONNX file whose SHA-256 is in its address."""
    network = _network(flows)
    if digest != _digest(network):
        raise NotFound("This server has no face finder with this digest.")
    return Response(network, media_type="application/octet-stream", headers=_FOREVER)


def _network(flows: Services) -> bytes:
    if flows.face_finder is None:
        raise NotFound("This server has no face finder for pages.")
    return flows.face_finder


@lru_cache(maxsize=1)
def _digest(network: bytes) -> str:
    return hashlib.sha256(network).hexdigest()
