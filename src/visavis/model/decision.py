"""The answer, the record of it and what waits for a person."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from visavis.model.errors import RequestRefused
from visavis.model.station import SessionKind


class Outcome(Enum):
    """What was decided."""

    MATCH = "MATCH"
    NO_MATCH = "NO_MATCH"
    REFUSED = "REFUSED"
    REVIEW = "REVIEW"


class Means(Enum):
    """What the person showed: every station takes all three (rule S7)."""

    FACE = "face"
    PIN = "pin"
    QR = "qr"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision, made in one session.

    ``subject_id`` is None unless the outcome is MATCH or REVIEW (rule S3). ``fmr_decade`` is the whole power of ten
    that bounds the false match rate of the score (-4: at most 1 in 10,000); None for NO_MATCH, REFUSED, PIN and QR.
    ``disputed_at``: when somebody said at the station that it was not them.
    """

    id: str
    session_id: str
    kind: SessionKind
    means: Means
    outcome: Outcome
    reason: str | None
    station_id: str | None
    gallery_id: str | None
    purpose_id: str
    subject_id: str | None
    fmr_decade: int | None
    gallery_size: int | None
    model_id: str | None
    decided_at: datetime
    expires_at: datetime
    disputed_at: datetime | None = None


class ReviewKind(Enum):
    """Why a person has to look."""

    PROBABLE_DUPLICATE = "probable_duplicate"
    PHOTOS_DIFFER = "photos_differ"
    LOOK_ALIKE = "look_alike"


class Resolution(Enum):
    """What the person who looked decided."""

    ACTIVATE = "activate"
    ERASE = "erase"
    NOTED = "noted"


@dataclass(frozen=True, slots=True)
class Review:
    """Something that waits for a person."""

    id: str
    kind: ReviewKind
    gallery_id: str
    subject_id: str
    other_subject_id: str | None
    enrolment_id: str | None
    created_at: datetime


class ReviewUnfit(RequestRefused):
    """The resolution does not fit what is reviewed."""

    code = "review_unfit"
    mend = "Held enrolments take 'activate' or 'erase'; look-alike decisions take 'noted'."
