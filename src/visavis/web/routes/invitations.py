"""Inviting somebody to enrol themselves: always answered 202 PENDING.

They read the purpose behind the link, send photos of their own through it, and countersign.
"""

from fastapi import APIRouter, Request, Response

from visavis.web.auth import Enroller, Flows
from visavis.web.writes import IdempotencyKey, fingerprint, written
from visavis.wire.people import InvitedAnswer, InviteRequest

router = APIRouter(prefix="/v1/galleries/{gallery_id}/invitations", tags=["enrolments"])


@router.post("", status_code=202, response_model=InvitedAnswer)
def invite(
    request: Request,
    gallery_id: str,
    body: InviteRequest,
    flows: Flows,
    key: Enroller,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Invite one person to send photos of their own and agree. An older link of theirs is void, and what it brought."""

    def act() -> tuple[InvitedAnswer, str]:
        offered = flows.enrol.invite(
            gallery_id=gallery_id, external_reference=body.external_reference, guardian_until=body.guardian_until
        )
        answer = InvitedAnswer(
            enrolment_id=offered.enrolment_id,
            subject_id=offered.subject_id,
            enrol_link=f"{flows.base_url}/enrol#{offered.link_secret}",
            expires_at=offered.expires_at,
        )
        return answer, offered.subject_id

    asked = fingerprint(request, body.model_dump_json())
    return written(flows, caller=key.id, key=idempotency_key, fingerprint=asked, act=act, status=202)
