"""Handing out the other way in (rule S7)."""

from dataclasses import dataclass
from datetime import datetime

from visavis.flows.counting import forget_all
from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.readings import Reader, Readings
from visavis.flows.record import done_by, record_life
from visavis.model.access import ApiKey, Credential, ReadingKind
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


class Credentials:
    """New ways in for people who lost theirs."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, readings: Readings) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._readings = readings

    def renew(self, subject_id: str, *, reader: Reader) -> Issued:
        """A new PIN and QR credential in the place of those that somebody lost.

        Whoever makes them is told them, and could pass for the person: so it is a reading, which the person sees with
        the reason. Wrong tries, of a face too, are forgotten, and what was opened with the former PIN is over.

        :raises NotFound: there is no such person. :raises SealBroken: their key does not open, so that nothing could be
            written down for them.
        """
        with self._store.write() as tx:
            subject = tx.subjects.get(subject_id)
            gallery_id = subject.gallery_id
            self._readings.record(tx, ReadingKind.CREDENTIALS, reader, gallery_id=gallery_id, subject=subject)
            forget_all(tx, subject)
            return issue(tx, subject, keyring=self._keyring, now=self._clock.now(), by=reader.key)


def issue_once(tx: Transaction, subject: Subject, *, keyring: Keyring, now: datetime) -> Issued | None:
    """A PIN and a QR credential for a subject; None if they have them already."""
    if tx.credentials.first(id=subject.id) is not None:
        return None
    return issue(tx, subject, keyring=keyring, now=now)


def issue(tx: Transaction, subject: Subject, *, keyring: Keyring, now: datetime, by: ApiKey | None = None) -> Issued:
    """A new PIN and QR credential for a subject, in place of any they had.

    :param by: who makes them in the place of others; None: the person is given their first.
    """
    pin, secret = new_pin(), new_secret()
    record_life(tx, Event.CREDENTIAL, subject, keyring=keyring, now=now, **done_by(by))
    tx.credentials.remove(id=subject.id)
    tx.credentials.add(
        Credential(
            id=subject.id,
            pin_hash=hash_pin(pin, pepper=keyring.installation, subject_id=subject.id),
            qr_hash=keyring.secret_tag(f"{subject.id}.{secret}", use="QR credentials"),
        )
    )
    return Issued(pin=pin, qr=f"{QR_PREFIX}.{subject.id}.{secret}")
