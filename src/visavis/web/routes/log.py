"""The transparency log, for everybody: what C2SP tlog-tiles says, as files."""

import re
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, PlainTextResponse, Response

from visavis.model.access import NotFound
from visavis.web.auth import Flows

router = APIRouter(prefix="/log", tags=["log"])

_INDEX: Final = r"(?:x[0-9]{3}/){0,6}[0-9]{3}"
_TILE: Final = re.compile(rf"(?:[0-9]|[1-5][0-9]|6[0-3]|entries)/{_INDEX}(?P<part>\.p/[1-9][0-9]{{0,2}})?", re.ASCII)
_FOREVER: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_BRIEFLY: Final = {"Cache-Control": "public, max-age=1"}


@router.get("/checkpoint", response_class=PlainTextResponse)
def checkpoint(flows: Flows) -> Response:
    """The signed tree that is published (C2SP tlog-checkpoint), with the cosignatures of its witnesses."""
    published = flows.publisher.published
    if published is None:
        raise NotFound("Nothing is published yet.")
    return PlainTextResponse(str(published.note), headers=_BRIEFLY)


@router.get("/key", response_class=PlainTextResponse)
def key(flows: Flows) -> Response:
    """The log's key in one line. Whoever checks the log takes it from elsewhere, or once and for all."""
    return PlainTextResponse(f"{flows.publisher.trust.log}\n", headers=_BRIEFLY)


@router.get(
    "/tile/{path:path}",
    response_class=FileResponse,
    responses={200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}},
)
def tile(path: str, flows: Flows, request: Request) -> Response:
    """A tile of the tree, or a bundle of entries (C2SP tlog-tiles)."""
    if request.url.query or not _TILE.fullmatch(path):
        raise NotFound("There is no such tile.")
    file = flows.log_folder / "tile" / path
    if not file.is_file():
        raise NotFound("There is no such tile.")
    return FileResponse(file, media_type="application/octet-stream", headers=_FOREVER)
