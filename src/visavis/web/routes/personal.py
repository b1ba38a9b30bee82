"""Personal sessions (1:1 with their owner) and the grant of a document check."""

from fastapi import APIRouter, Request, Response

from visavis.consent.receipt import GRANT_STATEMENT
from visavis.flows.sessions import Opened
from visavis.model.access import NotFound
from visavis.model.station import SessionKind
from visavis.web.auth import Flows, LinkSecret, Operator, PersonId
from visavis.web.routes.decisions import record_answer
from visavis.web.routes.sessions import Photo, decision_answer, session_answer
from visavis.web.writes import IdempotencyKey, fingerprint, written
from visavis.wire.deciding import (
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


@router.post("/v1/personal-sessions", status_code=201, response_model=InvitationAnswer)
def invite(
    request: Request, body: InvitationRequest, flows: Flows, key: Operator, idempotency_key: IdempotencyKey = None
) -> Response:
    """Prepare a session for one person, who opens it on their own device."""

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
def outcome(session_id: str, flows: Flows, _key: Operator) -> DecisionRecord:
    """What was decided in a personal session."""
    with flows.store.read() as tx:
        decision = tx.decisions.first(session_id=session_id, kind=SessionKind.PERSONAL)
    if decision is None:
        raise NotFound("Nothing was decided in this session yet.")
    return record_answer(decision)


@router.post("/v1/personal-sessions/opening")
def open_personal(body: OpenPersonalRequest, flows: Flows, subject_id: PersonId) -> SessionAnswer:
    """Open the session that was prepared for the person who signed."""
    session = flows.sessions.open_personal(body.link_secret, subject_id=subject_id)
    return session_answer(flows, Opened(session))


@router.post("/v1/personal-sessions/{session_id}/verify")
def verify_oneself(session_id: str, photo: Photo, flows: Flows, subject_id: PersonId) -> DecisionAnswer:
    """1:1 with the person who signed; nobody else can be asked for."""
    return decision_answer(flows.verify.oneself(photo.file.read(), session_id=session_id, subject_id=subject_id))


@router.get("/v1/grant")
def grant_terms(flows: Flows, link: LinkSecret) -> GrantTermsAnswer:
    """What the holder of a document is asked."""
    session, text, controller = flows.sessions.grant_terms(link)
    return GrantTermsAnswer(
        session_id=session.id,
        controller=controller,
        text=text.text,
        statement=GRANT_STATEMENT,
        expires_at=session.expires_at,
    )


@router.post("/v1/grant")
def grant(body: GrantRequest, flows: Flows, link: LinkSecret) -> SessionAnswer:
    """Grant one document check."""
    return session_answer(flows, Opened(flows.sessions.grant(link, grant=body.grant)))
