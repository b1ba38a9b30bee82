"""The person's side of enrolling, behind a one-time link.

The link of an invitation takes photos of the person. That of an ordinary enrolment takes none: its photos are those
that the controller has brought, and somebody looked at them (``flows/invited.py``).
"""

from typing import Annotated, Final

from fastapi import APIRouter, File, Request, Response, UploadFile

from visavis.consent.receipt import statement_for
from visavis.flows.credentials import Issued
from visavis.model.consent import MAX_PHOTOS
from visavis.model.errors import Refusal
from visavis.model.image import FORMATS
from visavis.web.auth import Flows, LinkSecret, Sender
from visavis.web.writes import IdempotencyKey, fingerprint, written
from visavis.wire.people import (
    AgreedAnswer,
    CountersignRequest,
    DeclinedAnswer,
    OtherWay,
    PhotosWaiting,
    SentPhoto,
    SentPhotosAnswer,
    TermsAnswer,
)

router = APIRouter(prefix="/v1/consent", tags=["consent"])

_BOUNDS: Final = {"at_least": 1, "at_most": MAX_PHOTOS}


@router.get("")
def terms(flows: Flows, link: LinkSecret) -> TermsAnswer:
    """What there is to agree to."""
    found = flows.agree.terms(link)
    return TermsAnswer(
        offer=found.offer,
        record=found.record,
        statement=statement_for(found.offer),
        waiting=found.waiting,
        expires_at=found.expires_at,
        log_key=str(flows.publisher.trust.log),
        photos=None if found.photos is None else PhotosWaiting(held=found.photos, **_BOUNDS),
    )


@router.post("/photos")
def send_photos(
    photos: Annotated[
        list[UploadFile],
        File(min_length=1, description=f"1 to {MAX_PHOTOS} photos of the person who was invited: {FORMATS}."),
    ],
    flows: Flows,
    link: Sender,
) -> SentPhotosAnswer:
    """Send photos of yourself; each is taken or refused by itself, and the same again is stored once."""
    sent = flows.invited.send(link, [photo.file.read() for photo in photos])
    fates = [_fate(number, refusal) for number, refusal in enumerate(sent.refusals, start=1)]
    return SentPhotosAnswer(photos=fates, held=sent.held, **_BOUNDS)


@router.delete("/photos", status_code=204)
def forget_photos(flows: Flows, link: LinkSecret) -> None:
    """Start over: every photo that was sent through the link is erased."""
    flows.invited.forget(link)


@router.post("/countersignature", response_model=AgreedAnswer)
def countersign(
    request: Request,
    body: CountersignRequest,
    flows: Flows,
    link: LinkSecret,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Agree. The answer is the same whether or not an operator has to look first."""

    def act() -> tuple[AgreedAnswer, str]:
        photos = {bytes.fromhex(one) for one in body.photos}
        agreed = flows.agree.countersign(link, body.countersignature, photos=photos)
        answer = AgreedAnswer(
            subject_id=agreed.subject_id,
            receipt_id=agreed.receipt_id,
            offer=agreed.offer,
            countersignature=agreed.countersignature,
            other_way=_shown(agreed.other_way),
        )
        return answer, agreed.subject_id

    asked = fingerprint(request, body.countersignature, *body.photos)
    caller = flows.keyring.secret_tag(link, use="link callers").hex()
    return written(flows, caller=caller, key=idempotency_key, fingerprint=asked, act=act, status=200)


@router.post("/refusal", response_model=DeclinedAnswer)
def decline(request: Request, flows: Flows, link: LinkSecret, idempotency_key: IdempotencyKey = None) -> Response:
    """Say no: the face is erased at once."""

    def act() -> tuple[DeclinedAnswer, str | None]:
        declined = flows.agree.decline(link)
        return DeclinedAnswer(other_way=_shown(declined.other_way)), declined.subject_id

    caller = flows.keyring.secret_tag(link, use="link callers").hex()
    asked = fingerprint(request)
    return written(flows, caller=caller, key=idempotency_key, fingerprint=asked, act=act, status=200)


def _fate(number: int, refusal: Refusal | None) -> SentPhoto:
    if refusal is None:
        return SentPhoto(number=number, status="TAKEN", code=None, title=None, mend=None)
    title = (type(refusal).__doc__ or "").splitlines()[0]
    return SentPhoto(number=number, status="REFUSED", code=refusal.code, title=title, mend=refusal.mend)


def _shown(issued: Issued | None) -> OtherWay | None:
    return None if issued is None else OtherWay(pin=issued.pin, qr=issued.qr)
