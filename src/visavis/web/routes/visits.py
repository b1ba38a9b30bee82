"""Visits: a person without their receipt, known by face and PIN, reads what is held about them for a few minutes."""

import binascii
from base64 import urlsafe_b64decode

from fastapi import APIRouter, Response

from visavis.model.visit import VisitKeyRefused
from visavis.web.auth import Flows, LinkSecret, VisitId
from visavis.wire.people import VisitAnswer, VisitRequest

router = APIRouter(tags=["subjects"])


@router.post("/v1/visits", status_code=201)
def begin_visit(body: VisitRequest, flows: Flows, link: LinkSecret) -> VisitAnswer:
    """Open the link that a station showed, once, with a key that was made for it.

    Until the visit is over ``/v1/me``, its log, its archive and its withdrawal take requests that are signed with that
    key in the name of ``visit_id``. The person sees later that somebody was there.
    """
    visit = flows.visits.open(link, public_key=_raw(body.public_key))
    return VisitAnswer(visit_id=visit.id, subject_id=visit.subject_id, expires_at=visit.expires_at)


@router.post("/v1/visits/end", status_code=204)
def end_visit(flows: Flows, visit_id: VisitId) -> Response:
    """The person is done: the key that signed this opens nothing more."""
    flows.visits.end(visit_id)
    return Response(status_code=204)


def _raw(public_key: str) -> bytes:
    try:
        return urlsafe_b64decode(public_key + "=")
    except binascii.Error:
        raise VisitKeyRefused from None
