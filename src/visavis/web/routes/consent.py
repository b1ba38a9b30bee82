"""The person's side of enrolling, behind a one-time link."""

from fastapi import APIRouter

from visavis.consent.receipt import STATEMENT
from visavis.flows.credentials import Issued
from visavis.web.auth import Flows, LinkSecret
from visavis.wire.people import AgreedAnswer, CountersignRequest, DeclinedAnswer, OtherWay, TermsAnswer

router = APIRouter(prefix="/v1/consent", tags=["consent"])


@router.get("")
def terms(flows: Flows, link: LinkSecret) -> TermsAnswer:
    """What there is to agree to."""
    found = flows.agree.terms(link)
    return TermsAnswer(
        offer=found.offer,
        record=found.record,
        statement=STATEMENT,
        waiting=found.waiting,
        expires_at=found.expires_at,
    )


@router.post("/countersignature")
def countersign(body: CountersignRequest, flows: Flows, link: LinkSecret) -> AgreedAnswer:
    """Agree. The answer is the same whether or not an operator has to look first."""
    agreed = flows.agree.countersign(link, body.countersignature)
    return AgreedAnswer(
        subject_id=agreed.subject_id,
        receipt_id=agreed.receipt_id,
        offer=agreed.offer,
        countersignature=agreed.countersignature,
        other_way=_shown(agreed.other_way),
    )


@router.post("/refusal")
def decline(flows: Flows, link: LinkSecret) -> DeclinedAnswer:
    """Say no: the face is erased at once."""
    return DeclinedAnswer(other_way=_shown(flows.agree.decline(link)))


def _shown(issued: Issued | None) -> OtherWay | None:
    return None if issued is None else OtherWay(pin=issued.pin, qr=issued.qr)
