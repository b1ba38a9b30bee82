"""Renewing: a person with their receipt goes on, before their consent ends."""

from fastapi import APIRouter

from visavis.web.auth import Flows, PersonId
from visavis.wire.people import ReceiptAnswer, RenewalRequest, RenewalTerms

router = APIRouter(prefix="/v1/me/receipts", tags=["subjects"])


@router.get("/{receipt_id}/renewal")
def renewal_terms(receipt_id: str, flows: Flows, subject_id: PersonId) -> RenewalTerms:
    """What the person who signed is asked, to go on in place of this receipt. Nothing changes until they agree."""
    offered, statement = flows.renew.offer(subject_id, receipt_id)
    return RenewalTerms(receipt_id=offered.id, offer=offered.offer, statement=statement, expires_at=offered.expires_at)


@router.post("/{receipt_id}/renewal")
def renew(receipt_id: str, body: RenewalRequest, flows: Flows, subject_id: PersonId) -> ReceiptAnswer:
    """Go on, with the key of the receipt; a visit by face and PIN cannot. The same answer again changes nothing."""
    made = flows.renew.accept(subject_id, receipt_id, offer=body.offer, countersignature=body.countersignature)
    return ReceiptAnswer(
        receipt_id=made.id, offer=made.offer, countersignature=made.countersignature, expires_at=made.expires_at
    )
