"""Making a subject: a key of their own first, everything personal under it."""

from dataclasses import replace
from datetime import datetime

from visavis.flows.keyring import Keyring
from visavis.flows.ports import Transaction
from visavis.flows.record import record_life
from visavis.model.audit import Event
from visavis.model.consent import Subject, SubjectKey, SubjectState
from visavis.model.ids import new_id
from visavis.model.purpose import Gallery
from visavis.protect.keys import new_subject_secret
from visavis.protect.references import open_personal, seal_personal

_NAME = "external_reference"


def make_subject(
    tx: Transaction,
    *,
    gallery: Gallery,
    external_reference: str,
    state: SubjectState,
    keyring: Keyring,
    now: datetime,
    subject_id: str | None = None,
) -> Subject:
    """Write a new subject and their key.

    :param subject_id: of somebody who moves here with receipts that name it.
    :raises AlreadyExists: the gallery has somebody under this reference.
    """
    subject_id, secret = subject_id or new_id("sub"), new_subject_secret()
    named = {_NAME: external_reference}
    personal = seal_personal(named, secret=secret, subject_id=subject_id, gallery_id=gallery.id)
    tag = keyring.reference_tag(gallery_id=gallery.id, external_reference=external_reference)
    subject = Subject(subject_id, gallery.id, state, tag, personal, None, now)
    tx.subjects.add(subject)
    tx.tries.remove(id=tag.hex())  # wrong guesses of a name that nobody had must not shut its owner out
    wrapped = keyring.wrap_subject_key(secret, subject_id=subject_id, public_key=None)
    tx.subject_keys.add(SubjectKey(subject_id, wrapped))
    if state is SubjectState.WITHOUT_FACE:
        record_life(tx, Event.ADMIT, subject, keyring=keyring, now=now)
    return subject


def with_public_key(tx: Transaction, subject: Subject, public_key: bytes, *, keyring: Keyring) -> Subject:
    """The subject with the key they agreed with; their own key is wrapped anew, for that key only.

    :raises SealBroken: the row was moved or edited.
    """
    row = tx.subject_keys.get(subject.id)
    secret = keyring.open_subject_key(row, subject=subject)
    wrapped = keyring.wrap_subject_key(secret, subject_id=subject.id, public_key=public_key)
    tx.subject_keys.change(replace(row, wrapped=wrapped))
    agreed = replace(subject, public_key=public_key)
    tx.subjects.change(agreed)
    return agreed


def external_reference_of(tx: Transaction, subject: Subject, *, keyring: Keyring) -> str:
    """What the operator calls the person.

    :raises SealBroken: the row was moved or edited.
    """
    secret = keyring.open_subject_key(tx.subject_keys.get(subject.id), subject=subject)
    return open_personal(subject, secret=secret)[_NAME]
