"""Sessions and decisions."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from visavis.wire.people import PinText
from visavis.wire.shape import Claim, Identifier, Shape, Token


class Notice(Shape):
    """What everybody in front of a station can read: why, who, how long."""

    purpose: str
    controller: str
    contact: str
    jurisdiction: str
    retention_days: int
    ends_at: datetime | None = Field(description="When the purpose is over for everybody, or null.")
    language: str = Field(description="BCP 47, of the text.")
    text: str


class OwnStation(Shape):
    """What a station is for.

    ``kinds`` are the sessions that it can open, ``liveness`` is how its purpose keeps attack presentations out;
    ``locked``: an operator has to look first.
    """

    station_id: Identifier
    name: str
    attended: bool
    locked: bool
    kinds: list[str]
    liveness: str
    notice: Notice


class SessionRequest(Shape):
    """A station opens a session."""

    kind: Literal["identify", "verify", "document_check"]


class SessionAnswer(Shape):
    """A session. ``grant_link`` is for the holder of a document, who has to open it before the check.

    ``liveness`` is how its purpose keeps attack presentations out: where it says ``active``, ask for a challenge.
    """

    session_id: Identifier
    kind: str
    state: str
    expires_at: datetime
    liveness: str
    grant_link: str | None = None


class ChallengeRequest(Shape):
    """What the person can do: anything, anything but shutting their eyes, or only that."""

    variant: Literal["whole", "head", "blink"] = "whole"


class AskedStep(Shape):
    """One thing to do: nothing is asked for ``pause_ms``, then this for up to ``within_ms``."""

    do: str
    pause_ms: int
    within_ms: int


class ChallengeAnswer(Shape):
    """What the person is asked to do before the camera; the capture that answers it is a capture bundle."""

    session_id: Identifier
    nonce: str
    steps: list[AskedStep]
    expires_at: datetime


class InvitationRequest(Shape):
    """A personal session to prepare. ``attended``: somebody watches the person's capture."""

    subject_id: Identifier
    attended: bool


class InvitationAnswer(Shape):
    """Hand ``link`` to the person: they open it on their own device and sign with their own key."""

    session_id: Identifier
    link: str
    expires_at: datetime


class OpenPersonalRequest(Shape):
    """The person opens their session; the request is signed with their own key."""

    link_secret: Annotated[str, Field(min_length=16, max_length=64)]


class GrantTermsAnswer(Shape):
    """What the holder of a document is asked."""

    session_id: Identifier
    controller: str
    language: str = Field(description="BCP 47, of the text.")
    text: str
    statement: str
    expires_at: datetime


class GrantRequest(Shape):
    """The holder's grant, signed with a key made for this once."""

    grant: Token


DisputedDecision = Annotated[
    Identifier | None,
    Field(
        description="The decision of which the person who shows this has just said that it was not them, if they have: "
        "then it says who they are."
    ),
]
"""Nobody is taken for the other one of a dispute because they happen to come next."""


class PinRequest(Shape):
    """A name and a PIN."""

    external_reference: Claim
    pin: PinText
    disputed_decision_id: DisputedDecision = None


class QrRequest(Shape):
    """What a QR credential says."""

    qr: Annotated[str, Field(max_length=200)]
    disputed_decision_id: DisputedDecision = None


class Person(Shape):
    """Who was recognised."""

    subject_id: Identifier
    external_reference: str


class DecisionAnswer(Shape):
    """A decision. There is no score, here or anywhere."""

    decision_id: Identifier
    decision: Literal["MATCH", "NO_MATCH", "REFUSED", "REVIEW"]
    reason: str | None
    guidance: str | None
    subject: Person | None
    retry_after_s: float | None = None


class OwnDataAnswer(DecisionAnswer):
    """A decision by face and PIN. ``me_link``, where both fit, opens the person's data once, for a few minutes."""

    me_link: str | None
    link_expires_at: datetime | None


class DecisionRecord(Shape):
    """A decision as the operator sees it. ``fmr_decade`` -4 says: at most 1 stranger in 10,000 scores this high."""

    decision_id: Identifier
    session_id: Identifier
    kind: str
    means: str
    outcome: str
    reason: str | None
    station_id: Identifier | None
    gallery_id: Identifier | None
    purpose_id: Identifier
    subject_id: Identifier | None
    fmr_decade: int | None
    gallery_size: int | None
    model_id: str | None
    decided_at: datetime
