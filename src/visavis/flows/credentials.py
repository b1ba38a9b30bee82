"""Handing out the other way in (rule S7)."""

from dataclasses import dataclass

from visavis.flows.keyring import Keyring
from visavis.flows.ports import Transaction
from visavis.model.access import Credential
from visavis.model.ids import new_secret
from visavis.protect.pin import hash_pin, new_pin

QR_PREFIX = "vq1"
"""Tells a station that a QR code is one of ours, and its form."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A PIN (six digits) and a QR text, shown once; only hashes are kept."""

    pin: str
    qr: str


def issue_once(tx: Transaction, subject_id: str, *, keyring: Keyring) -> Issued | None:
    """A PIN and a QR credential for a subject; None if they have them already."""
    if tx.credentials.first(id=subject_id) is not None:
        return None
    return issue(tx, subject_id, keyring=keyring)


def issue(tx: Transaction, subject_id: str, *, keyring: Keyring) -> Issued:
    """A new PIN and QR credential for a subject, in place of any they had."""
    pin, secret = new_pin(), new_secret()
    tx.credentials.remove(id=subject_id)
    tx.credentials.add(
        Credential(
            id=subject_id,
            pin_hash=hash_pin(pin, root=keyring.root, subject_id=subject_id),
            qr_hash=keyring.secret_tag(f"{subject_id}.{secret}", use="QR credentials"),
        )
    )
    return Issued(pin=pin, qr=f"{QR_PREFIX}.{subject_id}.{secret}")
