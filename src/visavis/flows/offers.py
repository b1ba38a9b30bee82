"""What somebody is offered to countersign, and the one-time link that leads to it."""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from visavis.consent.receipt import claimed_guardian_until, expiry, record, sign_offer
from visavis.flows.keyring import Keyring
from visavis.flows.ports import Transaction
from visavis.flows.purposes import newest_text
from visavis.model.access import NotFound, RequestInvalid
from visavis.model.consent import INVITES, LINK_DAYS, Enrolment, LinkUnknown, Receipt, Subject
from visavis.model.purpose import Gallery, Purpose
from visavis.protect.keys import tag

_DRAWN: Final = 24
_MARK: Final = 18
"""Bytes of a link's secret, together a multiple of three, so that it is written without padding."""

MAX_GUARDIAN_YEARS: Final = 21
"""Nobody is a minor for longer, anywhere."""


def receipt_for(
    tx: Transaction,
    *,
    gallery: Gallery,
    subject: Subject,
    enrolment_id: str,
    receipt_id: str,
    now: datetime,
    backup_days: int,
    guardian_until: date | None,
    keyring: Keyring,
    renews: str | None = None,
) -> Receipt:
    """An offer under the purpose's newest text, waiting for the person; ``renews``: in place of which receipt."""
    purpose = tx.purposes.get(gallery.purpose_id)
    asked = record(
        receipt_id=receipt_id,
        subject_id=subject.id,
        purpose=purpose,
        text=newest_text(tx, purpose.id),
        gallery=gallery,
        now=now,
        backup_days=backup_days,
        guardian_until=_earliest_end(tx, subject, guardian_until),
        renews=renews,
    )
    offer = sign_offer(asked, controller_key=keyring.controller)
    return Receipt(receipt_id, enrolment_id, subject.id, offer, None, min(purpose.consent_until(now), expiry(asked)))


def receipt_of(tx: Transaction, enrolment: Enrolment) -> Receipt:
    """The receipt that an enrolment waits for, or is allowed by.

    :raises NotFound: it has none.
    """
    receipt = tx.receipts.first(enrolment_id=enrolment.id)
    if receipt is None:
        raise NotFound("The enrolment has no receipt.")
    return receipt


def require_minor(until: date | None, *, now: datetime) -> None:
    """Refuse a day that no guardian's consent can end with.

    :raises RequestInvalid: it is over, or too far away.
    """
    if until is None:
        return
    today = now.astimezone(UTC).date()
    # By year, month and day: the 29th of February is no day of the year that it would end in.
    furthest = (today.year + MAX_GUARDIAN_YEARS, today.month, today.day)
    if until <= today or (until.year, until.month, until.day) > furthest:
        raise RequestInvalid(f"guardian_until: a day to come, at most {MAX_GUARDIAN_YEARS} years away.")


def link_life(purpose: Purpose) -> timedelta:
    """A link lasts two weeks, and no longer than the consent it asks for."""
    return min(timedelta(days=LINK_DAYS), purpose.retention)


def link_end(purpose: Purpose, now: datetime, guardian_until: date | None) -> datetime:
    """When a link ends that is asked for now. Only the request counts: what is held already must not show (rule S3)."""
    end = now + link_life(purpose)
    return end if guardian_until is None else min(end, datetime.combine(guardian_until, time(), UTC))


def new_link(enrolment_id: str, *, keyring: Keyring) -> str:
    """The secret of a link to one enrolment: 192 random bits, and a mark by which it is known to lead to that one.

    Who can write to the database can move the hash of a link of their own to another person's enrolment, but not the
    mark.
    """
    drawn = secrets.token_bytes(_DRAWN)
    return urlsafe_b64encode(drawn + _mark(drawn, enrolment_id, keyring)).decode()


def link_hash(secret: str, *, invites: bool, keyring: Keyring) -> bytes:
    """What is kept of a link's secret.

    That the link invites is said by the hash itself: who can write to the database, and knows a link of an ordinary
    enrolment, cannot make it one to which photos may be sent.
    """
    return INVITES + keyring.secret_tag(secret, use="invitations") if invites else _ordinary(secret, keyring)


def linked(tx: Transaction, link_secret: str, *, keyring: Keyring, now: datetime) -> Enrolment:
    """The enrolment that a link leads to, waiting for an answer or not.

    :raises LinkUnknown: the link was used, has expired or never existed.
    """
    found = tx.enrolments.first(link_hash=_ordinary(link_secret, keyring))
    found = found or tx.enrolments.first(link_hash=link_hash(link_secret, invites=True, keyring=keyring))
    if found is None or now >= found.expires_at or not _leads_to(found.id, link_secret, keyring):
        raise LinkUnknown
    return found


def _leads_to(enrolment_id: str, secret: str, keyring: Keyring) -> bool:
    try:
        whole = urlsafe_b64decode(secret)
    except ValueError:
        return False
    return hmac.compare_digest(whole[_DRAWN:], _mark(whole[:_DRAWN], enrolment_id, keyring))


def _mark(drawn: bytes, enrolment_id: str, keyring: Keyring) -> bytes:
    return tag(keyring.installation, use="which enrolment a link leads to", of=drawn + enrolment_id.encode())[:_MARK]


def _ordinary(secret: str, keyring: Keyring) -> bytes:
    return keyring.secret_tag(secret, use="links")


def _earliest_end(tx: Transaction, subject: Subject, asked: date | None) -> date | None:
    """Until when a guardian has to agree: as asked for, and as a guardian has agreed before.

    Without the latter, more photos, asked for without a guardian, would turn a guardian's consent into one that does
    not end. It is taken over without a word: a refusal would tell the enroller that somebody was there (rule S3).
    """
    agreed = [r.offer for r in tx.receipts.find(subject_id=subject.id) if r.countersignature is not None]
    days = [asked, *(claimed_guardian_until(offer) for offer in agreed)]
    return min((day for day in days if day is not None), default=None)
