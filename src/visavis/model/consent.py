"""Subjects, their references and the receipts that allow them."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, NamedTuple

from visavis.model.errors import ConsentRefused, Kind, RequestRefused

MAX_PHOTOS: Final = 5
"""Most photos in one enrolment."""

MAX_REFERENCES: Final = 10
"""Most references of one subject; more add error chances faster than they add accuracy."""

LINK_DAYS: Final = 14
"""How long a person has to countersign before everything about the enrolment is erased."""


INVITES: Final = b"invites:"
"""What the hash of a link begins with that lets the person send photos of their own."""


class SubjectState(Enum):
    """Where a subject stands."""

    PENDING = "PENDING"
    """Enrolled by somebody; has not agreed yet; unknown to the matcher."""
    ACTIVE = "ACTIVE"
    """Agreed; recognised."""
    HELD = "HELD"
    """Agreed, but an operator has to look first; unknown to the matcher."""
    WITHOUT_FACE = "WITHOUT_FACE"
    """Known by PIN and QR credential only, by their own choice."""


class EnrolmentState(Enum):
    """Where one batch of photos stands."""

    PENDING = "PENDING"
    HELD = "HELD"
    ACTIVE = "ACTIVE"


@dataclass(frozen=True, slots=True)
class Subject:
    """A person in one gallery. The same person in two galleries is two subjects that nothing joins (rule S5).

    ``reference_tag`` is an HMAC of the operator's own name for the person, ``sealed_personal`` that name sealed under
    the subject's key. ``public_key`` is the raw Ed25519 key the person countersigned with, once they did.
    """

    id: str
    gallery_id: str
    state: SubjectState
    reference_tag: bytes
    sealed_personal: bytes
    public_key: bytes | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SubjectKey:
    """A subject's key, wrapped. Destroying this row makes everything sealed for the subject unreadable."""

    id: str
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One batch of photos, waiting for or allowed by one receipt. ``link_hash`` is None once the link was used.

    An invitation has no photos until the person sends them.
    """

    id: str
    subject_id: str
    state: EnrolmentState
    link_hash: bytes | None
    created_at: datetime
    expires_at: datetime

    @property
    def invites(self) -> bool:
        """Whether whoever holds its link may send photos; the operator's then are not among them."""
        return self.link_hash is not None and self.link_hash.startswith(INVITES)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The controller's signed offer and, once given, the person's countersignature: two compact JWS.

    ``expires_at`` repeats what the offer says, for the purge to find; the signed text decides.
    """

    id: str
    enrolment_id: str
    subject_id: str
    offer: str
    countersignature: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Reference:
    """A sealed template. ``photo_tag`` is an HMAC of the photo under the subject's key: the same photo again is one."""

    id: str
    subject_id: str
    enrolment_id: str
    sealed: bytes
    photo_tag: bytes
    created_at: datetime


Place = int | str
"""Where a page of people ended, for asking for the next; what it is, the store alone knows."""


class SealedReference(NamedTuple):
    """A reference of somebody who is ACTIVE, beside what it takes to open it; as the rows say, unproven.

    ``wrapped`` is the subject's key, None if there is none. Who has no reference has one of these in which
    ``reference_id`` and ``sealed`` are None. ``is_enrolled``: its enrolment is the subject's and ACTIVE.
    ``receipt_id`` is its receipt's if that has a countersignature, and ``is_agreed`` whether its column says that it is
    not over.
    ``is_gone``: there is a tombstone of the subject. A tuple, since there may be a million.
    """

    subject_id: str
    public_key: bytes | None
    wrapped: bytes | None
    reference_id: str | None
    sealed: bytes | None
    receipt_id: str | None
    is_enrolled: bool
    is_agreed: bool
    is_gone: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left of somebody who withdrew: keyed hashes that keep a restored backup from bringing them back.

    ``epoch`` is the one they were erased in: with its key dies what backups hold of them. None for those who were
    erased before there were epochs.
    """

    id: str
    subject_id: str
    receipt_ids: tuple[str, ...]
    reference_tag: bytes
    reason: str
    created_at: datetime
    keep_until: datetime
    epoch: int | None = None


class ConsentMissing(ConsentRefused):
    """There is no countersigned receipt."""

    code = "consent_missing"
    mend = "The person has to open their one-time link and countersign."


class ConsentExpired(ConsentRefused):
    """The time the person agreed to is over."""

    code = "consent_expired"
    mend = "Enrol again: the person is asked anew."


class ConsentForged(ConsentRefused):
    """A signature does not check out, or belongs to another person, gallery or text."""

    code = "consent_forged"
    mend = "Countersign the offer that the link shows, with the key made for it."


class RenewalTooEarly(ConsentRefused):
    """The consent goes on for long enough."""

    code = "renewal_too_early"
    kind = Kind.CONFLICT
    mend = "Come back in the last weeks of the consent; until then nothing is missing."


class RenewalNoLater(ConsentRefused):
    """A renewed consent would end no later: with the purpose, or with a guardian's day."""

    code = "renewal_no_later"
    kind = Kind.CONFLICT
    mend = "Ask the controller: whoever a guardian no longer decides for is asked anew, and a purpose may be over."


class RenewalOutdated(ConsentRefused):
    """The offer was made too long ago, or for an older text, or not in place of this receipt."""

    code = "renewal_outdated"
    kind = Kind.CONFLICT
    mend = "Ask for the renewal again, read it, and agree to that."


class LinkUnknown(ConsentRefused):
    """The one-time link was used, has expired or never existed."""

    code = "link_unknown"
    kind = Kind.NOT_FOUND
    mend = "Ask the controller for a new link."


class TooManyPhotos(RequestRefused):
    """More photos than one person needs."""

    code = "too_many_photos"
    mend = f"Send 1 to {MAX_PHOTOS} photos at a time and at most {MAX_REFERENCES} for one person."


class PhotosMissing(ConsentRefused):
    """There is no photo to be recognised by."""

    code = "photos_missing"
    kind = Kind.CONFLICT
    mend = "Send at least one photo through the link, then agree; or say no."


class PhotosExchanged(ConsentRefused):
    """A photo waits that whoever agrees did not send: somebody else has the link as well."""

    code = "photos_exchanged"
    kind = Kind.CONFLICT
    mend = "Start over: take your photos anew. If this comes again, somebody else has your link: tell who invited you."


class PhotosFull(RequestRefused):
    """The invitation has as many photos as it takes; this one was not looked at."""

    code = "photos_full"
    mend = f"Go on with the {MAX_PHOTOS} photos that were taken, or start over with others."


class PhotosNotInvited(RequestRefused):
    """The link is of photos that the controller has brought; the person agrees to those, or not."""

    code = "photos_not_invited"
    kind = Kind.CONFLICT
    mend = "To send photos of your own, ask the controller for an invitation."
