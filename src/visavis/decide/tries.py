"""Slowing and stopping guesses: of a PIN, or of the face that fits a stolen receipt."""

from datetime import datetime, timedelta

from visavis.model.access import FREE_TRIES, MAX_TRIES, TooManyTries, Tries
from visavis.model.purpose import MAX_RETENTION_DAYS

FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(hours=1)
FORGET_AFTER = timedelta(days=30)
BLOCKED_FOR = timedelta(days=MAX_RETENTION_DAYS)
"""How long a block lasts that no operator ends: longer than anybody is kept, and yet not for good, since it is kept for
names that nobody has as well."""


def own_tries(subject_id: str) -> str:
    """Under which identifier wrong faces in somebody's personal sessions are counted."""
    return f"face {subject_id}"


def visit_tries(reference_tag: bytes) -> str:
    """Under which identifier attempts are counted to see somebody's data with their face and their PIN.

    By itself: a PIN that fits at a station makes wrong PINs forgotten, and must not give whoever knows it as many faces
    as they like here.
    """
    return f"visit {reference_tag.hex()}"


def require_try(tries: Tries | None, *, now: datetime) -> None:
    """Refuse a try that comes too early, or at all after too many.

    :raises TooManyTries: with the seconds to wait.
    """
    if tries is None:
        return
    if tries.failures >= MAX_TRIES:
        raise TooManyTries("Nothing more is tried here after too many wrong tries.")
    if now < tries.next_at:
        raise TooManyTries("Too many wrong tries.", retry_after_s=(tries.next_at - now).total_seconds())


def after_failure(tries: Tries | None, *, tries_id: str, now: datetime) -> Tries:
    """One more wrong try: the first five are free, then the wait starts at 30 s and doubles up to an hour."""
    failures = (tries.failures if tries else 0) + 1
    delay = timedelta(0)
    if failures >= FREE_TRIES:
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(failures - FREE_TRIES, 10))
    # The same for somebody and for nobody: else who waits long enough learned which names there are.
    forget_at = now + (BLOCKED_FOR if failures >= MAX_TRIES else delay + FORGET_AFTER)
    return Tries(id=tries_id, failures=failures, next_at=now + delay, forget_at=forget_at)
