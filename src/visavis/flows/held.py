"""Everything that is held about one person, for that person and for the operator."""

from collections.abc import Sequence
from dataclasses import dataclass

from visavis.flows.keyring import Keyring
from visavis.flows.ports import Transaction
from visavis.flows.subjects import external_reference_of
from visavis.model.consent import Receipt, Reference, Subject
from visavis.model.decision import Decision
from visavis.model.purpose import Gallery, Purpose
from visavis.model.station import SessionKind


@dataclass(frozen=True, slots=True)
class Held:
    """What is kept under their identifier.

    ``decisions`` are theirs in this gallery, those of personal sessions that did not match included; nothing joins
    galleries (rule S5). ``other_way``: whether hashes of a PIN and a QR credential are kept. ``external_reference`` is
    None where it was left out.
    """

    subject: Subject
    external_reference: str | None
    gallery: Gallery
    purpose: Purpose
    receipts: Sequence[Receipt]
    references: Sequence[Reference]
    decisions: Sequence[Decision]
    other_way: bool


def held_about(tx: Transaction, keyring: Keyring, subject_id: str) -> Held:
    """What is held about one subject.

    :raises NotFound: there is no such subject.
    """
    subject = tx.subjects.get(subject_id)
    gallery = tx.galleries.get(subject.gallery_id)
    return Held(
        subject=subject,
        external_reference=external_reference_of(tx, subject, keyring=keyring),
        gallery=gallery,
        purpose=tx.purposes.get(gallery.purpose_id),
        receipts=tx.receipts.find(subject_id=subject_id),
        references=tx.references.find(subject_id=subject_id),
        decisions=sorted(_decisions(tx, subject_id), key=lambda decision: decision.decided_at),
        other_way=tx.credentials.first(id=subject_id) is not None,
    )


def _decisions(tx: Transaction, subject_id: str) -> list[Decision]:
    """A decision that matched nobody names nobody; in somebody's own session it is about them all the same."""
    found = {decision.id: decision for decision in tx.decisions.find(subject_id=subject_id)}
    for session in tx.sessions.find(subject_id=subject_id, kind=SessionKind.PERSONAL):
        found |= {decision.id: decision for decision in tx.decisions.find(session_id=session.id)}
    return list(found.values())
