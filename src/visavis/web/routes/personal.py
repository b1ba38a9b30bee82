"""Personal sessions (1:1 with their owner) and the grant of a document check."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from visavis.consent.sentences import sentences_in
from visavis.flows.sessions import Opened
from visavis.model.access import ApiKey, Scope
from visavis.model.challenge import Variant
from visavis.web.auth import Flows, LinkSecret, PersonId, ReadingOperator, key_with, opening
from visavis.web.captures import Shown
from visavis.web.routes.decisions import record_answer
from visavis.web.routes.sessions import challenge_answer, decision_answer, session_answer
from visavis.web.writes import IdempotencyKey, fingerprint, written
from visavis.wire.deciding import (
    ChallengeAnswer,
    ChallengeRequest,
    DecisionAnswer,
    DecisionRecord,
    GrantRequest,
    GrantTermsAnswer,
    InvitationAnswer,
    InvitationRequest,
    OpenPersonalRequest,
    SessionAnswer,
)

router = APIRouter(tags=["personal sessions and grants"])


_Inviter = Annotated[ApiKey, Depends(key_with(Scope.OPERATE, bounds_itself=True))]


@router.post("/v1/personal-sessions", status_code=201, response_model=InvitationAnswer)
def invite(
    request: Request, body: InvitationRequest, flows: Flows, key: _Inviter, idempotency_key: IdempotencyKey = None
) -> Response:
    """Prepare a session for one person, who opens it on their own device."""
    flows.reach.require(key, [("subject_id", body.subject_id)])

    def act() -> tuple[InvitationAnswer, str]:
        opened = flows.sessions.invite(body.subject_id, attended=body.attended)
        answer = InvitationAnswer(
            session_id=opened.session.id,
            link=f"{flows.base_url}/me#session={opened.link_secret}",
            expires_at=opened.session.expires_at,
        )
        return answer, body.subject_id

    asked = fingerprint(request, body.model_dump_json())
    return written(flows, caller=key.id, key=idempotency_key, fingerprint=asked, act=act)


@router.get("/v1/personal-sessions/{session_id}")
def outcome(session_id: str, flows: Flows, reader: ReadingOperator) -> DecisionRecord:
    """What was decided in a personal session. Say why you look: the person sees it."""
    return record_answer(flows.readings.personal_decision(session_id, reader=reader))


@router.post("/v1/personal-sessions/opening")
def open_personal(request: Request, body: OpenPersonalRequest, flows: Flows, subject_id: PersonId) -> SessionAnswer:
    """Open the session that was prepared for the person who signed."""
    with opening(request, flows, body.link_secret):
        session = flows.sessions.open_personal(body.link_secret, subject_id=subject_id)
    return session_answer(flows, Opened(session))


@router.post("/v1/personal-sessions/{session_id}/challenge", status_code=201)
def challenge(session_id: str, body: ChallengeRequest, flows: Flows, subject_id: PersonId) -> ChallengeAnswer:
    """Draw what the person is asked to do, once; the capture that answers it has to come within 20 s."""
    drawn = flows.sessions.draw(session_id, variant=Variant(body.variant), station_id=None, subject_id=subject_id)
    return challenge_answer(session_id, drawn)


@router.post("/v1/personal-sessions/{session_id}/verify")
def verify_oneself(session_id: str, flows: Flows, subject_id: PersonId, photo: Shown) -> DecisionAnswer:
    """1:1 with the person who signed; nobody else can be asked for."""
    return decision_answer(flows.verify.oneself(photo, session_id=session_id, subject_id=subject_id))


@router.get("/v1/grant")
def grant_terms(flows: Flows, link: LinkSecret) -> GrantTermsAnswer:
    """What the holder of a document is asked."""
    session, text, controller = flows.sessions.grant_terms(link)
    return GrantTermsAnswer(
        session_id=session.id,
        controller=controller,
        language=text.language,
        text=text.text,
        statement=sentences_in(text.language).grant,
        expires_at=session.expires_at,
    )


@router.post("/v1/grant")
def grant(body: GrantRequest, flows: Flows, link: LinkSecret) -> SessionAnswer:
    """Grant one document check."""
    return session_answer(flows, Opened(flows.sessions.grant(link, grant=body.grant)))
