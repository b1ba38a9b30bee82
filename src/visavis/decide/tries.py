"""Slowing and stopping guesses: of a PIN, or of the face that fits a stolen receipt."""

from datetime import datetime, timedelta

from visavis.model.access import FREE_TRIES, MAX_TRIES, TooManyTries, Tries

FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(hours=1)
FORGET_AFTER = timedelta(days=30)


def own_tries(subject_id: str) -> str:
    """Under which identifier wrong faces in somebody's personal sessions are counted."""
    return f"face {subject_id}"


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
    # A blocked PIN stays blocked until an operator resets it, so its record has no end of its own.
    forget_at = datetime.max.replace(tzinfo=now.tzinfo) if failures >= MAX_TRIES else now + delay + FORGET_AFTER
    return Tries(id=tries_id, failures=failures, next_at=now + delay, forget_at=forget_at)
