"""Wrong tries in the database: counted, refused and forgotten."""

from datetime import datetime

from visavis.decide.tries import Limits, after_failure, claim_tries, own_tries, require_try, visit_tries
from visavis.flows.ports import Transaction
from visavis.model.access import Tries
from visavis.model.consent import Subject


def count_failure(tx: Transaction, tries_id: str, *, limits: Limits, now: datetime) -> tuple[Tries | None, Tries]:
    """Count one more wrong try, if one may be made.

    :returns: what was counted before, and with it.
    :raises TooManyTries, FaceDisabled: none may be made now.
    """
    before = tx.tries.first(id=tries_id)
    require_try(before, limits=limits, now=now)
    after = after_failure(before, tries_id=tries_id, limits=limits, now=now)
    if before is None:
        tx.tries.add(after)
    else:
        tx.tries.change(after)
    return before, after


def forget_all(tx: Transaction, subject: Subject) -> None:
    """Nothing wrong was ever tried against this person: they were given another PIN, or are erased."""
    for tries_id in counted_about(subject):
        tx.tries.remove(id=tries_id)


def allow_face_again(tx: Transaction, subject: Subject, *, whole: bool) -> None:
    """Somebody was just known by the other way in, so their face may be tried again.

    :param whole: whether it was their QR code. A PIN does not count for seeing what is held about them, which asks for
        that PIN itself.
    """
    tx.tries.remove(id=own_tries(subject.id))
    tx.tries.remove(id=claim_tries(subject.reference_tag))
    if whole:
        tx.tries.remove(id=visit_tries(subject.reference_tag))


def counted_about(subject: Subject) -> tuple[str, ...]:
    """Every identifier under which wrong tries against this person are counted."""
    tag = subject.reference_tag
    return tag.hex(), own_tries(subject.id), claim_tries(tag), visit_tries(tag)
