"""Everything that is held about one person, as a signed file: for the person, and for the operator on their word."""

from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from visavis.flows.archive import About
from visavis.web.archive import MEDIA_TYPE, packed
from visavis.web.auth import Flows, OwnerId, ReadingOperator
from visavis.web.services import Services
from visavis.web.texts import language_of

router = APIRouter(tags=["subjects"])

_ZIP: Final[dict[int | str, Any]] = {200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}}


@router.get("/v1/me/archive", response_class=Response, responses=_ZIP)
def take_mine_along(request: Request, flows: Flows, subject_id: OwnerId) -> Response:
    """Everything that is held about the person who signed, for them to keep: a zip file, signed by the controller.

    The page in it is in the language of ``Accept-Language``, English or German.
    """
    return _answer(request, flows, flows.archives.own(subject_id))


@router.post("/v1/subjects/{subject_id}/archive", response_class=Response, responses=_ZIP)
def make_on_their_word(subject_id: str, request: Request, flows: Flows, reader: ReadingOperator) -> Response:
    """The same for somebody who asked for it, to be handed to them. Say so as the reason: the person sees it.

    It has no numbers of templates, and not what opens the person's entries in the log: they get those with their
    receipt.
    """
    return _answer(request, flows, flows.archives.on_their_word(subject_id, reader=reader))


def _answer(request: Request, flows: Services, about: About) -> Response:
    name = f"visavis-about-{about.subject_id[-6:]}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    content = packed(about, language=language_of(request), sign=flows.archives.signed)
    return Response(content, media_type=MEDIA_TYPE, headers=headers)
