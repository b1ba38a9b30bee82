"""Everything that is held about one person, for that person and for the operator."""

from collections.abc import Sequence
from dataclasses import dataclass

from visavis.flows.keyring import Keyring
from visavis.flows.ports import Store
from visavis.flows.subjects import external_reference_of
from visavis.model.consent import Enrolment, Receipt, Reference, Subject
from visavis.model.decision import Decision
from visavis.model.purpose import Gallery, Purpose


@dataclass(frozen=True, slots=True)
class Held:
    """All of it. ``decisions`` are those of this person in this gallery; nothing joins galleries (rule S5)."""

    subject: Subject
    external_reference: str
    gallery: Gallery
    purpose: Purpose
    enrolments: Sequence[Enrolment]
    receipts: Sequence[Receipt]
    references: Sequence[Reference]
    decisions: Sequence[Decision]


def held_about(store: Store, keyring: Keyring, subject_id: str) -> Held:
    """What is held about one subject.

    :raises NotFound: there is no such subject.
    """
    with store.read() as tx:
        subject = tx.subjects.get(subject_id)
        gallery = tx.galleries.get(subject.gallery_id)
        return Held(
            subject=subject,
            external_reference=external_reference_of(tx, subject, keyring=keyring),
            gallery=gallery,
            purpose=tx.purposes.get(gallery.purpose_id),
            enrolments=tx.enrolments.find(subject_id=subject_id),
            receipts=tx.receipts.find(subject_id=subject_id),
            references=tx.references.find(subject_id=subject_id),
            decisions=tx.decisions.find(subject_id=subject_id),
        )
