"""What a match is worth where somebody else in the gallery looks like them: a PIN or QR code, or a person looks."""

from dataclasses import replace
from datetime import datetime

from visavis.decide.judge import LOOK_ALIKE, Verdict
from visavis.flows.ports import Transaction
from visavis.model.decision import Outcome, Review, ReviewKind
from visavis.model.ids import new_id
from visavis.model.look_alike import LookAlike, SecondFactorAsked


def require_face_enough(tx: Transaction, verdict: Verdict, *, gallery_id: str, now: datetime) -> Verdict:
    """What a face at a station comes to, asked of the deciding transaction.

    1. A match of somebody who looks like nobody stays one.
    2. Who has a PIN and a QR code is asked for one of them.
    3. Who has none is looked at by a person.

    :raises SecondFactorAsked: 2; the record of it names nobody (rule S3).
    """
    if verdict.outcome is not Outcome.MATCH or verdict.subject_id is None:
        return verdict
    alike = _alike(tx, verdict.subject_id)
    # 1
    if alike is None:
        return verdict
    # 2
    if tx.credentials.first(id=verdict.subject_id) is not None:
        raise SecondFactorAsked
    # 3
    other = alike.other_subject_id if alike.subject_id == verdict.subject_id else alike.subject_id
    queue_look_alike(tx, gallery_id=gallery_id, first=verdict.subject_id, second=other, now=now)
    return replace(verdict, outcome=Outcome.REVIEW, reason=LOOK_ALIKE)


def queue_look_alike(tx: Transaction, *, gallery_id: str, first: str, second: str | None, now: datetime) -> None:
    """Two people, or one who looks like nobody knows whom, are queued once, however often they come by."""
    one, other = (first, None) if second is None else (min(first, second), max(first, second))
    if not tx.reviews.count(kind=ReviewKind.LOOK_ALIKE, subject_id=one, other_subject_id=other):
        tx.reviews.add(Review(new_id("rev"), ReviewKind.LOOK_ALIKE, gallery_id, one, other, None, now))


def _alike(tx: Transaction, subject_id: str) -> LookAlike | None:
    """A pair that this person is in, whose other one has not gone."""
    rows = [*tx.look_alikes.find(subject_id=subject_id), *tx.look_alikes.find(other_subject_id=subject_id)]
    return next((row for row in rows if _is_in_force(tx, row)), None)


def _is_in_force(tx: Transaction, row: LookAlike) -> bool:
    # Rows go with either person. A tombstone beats every row: a restored backup brings back no pair either.
    named = [row.subject_id] if row.other_subject_id is None else [row.subject_id, row.other_subject_id]
    return all(tx.subjects.first(id=id_) is not None and not tx.tombstones.count(subject_id=id_) for id_ in named)
