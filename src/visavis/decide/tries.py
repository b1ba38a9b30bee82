"""Slowing and stopping guesses: of a PIN, or of the face that fits a name or a stolen receipt.

One policy for all of them, after NIST SP 800-63B-4, 3.2.3 (Use of Biometrics): no more than five tries in a row may
fail, ten where presentation attacks are detected; then each further one has to wait 30 seconds or more; and after 50,
or 100, a face serves no longer until the person has used another factor.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from visavis.model.access import FREE_TRIES, MAX_TRIES, FaceDisabled, TooManyTries, Tries
from visavis.model.challenge import CaptureLate, CaptureMalformed, FaceLost
from visavis.model.errors import AccessRefused, LivenessRefused, Refusal
from visavis.model.purpose import MAX_RETENTION_DAYS, LivenessMode

FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(hours=1)
FORGET_AFTER = timedelta(days=30)
BLOCKED_FOR = timedelta(days=MAX_RETENTION_DAYS)
"""How long a block lasts that nobody ends: longer than anybody is kept, and yet not for good, since it is kept for
names that nobody has as well."""


@dataclass(frozen=True, slots=True)
class Limits:
    """``free`` tries may fail in a row before they are slowed, ``most`` before nothing more is tried.

    ``stopped`` is what is told then.
    """

    free: int
    most: int
    stopped: type[AccessRefused]


PIN: Final = Limits(FREE_TRIES, MAX_TRIES, TooManyTries)
"""A block of a PIN ends when an operator makes another one."""

_DETECTED: Final = 2
"""So many times as many tries where a machine detects presentation attacks."""


def of_face(mode: LivenessMode) -> Limits:
    """How many faces may be wrong: a person who watches is no detection of attacks."""
    times = 1 if mode is LivenessMode.ATTENDED else _DETECTED
    return Limits(times * FREE_TRIES, times * MAX_TRIES, FaceDisabled)


def is_failed_try(refusal: Refusal) -> bool:
    """Whether what was refused before any comparison counts as a wrong face: an attack, or another act than was asked.

    What is of no form, came too late or shows nobody tells nothing of a face, and happens to the honest.
    """
    return isinstance(refusal, LivenessRefused) and not isinstance(refusal, CaptureMalformed | CaptureLate | FaceLost)


def own_tries(subject_id: str) -> str:
    """Under which identifier wrong faces in somebody's personal sessions are counted."""
    return f"face {subject_id}"


def claim_tries(reference_tag: bytes) -> str:
    """Under which identifier wrong faces are counted that were shown with a name at a station."""
    return f"claim {reference_tag.hex()}"


def visit_tries(reference_tag: bytes) -> str:
    """Under which identifier attempts are counted to see somebody's data with their face and their PIN.

    By itself: a PIN that fits at a station makes wrong PINs forgotten, and must not give whoever knows it as many faces
    as they like here.
    """
    return f"visit {reference_tag.hex()}"


def require_try(tries: Tries | None, *, limits: Limits, now: datetime) -> None:
    """Refuse a try that comes too early, or at all after too many.

    :raises TooManyTries: it is too early; with the seconds to wait. :raises AccessRefused: there were too many; the
        leaf that ``limits`` name.
    """
    if tries is None:
        return
    if tries.failures >= limits.most:
        raise limits.stopped("Nothing more is tried here after too many wrong tries.")
    if now < tries.next_at:
        raise TooManyTries("Too many wrong tries.", retry_after_s=(tries.next_at - now).total_seconds())


def after_failure(tries: Tries | None, *, tries_id: str, limits: Limits, now: datetime) -> Tries:
    """One more wrong try: once those that are free are used up the wait starts at 30 s and doubles up to an hour."""
    failures = (tries.failures if tries else 0) + 1
    delay = timedelta(0)
    if failures >= limits.free:
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(failures - limits.free, 10))
    # The same for somebody and for nobody: else who waits long enough learned which names there are.
    forget_at = now + (BLOCKED_FOR if failures >= limits.most else delay + FORGET_AFTER)
    return Tries(id=tries_id, failures=failures, next_at=now + delay, forget_at=forget_at)
