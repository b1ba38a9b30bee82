"""The person's side of enrolling, behind a one-time link."""

from fastapi import APIRouter, Request, Response

from visavis.consent.receipt import statement_for
from visavis.flows.credentials import Issued
from visavis.web.auth import Flows, LinkSecret
from visavis.web.writes import IdempotencyKey, fingerprint, written
from visavis.wire.people import AgreedAnswer, CountersignRequest, DeclinedAnswer, OtherWay, TermsAnswer

router = APIRouter(prefix="/v1/consent", tags=["consent"])


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
    )


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
        agreed = flows.agree.countersign(link, body.countersignature)
        answer = AgreedAnswer(
            subject_id=agreed.subject_id,
            receipt_id=agreed.receipt_id,
            offer=agreed.offer,
            countersignature=agreed.countersignature,
            other_way=_shown(agreed.other_way),
        )
        return answer, agreed.subject_id

    asked = fingerprint(request, body.countersignature)
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


def _shown(issued: Issued | None) -> OtherWay | None:
    return None if issued is None else OtherWay(pin=issued.pin, qr=issued.qr)
