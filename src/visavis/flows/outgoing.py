"""What an export bundle says: of itself, and of each person in it."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from visavis.consent.bundle import FORMAT, write_line
from visavis.flows.keyring import Keyring
from visavis.flows.live import open_references
from visavis.flows.ports import Transaction
from visavis.flows.subjects import external_reference_of
from visavis.model.access import NotFound
from visavis.model.consent import EnrolmentState, Subject
from visavis.model.export import Approval, ExportRequest
from visavis.model.purpose import Gallery, Purpose
from visavis.protect.approval import stamp, told_of


def header_line(
    tx: Transaction,
    gallery: Gallery,
    *,
    keyring: Keyring,
    document: bytes,
    approvals: Sequence[Approval],
    dimension: int,
    now: datetime,
) -> bytes:
    """The first line: what was approved by whom, and what the people in the bundle agreed to."""
    public = keyring.controller.as_dict(private=False)
    told = {
        "format": FORMAT,
        "request": json.loads(document),
        "approvals": [told_of(approval) for approval in approvals],
        "gallery": {"id": gallery.id, "name": gallery.name},
        "purpose": _told_of_purpose(tx, tx.purposes.get(gallery.purpose_id)),
        "controller_key": {name: str(public[name]) for name in ("kty", "crv", "x")},
        "model_id": gallery.model_id,
        "dimension": dimension,
        "made_at": stamp(now),
    }
    return write_line("header", told, controller_key=keyring.controller)


def told_of_person(tx: Transaction, subject: Subject, request: ExportRequest, *, keyring: Keyring) -> dict[str, Any]:
    """What leaves of somebody who may be recognised: references as the model made them, and what allows each.

    :raises NotFound: they have no references. :raises SealBroken: something of it does not check out.
    """
    active = {e.id for e in tx.enrolments.find(subject_id=subject.id, state=EnrolmentState.ACTIVE)}
    references = [r for r in tx.references.find(subject_id=subject.id) if r.enrolment_id in active]
    if not references:
        raise NotFound
    named = {reference.enrolment_id for reference in references}
    receipts = {r.enrolment_id: r for r in tx.receipts.find(subject_id=subject.id) if r.enrolment_id in named}
    templates = open_references(tx, references, subject, keyring=keyring)
    return {
        "request_id": request.id,
        "subject_id": subject.id,
        "public_key": _text(subject.public_key or b""),
        "external_reference": external_reference_of(tx, subject, keyring=keyring),
        "receipts": [
            {"receipt_id": r.id, "offer": r.offer, "countersignature": r.countersignature} for r in receipts.values()
        ],
        "references": [
            {
                "receipt_id": receipts[reference.enrolment_id].id,
                "template": _text(template.vector.astype("<f4").tobytes()),
            }
            for reference, template in zip(references, templates, strict=True)
        ],
    }


def _told_of_purpose(tx: Transaction, purpose: Purpose) -> dict[str, Any]:
    texts = sorted(tx.purpose_texts.find(purpose_id=purpose.id), key=lambda text: (text.version, text.language))
    return {
        "id": purpose.id,
        "name": purpose.name,
        "controller": purpose.controller,
        "contact": purpose.contact,
        "jurisdiction": purpose.jurisdiction,
        "retention_days": purpose.retention_days,
        "target_kind": purpose.target_kind.value,
        "target": purpose.target,
        "liveness": purpose.liveness.value,
        "texts": [{"version": t.version, "language": t.language, "text": t.text} for t in texts],
    }


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
