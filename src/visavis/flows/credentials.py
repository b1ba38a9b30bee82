"""Handing out the other way in (rule S7)."""

from dataclasses import dataclass
from datetime import datetime

from visavis.flows.keyring import Keyring
from visavis.flows.ports import Transaction
from visavis.flows.record import record_life
from visavis.model.access import Credential
from visavis.model.audit import Event
from visavis.model.consent import Subject
from visavis.model.ids import new_secret
from visavis.protect.pin import hash_pin, new_pin

QR_PREFIX = "vq1"
"""Tells a station that a QR code is one of ours, and its form."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A PIN (six digits) and a QR text, shown once; only hashes are kept."""

    pin: str
    qr: str


def issue_once(tx: Transaction, subject: Subject, *, keyring: Keyring, now: datetime) -> Issued | None:
    """A PIN and a QR credential for a subject; None if they have them already."""
    if tx.credentials.first(id=subject.id) is not None:
        return None
    return issue(tx, subject, keyring=keyring, now=now)


def issue(tx: Transaction, subject: Subject, *, keyring: Keyring, now: datetime) -> Issued:
    """A new PIN and QR credential for a subject, in place of any they had."""
    pin, secret = new_pin(), new_secret()
    record_life(tx, Event.CREDENTIAL, subject, keyring=keyring, now=now)
    tx.credentials.remove(id=subject.id)
    tx.credentials.add(
        Credential(
            id=subject.id,
            pin_hash=hash_pin(pin, pepper=keyring.installation, subject_id=subject.id),
            qr_hash=keyring.secret_tag(f"{subject.id}.{secret}", use="QR credentials"),
        )
    )
    return Issued(pin=pin, qr=f"{QR_PREFIX}.{subject.id}.{secret}")
