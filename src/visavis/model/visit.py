"""Visits: a few minutes in which somebody without their receipt sees what is held about them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from visavis.model.errors import AccessRefused, Kind

VISIT_LIFE: Final = timedelta(minutes=10)
"""How long somebody may look, load down and withdraw."""

LINK_LIFE: Final = timedelta(seconds=120)
"""How long the link that leads there can be opened, once."""


@dataclass(frozen=True, slots=True)
class Visit:
    """Whom the holder of a key may read about, and until when.

    ``public_key`` is raw Ed25519, 32 bytes. ``pin_hash``: of the PIN by which the person was known; it is over with
    that PIN.
    """

    id: str
    subject_id: str
    public_key: bytes
    pin_hash: str
    expires_at: datetime


class VisitOver(AccessRefused):
    """The visit's time is over, whom it was about is not recognised any more, or they have a new PIN."""

    code = "visit_over"
    kind = Kind.UNAUTHENTICATED
    mend = "Show your face and your PIN at the station again, or use your receipt."


class VisitKeyRefused(AccessRefused):
    """A visit was asked for with a key that no signature can be checked with."""

    code = "visit_key_refused"
    mend = "Make a fresh Ed25519 key for the visit, and send its raw public half in base64url."
