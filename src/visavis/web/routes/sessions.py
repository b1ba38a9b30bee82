"""Sessions at stations and the decisions made in them."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Response, UploadFile

from visavis.flows.deciding import Answer
from visavis.flows.sessions import Opened
from visavis.model.challenge import Challenge, Variant
from visavis.model.image import FORMATS
from visavis.model.station import SessionKind
from visavis.web.auth import Flows, StationId
from visavis.web.captures import Portrait, Shown
from visavis.web.services import Services
from visavis.wire.deciding import (
    AskedStep,
    ChallengeAnswer,
    ChallengeRequest,
    DecisionAnswer,
    OwnDataAnswer,
    Person,
    PinRequest,
    QrRequest,
    SessionAnswer,
    SessionRequest,
)
from visavis.wire.people import PinText
from visavis.wire.shape import Claim

router = APIRouter(prefix="/v1/sessions", tags=["sessions"])

Photo = Annotated[UploadFile, File(description=f"One photo of one person: {FORMATS}.")]


@router.post("", status_code=201)
def open_session(body: SessionRequest, flows: Flows, station_id: StationId) -> SessionAnswer:
    """Open a session because a person asked for it; it serves one attempt within 120 s."""
    return session_answer(flows, flows.sessions.open_at_station(station_id, SessionKind(body.kind)))


@router.delete("/{session_id}", status_code=204)
def close_session(session_id: str, flows: Flows, station_id: StationId) -> Response:
    """Give an unused session up."""
    flows.sessions.close(session_id, station_id=station_id)
    return Response(status_code=204)


@router.post("/{session_id}/challenge", status_code=201)
def challenge(session_id: str, body: ChallengeRequest, flows: Flows, station_id: StationId) -> ChallengeAnswer:
    """Draw what the person is asked to do, once; the capture that answers it has to come within 20 s."""
    drawn = flows.sessions.draw(session_id, variant=Variant(body.variant), station_id=station_id)
    return challenge_answer(session_id, drawn)


@router.post("/{session_id}/identify")
def identify(session_id: str, flows: Flows, station_id: StationId, photo: Shown) -> DecisionAnswer:
    """1:N: who of this station's gallery stands there, or nobody."""
    return decision_answer(flows.identify.photo(photo, session_id=session_id, station_id=station_id))


@router.post("/{session_id}/verify")
def verify(
    session_id: str,
    flows: Flows,
    station_id: StationId,
    photo: Shown,
    external_reference: Annotated[Claim, Form()],
) -> DecisionAnswer:
    """1:1: is this the person they say they are."""
    answer = flows.verify.at_station(photo, claim=external_reference, session_id=session_id, station_id=station_id)
    return decision_answer(answer)


@router.post("/{session_id}/document-check")
def document_check(
    session_id: str, flows: Flows, station_id: StationId, portrait: Portrait, document: Photo
) -> DecisionAnswer:
    """Compare a live portrait with the picture in a document; nothing of either is kept."""
    answer = flows.document_check.pictures(
        portrait=portrait, document=document.file.read(), session_id=session_id, station_id=station_id
    )
    return decision_answer(answer)


@router.post("/{session_id}/pin")
def pin(session_id: str, body: PinRequest, flows: Flows, station_id: StationId) -> DecisionAnswer:
    """The other way: a name and a PIN."""
    answer = flows.other_way.pin(
        claim=body.external_reference,
        pin=body.pin,
        session_id=session_id,
        station_id=station_id,
        disputed_decision_id=body.disputed_decision_id,
    )
    return decision_answer(answer)


@router.post("/{session_id}/qr")
def qr(session_id: str, body: QrRequest, flows: Flows, station_id: StationId) -> DecisionAnswer:
    """The other way: a QR credential."""
    answer = flows.other_way.qr(
        body.qr, session_id=session_id, station_id=station_id, disputed_decision_id=body.disputed_decision_id
    )
    return decision_answer(answer)


@router.post("/{session_id}/own-data")
def own_data(
    session_id: str,
    flows: Flows,
    station_id: StationId,
    photo: Shown,
    external_reference: Annotated[Claim, Form()],
    pin: Annotated[PinText, Form()],
) -> OwnDataAnswer:
    """Somebody without their receipt shows face and PIN together, to see what is held about them.

    Only at a station that a person watches, in a session to verify. Which of the two did not fit is not told.
    """
    known = flows.face_and_pin.at_station(
        photo, claim=external_reference, pin=pin, session_id=session_id, station_id=station_id
    )
    return OwnDataAnswer(
        **decision_answer(known.answer).model_dump(),
        me_link=None if known.link_secret is None else f"{flows.base_url}/me#visit={known.link_secret}",
        link_expires_at=known.expires_at,
    )


def session_answer(flows: Services, opened: Opened) -> SessionAnswer:
    """A session in its shape."""
    link = None if opened.link_secret is None else f"{flows.base_url}/grant#{opened.link_secret}"
    return SessionAnswer(
        session_id=opened.session.id,
        kind=opened.session.kind.value,
        state=opened.session.state.value,
        expires_at=opened.session.expires_at,
        liveness=flows.sessions.liveness_of(opened.session).value,
        grant_link=link,
    )


def challenge_answer(session_id: str, challenge: Challenge) -> ChallengeAnswer:
    """A challenge in its shape."""
    steps = [
        AskedStep(do=asked.step.value, pause_ms=asked.pause_ms, within_ms=asked.within_ms) for asked in challenge.steps
    ]
    return ChallengeAnswer(session_id=session_id, nonce=challenge.nonce, steps=steps, expires_at=challenge.expires_at)


def decision_answer(answer: Answer) -> DecisionAnswer:
    """A decision in its shape."""
    person = None
    if answer.subject_id is not None and answer.external_reference is not None:
        person = Person(subject_id=answer.subject_id, external_reference=answer.external_reference)
    return DecisionAnswer(
        decision_id=answer.decision_id,
        decision=answer.outcome.value,
        reason=answer.reason,
        guidance=answer.guidance,
        subject=person,
        retry_after_s=answer.retry_after_s,
    )
