"""What is held about one person: for the operator, and for the person."""

from base64 import urlsafe_b64encode
from contextlib import suppress
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response

from visavis.flows.held import Held
from visavis.flows.log import OwnEntry
from visavis.model.access import NotFound
from visavis.model.consent import SubjectState
from visavis.web.auth import Flows, OwnerId, ReadingOperator
from visavis.web.pagination import page_of
from visavis.web.services import Services
from visavis.web.writes import IdempotencyKey, fingerprint, written
from visavis.wire.log import Index, OwnEntryAnswer, OwnLogAnswer
from visavis.wire.people import OtherWay, OwnAnswer, OwnDecision, OwnReading, ReceiptAnswer, SubjectAnswer

router = APIRouter(tags=["subjects"])

_CONSENTED = "CONSENTED"
_PAGE: Final = 200
_AGREED = (SubjectState.ACTIVE.value, SubjectState.HELD.value)


def subject_answer(held: Held) -> SubjectAnswer:
    """Everything that is held, in its shape."""
    return SubjectAnswer(
        subject_id=held.subject.id,
        state=held.subject.state.value,
        external_reference=held.external_reference,
        gallery_id=held.gallery.id,
        gallery=held.gallery.name,
        purpose_id=held.purpose.id,
        purpose=held.purpose.name,
        controller=held.purpose.controller,
        contact=held.purpose.contact,
        model_id=held.gallery.model_id,
        references=[reference.created_at for reference in held.references],
        receipts=[
            ReceiptAnswer(receipt_id=r.id, offer=r.offer, countersignature=r.countersignature, expires_at=r.expires_at)
            for r in held.receipts
        ],
        other_way=held.other_way,
        decisions=[
            OwnDecision(
                decision_id=d.id,
                kind=d.kind.value,
                means=d.means.value,
                outcome=d.outcome.value,
                reason=d.reason,
                station_id=d.station_id,
                decided_at=d.decided_at,
            )
            for d in held.decisions
        ],
        created_at=held.subject.created_at,
    )


@router.get("/v1/subjects/{subject_id}")
def show_subject(
    subject_id: str,
    flows: Flows,
    reader: ReadingOperator,
    *,
    with_name: Annotated[bool, Query(description="False: without your own name for them, and recorded so.")] = True,
) -> SubjectAnswer:
    """What is held about one person. Say why you look: the person sees it, and whether you were told their name."""
    read = flows.readings.subject if with_name else flows.readings.unnamed
    return subject_answer(read(subject_id, reader=reader))


@router.post("/v1/subjects/{subject_id}/withdrawal", status_code=204)
def withdraw_for(
    request: Request, subject_id: str, flows: Flows, reader: ReadingOperator, idempotency_key: IdempotencyKey = None
) -> Response:
    """Withdraw on the person's word. Once it returned, no decision is MATCH.

    Say how you know that they want it: it is entered into the log with your name, and the proof of the erasure tells it
    for as long as there is one.
    """

    def act() -> tuple[None, None]:
        flows.withdraw.subject(subject_id, on_their_word=reader)
        return None, None

    asked = fingerprint(request, reader.reason)
    return written(flows, caller=reader.key.id, key=idempotency_key, fingerprint=asked, act=act, status=204)


@router.post("/v1/subjects/{subject_id}/credentials", status_code=201, response_model=OtherWay)
def new_credentials(
    request: Request, subject_id: str, flows: Flows, reader: ReadingOperator, idempotency_key: IdempotencyKey = None
) -> Response:
    """A new PIN and QR credential for somebody who lost theirs; the former ones stop working at once.

    Say why you make them: the person sees it, and who made them.
    """

    def act() -> tuple[OtherWay, str]:
        issued = flows.credentials.renew(subject_id, reader=reader)
        return OtherWay(pin=issued.pin, qr=issued.qr), subject_id

    asked = fingerprint(request, reader.reason)
    return written(flows, caller=reader.key.id, key=idempotency_key, fingerprint=asked, act=act)


@router.get("/v1/me")
def show_me(flows: Flows, subject_id: OwnerId) -> OwnAnswer:
    """What is held about the person who signed, and who looked at it.

    That an operator has to look first is not told (rule S3).
    """
    held, looked = flows.readings.own(subject_id)
    with flows.store.read() as tx:
        offered, renewable = flows.ageing.is_offered(tx, held), flows.renew.renewable(tx, held)
    fields = subject_answer(held).model_dump()
    readings = [
        OwnReading(kind=one.reading.kind.value, key_name=one.key_name, reason=one.reason, read_at=one.reading.read_at)
        for one in looked
    ]
    state = _CONSENTED if fields["state"] in _AGREED else fields["state"]
    return OwnAnswer(**{**fields, "state": state}, readings=readings, new_photos_offered=offered, renewable=renewable)


@router.get("/v1/me/log")
def show_my_log(flows: Flows, subject_id: OwnerId) -> OwnLogAnswer:
    """What the transparency log says about the person who signed: each entry, what opens it, and that it is there."""
    return _own_log(flows, subject_id, after=-1)


@router.get("/v1/me/log/{after}")
def show_more_of_my_log(after: Index, flows: Flows, subject_id: OwnerId) -> OwnLogAnswer:
    """The next page: what comes after the entry at this index. It is in the path, which is signed; a query is not."""
    return _own_log(flows, subject_id, after=after)


@router.post("/v1/me/withdrawal", status_code=204)
def withdraw_me(flows: Flows, subject_id: OwnerId) -> Response:
    """Withdraw. Once it returned, no decision is MATCH, and the key that signed this opens nothing more."""
    with suppress(NotFound):  # withdrawn a moment ago by another request: what was asked for is so
        flows.withdraw.subject(subject_id)
    return Response(status_code=204)


def _own_log(flows: Services, subject_id: str, *, after: int) -> OwnLogAnswer:
    found = flows.log.own(subject_id, after=after, limit=_PAGE + 1)
    page = page_of(found, limit=_PAGE, shape=_own_entry, id_of=lambda own: str(own.index))
    return OwnLogAnswer(items=page.items, next=page.next, log_key=str(flows.publisher.trust.log))


def _own_entry(own: OwnEntry) -> OwnEntryAnswer:
    return OwnEntryAnswer(
        index=own.index,
        entry=own.entry.decode("ascii"),
        salt=urlsafe_b64encode(own.opened.salt).rstrip(b"=").decode(),
        details=dict(own.opened.details),
        proof=None if own.proof is None else bytes(own.proof).decode(),
    )
