"""What is sealed for a subject, and for which place."""

import json

import numpy as np

from visavis.model.consent import Reference, Subject
from visavis.model.keys import SealBroken
from visavis.model.purpose import Gallery
from visavis.model.template import Template
from visavis.protect.envelope import Context, seal, unseal


def seal_template(
    template: Template, *, subject_key: bytes, reference_id: str, receipt_id: str, subject_id: str, gallery: Gallery
) -> bytes:
    """Seal one template as little-endian float32 for one reference of one subject in one gallery.

    :param receipt_id: the receipt that has to be countersigned for it; under another one it does not open (rule S1).
    """
    plaintext = template.vector.astype("<f4").tobytes()
    context = _reference_context(reference_id, receipt_id, subject_id, gallery.id, template.model_id)
    return seal(plaintext, key=subject_key, context=context)


def open_template(
    reference: Reference, *, receipt_id: str, subject_key: bytes, subject: Subject, gallery: Gallery
) -> Template:
    """Open a reference where it belongs.

    :raises SealBroken: the row was moved to another receipt, subject, gallery or model, or edited.
    """
    context = _reference_context(reference.id, receipt_id, subject.id, gallery.id, gallery.model_id)
    plaintext = unseal(reference.sealed, key=subject_key, context=context)
    vector = np.frombuffer(plaintext, dtype="<f4").astype(np.float32)
    if not np.isclose(float(np.linalg.norm(vector)), 1.0, atol=1e-3):
        raise SealBroken("A reference is not a unit vector.")
    return Template(vector=vector, model_id=gallery.model_id)


def seal_personal(fields: dict[str, str], *, subject_key: bytes, subject_id: str, gallery_id: str) -> bytes:
    """Seal what the operator calls the person."""
    context = Context("personal fields", (subject_id, gallery_id))
    return seal(json.dumps(fields, sort_keys=True).encode(), key=subject_key, context=context)


def open_personal(subject: Subject, *, subject_key: bytes) -> dict[str, str]:
    """Open what the operator calls the person.

    :raises SealBroken: the row was moved or edited.
    """
    context = Context("personal fields", (subject.id, subject.gallery_id))
    fields: dict[str, str] = json.loads(unseal(subject.sealed_personal, key=subject_key, context=context))
    return fields


def _reference_context(reference_id: str, receipt_id: str, subject_id: str, gallery_id: str, model_id: str) -> Context:
    return Context("reference", (reference_id, receipt_id, subject_id, gallery_id, model_id))
