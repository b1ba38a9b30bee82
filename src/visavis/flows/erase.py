"""Taking somebody out, inside a transaction: the key first, then everything it opened."""

import dataclasses
from datetime import datetime, timedelta
from typing import Final

from visavis.flows.counting import forget_all
from visavis.flows.entries import erase_entries
from visavis.flows.generation import advance
from visavis.flows.keyring import Keyring
from visavis.flows.ports import Transaction
from visavis.flows.readings import Reader
from visavis.flows.record import forget_openings, record_life, record_withdrawal_for
from visavis.model.audit import Event
from visavis.model.consent import Enrolment, Subject, Tombstone
from visavis.model.ids import new_id
from visavis.model.station import SessionKind
from visavis.protect.epochs import LENGTH, present

WITHDRAWN: Final = "withdrawn"
"""Why somebody is erased who said so."""
TOMBSTONE_LEAST: Final = timedelta(days=30)
"""How long a tombstone is kept at least: references that were exported before can be taken in for 28 days."""


def erase_subject(
    tx: Transaction,
    subject: Subject,
    *,
    reason: str,
    keyring: Keyring,
    now: datetime,
    on_their_word: Reader | None = None,
) -> None:
    """Destroy a subject's key and rows, enter that into the log and leave a tombstone.

    :param on_their_word: who withdraws for them, and why; it is entered, and can be read as long as the tombstone.
    """
    if reason == WITHDRAWN and on_their_word is not None:
        by, why, until = on_their_word.key, on_their_word.reason, _tombstone_ends(keyring, now)
        record_withdrawal_for(tx, subject, by=by, reason=why, until=until, keyring=keyring, now=now)
    elif reason == WITHDRAWN:
        record_life(tx, Event.WITHDRAW, subject, keyring=keyring, now=now)
    record_life(tx, Event.ERASE, subject, keyring=keyring, now=now, reason=reason)
    destroy_subject(tx, subject, reason=reason, keyring=keyring, now=now)


def destroy_subject(tx: Transaction, subject: Subject, *, reason: str, keyring: Keyring, now: datetime) -> None:
    """Destroy a subject's key and rows and leave a tombstone; that they are erased is in the log already.

    Decisions stay as counts: they no longer say whom they were about. Personal sessions go with their decisions, and
    with the person goes who looked at what was held about them. The count of what was destroyed goes on, so that a
    database that still has them is known to be older.
    """
    advance(tx, keyring)
    forget_openings(tx, subject, keyring=keyring)
    receipt_ids = tuple(receipt.id for receipt in tx.receipts.find(subject_id=subject.id))
    tx.subject_keys.remove(id=subject.id)
    tx.credentials.remove(id=subject.id)
    forget_all(tx, subject)
    tx.answered.remove(subject_id=subject.id)
    tx.readings.remove(subject_id=subject.id)
    tx.reviews.remove(subject_id=subject.id)
    for review in tx.reviews.find(other_subject_id=subject.id):
        tx.reviews.change(dataclasses.replace(review, other_subject_id=None))
    tx.look_alikes.remove(subject_id=subject.id)
    tx.look_alikes.remove(other_subject_id=subject.id)
    tx.references.remove(subject_id=subject.id)
    tx.receipts.remove(subject_id=subject.id)
    tx.enrolments.remove(subject_id=subject.id)
    erase_entries(tx, subject_id=subject.id)
    _forget_decisions(tx, subject)
    tx.subjects.remove(id=subject.id)
    tx.tombstones.remove(subject_id=subject.id)  # there is one where a backup brought somebody back who withdrew
    tx.tombstones.add(
        Tombstone(
            id=new_id("tmb"),
            subject_id=subject.id,
            receipt_ids=receipt_ids,
            reference_tag=keyring.tombstone_tag(subject.reference_tag),
            reason=reason,
            created_at=now,
            keep_until=_tombstone_ends(keyring, now),
            epoch=present(keyring.keys.tree).number,
        )
    )


def erase_enrolment(tx: Transaction, enrolment: Enrolment, *, keyring: Keyring, now: datetime) -> None:
    """Take out one batch of photos and what allowed it; the subject stays."""
    subject = tx.subjects.get(enrolment.subject_id)
    record_life(tx, Event.LAPSE, subject, keyring=keyring, now=now, enrolment=enrolment.id)
    tx.reviews.remove(enrolment_id=enrolment.id)
    tx.references.remove(enrolment_id=enrolment.id)
    tx.receipts.remove(enrolment_id=enrolment.id)
    tx.enrolments.remove(id=enrolment.id)
    erase_entries(tx, enrolment_id=enrolment.id)


def _tombstone_ends(keyring: Keyring, now: datetime) -> datetime:
    return now + max(TOMBSTONE_LEAST, keyring.backup_window + LENGTH)


def _forget_decisions(tx: Transaction, subject: Subject) -> None:
    for decision in tx.decisions.find(subject_id=subject.id):
        tx.decisions.change(dataclasses.replace(decision, subject_id=None))
    for session in tx.sessions.find(subject_id=subject.id, kind=SessionKind.PERSONAL):
        tx.decisions.remove(session_id=session.id)
        tx.sessions.remove(id=session.id)
