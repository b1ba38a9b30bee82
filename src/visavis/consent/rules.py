"""May this subject be recognised now?"""

from datetime import datetime

from joserfc.jwk import OKPKey

from visavis.consent.receipt import countersigned_by, expiry, read_offer
from visavis.model.consent import ConsentExpired, ConsentForged, ConsentMissing, Receipt, Subject


def require_live_consent(
    receipt: Receipt | None, *, subject: Subject, purpose_id: str, controller_key: OKPKey, now: datetime
) -> None:
    """Rule S1, asked of the signed texts alone: what a database column says does not count.

    1. There is a receipt, and it is countersigned.
    2. The controller signed the offer.
    3. The offer is this receipt's, for this subject, gallery and purpose.
    4. The countersignature is for this offer, by the key that the subject holds.
    5. The time the person agreed to is not over.

    :raises ConsentMissing: 1 does not hold.
    :raises ConsentForged: 2, 3 or 4 does not hold.
    :raises ConsentExpired: 5 does not hold.
    """
    if receipt is None or receipt.countersignature is None:
        raise ConsentMissing
    offer = read_offer(receipt.offer, controller_key=controller_key)
    purposes = offer.get("pii_processing", {}).get("purposes", [])
    named = (offer.get("record_id"), offer.get("pii_principal_id"), offer.get("gallery_id"))
    if named != (receipt.id, subject.id, subject.gallery_id) or [p.get("purpose_id") for p in purposes] != [purpose_id]:
        raise ConsentForged("The receipt is for other photos or another person, gallery or purpose.")
    if countersigned_by(receipt.countersignature, offer=receipt.offer) != subject.public_key:
        raise ConsentForged("The receipt was countersigned with another key than the subject's.")
    if now >= expiry(offer):
        raise ConsentExpired
