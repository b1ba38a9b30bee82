"""Enrolling, agreeing, what is held, reviewing."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from visavis.wire.shape import Claim, ExternalReference, Identifier, Shape, Token

PhotoDigest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
MAX_NAMED = 50
"""Most photos that somebody names as theirs: ten times as many as can wait."""


class EnrolmentAnswer(Shape):
    """What an enroller is told, whoever was there before. Hand ``consent_link`` to the person; it is shown once."""

    enrolment_id: Identifier
    subject_id: Identifier
    status: Literal["PENDING"] = "PENDING"
    consent_link: str
    expires_at: datetime


class InviteRequest(Shape):
    """Somebody who is to enrol themselves, with photos of their own."""

    external_reference: ExternalReference
    guardian_until: date | None = Field(
        default=None,
        description="Where a guardian has to agree for the person: the day on which that ends, and their consent.",
    )


class InvitedAnswer(Shape):
    """What is told, whoever was there before. Hand ``enrol_link`` to the person; it is shown once."""

    enrolment_id: Identifier
    subject_id: Identifier
    status: Literal["PENDING"] = "PENDING"
    enrol_link: str
    expires_at: datetime


class OtherWay(Shape):
    """The way in without a face, shown once."""

    pin: str
    qr: str


class PhotosWaiting(Shape):
    """How many photos of their own somebody has sent through an invitation, and how many it takes."""

    held: int
    at_least: int
    at_most: int


class SentPhoto(Shape):
    """What became of one photo; ``code``, ``title`` and ``mend`` say why it was refused, and are null else."""

    number: int = Field(description="Its place among those that were sent together, from 1.")
    status: Literal["TAKEN", "REFUSED"]
    code: str | None
    title: str | None
    mend: str | None


class SentPhotosAnswer(PhotosWaiting):
    """What became of photos, in the order they were sent, and how many wait now."""

    photos: list[SentPhoto]


class TermsAnswer(Shape):
    """What a link asks the person to agree to: the controller's signed offer and the record in it."""

    offer: str
    record: dict[str, Any]
    statement: str
    waiting: bool
    expires_at: datetime
    log_key: str = Field(description="The transparency log's key in one line; the receipt keeps it.")
    photos: PhotosWaiting | None = Field(
        default=None, description="Where the person is invited to send photos of their own; else null."
    )


class CountersignRequest(Shape):
    """The person agrees."""

    countersignature: Token
    photos: list[PhotoDigest] = Field(
        default=[],
        max_length=MAX_NAMED,
        description="Where the person was invited to send photos: SHA-256 of each that they sent, in hexadecimal. "
        "While anything else waits, which somebody else must have sent, the answer is refused.",
    )


class AgreedAnswer(Shape):
    """The receipt, which together with the person's private key is theirs to keep."""

    status: Literal["CONSENTED"] = "CONSENTED"
    subject_id: Identifier
    receipt_id: Identifier
    offer: str
    countersignature: str
    other_way: OtherWay | None


class DeclinedAnswer(Shape):
    """The face is erased; the other way in, where the person had none."""

    status: Literal["DECLINED"] = "DECLINED"
    other_way: OtherWay | None


class WithoutFaceRequest(Shape):
    """Somebody to be served by PIN and QR credential only."""

    external_reference: ExternalReference


class WithoutFaceAnswer(Shape):
    """Their identifier and credentials."""

    subject_id: Identifier
    other_way: OtherWay


class ReceiptAnswer(Shape):
    """A receipt that is held. ``countersignature`` is null while the person has not answered."""

    receipt_id: Identifier
    offer: str
    countersignature: str | None
    expires_at: datetime


class OwnDecision(Shape):
    """One decision about oneself."""

    decision_id: Identifier
    kind: str
    means: str
    outcome: str
    reason: str | None
    station_id: Identifier | None
    decided_at: datetime


class SubjectAnswer(Shape):
    """What is kept under one person's identifier. Operators see ``state``; the person sees whether they consented."""

    subject_id: Identifier
    state: str
    external_reference: str | None = Field(description="Null where it was asked for without the name.")
    gallery_id: Identifier
    gallery: str
    purpose_id: Identifier
    purpose: str
    controller: str
    contact: str
    model_id: str
    references: list[datetime] = Field(description="When each stored template was made. No image is kept.")
    receipts: list[ReceiptAnswer]
    other_way: bool = Field(description="Whether hashes of a PIN and a QR credential are kept.")
    decisions: list[OwnDecision]
    created_at: datetime


class OwnReading(Shape):
    """Who looked at what is held about oneself, when and why; null where the record was tampered with."""

    kind: str
    key_name: str | None
    reason: str | None
    read_at: datetime


class RenewalTerms(Shape):
    """What somebody is asked whose consent ends soon. Nothing is kept of it until they agree."""

    receipt_id: Identifier
    offer: Token
    statement: str
    expires_at: datetime


class RenewalRequest(Shape):
    """The person agrees to go on: the offer as it came, and their countersignature with the key of their receipt."""

    offer: Token
    countersignature: Token


class VisitRequest(Shape):
    """The public half of a key that was made for this visit."""

    public_key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$", description="Raw Ed25519, base64url.")]


class VisitAnswer(Shape):
    """A visit: ``visit_id`` signs as a person does at ``/v1/me``, until ``expires_at``."""

    visit_id: Identifier
    subject_id: Identifier
    expires_at: datetime


class OwnAnswer(SubjectAnswer):
    """The same for the person themselves, with who looked at it."""

    external_reference: str
    readings: list[OwnReading] = Field(description="Oldest first. Lists without names are not about one person.")
    new_photos_offered: bool = Field(
        description="Whether new photos would help: the template is a year old, or most of the newest matches by face "
        "only just passed. Ask at the desk; nothing is done by itself."
    )
    renewable: list[Identifier] = Field(
        default=[], description="Which of the receipts end soon, so that their holder can agree to go on."
    )


class LookupRequest(Shape):
    """Whom to look up, and why: it is kept, and the person sees it."""

    external_reference: Claim
    reason: str | None = Field(default=None, max_length=1000, description="1 to 200 printable characters; needed.")


class ReadingAnswer(Shape):
    """Who read about people. ``subject_id`` is null for lists, reason and name where the record was tampered with."""

    id: Identifier
    kind: str
    read_by: Identifier
    key_name: str | None
    gallery_id: Identifier | None
    purpose_id: Identifier
    subject_id: Identifier | None
    reason: str | None
    read_at: datetime
    expires_at: datetime


class SubjectRow(Shape):
    """One line of a gallery's list; names are looked up one at a time."""

    subject_id: Identifier
    state: str
    created_at: datetime


class LookAlikeRequest(Shape):
    """Two people of one gallery who look alike; ``other_subject_id`` null: one who looks like somebody else."""

    subject_id: Identifier
    other_subject_id: Identifier | None = None


class LookAlikeAnswer(Shape):
    """Two people who look alike, or one. ``source``: found by the machine, declared, or disputed at a station."""

    id: Identifier
    gallery_id: Identifier
    subject_id: Identifier
    other_subject_id: Identifier | None
    source: str
    created_at: datetime


class ReviewAnswer(Shape):
    """Something that waits for a person."""

    id: Identifier
    kind: str
    gallery_id: Identifier
    subject_id: Identifier
    other_subject_id: Identifier | None
    enrolment_id: Identifier | None
    by_invitation: bool | None = Field(
        default=None,
        description="Whether the person sent the photos themselves, by an invitation, and nobody watched. "
        "Null: there is no enrolment, or it is not known.",
    )
    created_at: datetime


class ResolutionRequest(Shape):
    """What the person who looked decided."""

    resolution: Literal["activate", "erase", "noted"]
    reason: str | None = Field(
        default=None, max_length=400, description="Why, 1 to 200 printable characters; sealed, and kept with the entry."
    )


PinText = Annotated[str, Field(pattern=r"^[0-9]{6}$")]
