"""Exports of references, and bundles that come in."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from visavis.model.export import MAX_PART
from visavis.wire.setup import PublicKey
from visavis.wire.shape import Identifier, Shape

_MAX_LINE = 2 * 1024 * 1024
Signature = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{86}$", description="Ed25519, base64url.")]
Line = Annotated[str, Field(min_length=2, max_length=_MAX_LINE, description="One line of a bundle, without its end.")]


class ExportAsked(Shape):
    """An export to ask the custodians for; everything here is signed, the reason too."""

    gallery_id: Identifier
    recipient: Annotated[str, Field(pattern=r"^age1[a-z0-9]{58}$", description="An age X25519 public key.")]
    reason: Annotated[
        str, Field(max_length=400, description="Why references are to leave, 1 to 200 printable characters.")
    ]
    lasts_hours: Annotated[int, Field(ge=1, le=168, description="How long custodians can be asked.")] = 72


class ApproverAnswer(Shape):
    """Who approved; both are null where they are no custodian any more, and their word counts no more."""

    number: int | None
    name: str | None


class ExportAnswer(Shape):
    """A request as it stands. ``document`` is what custodians read and sign, byte by byte."""

    id: Identifier
    gallery_id: Identifier
    purpose_id: Identifier
    state: Literal["ASKED", "CARRIED_OUT"]
    document: str
    approvals: list[ApproverAnswer]
    needed: int = Field(description="How many custodians have to approve.")
    made_at: datetime
    expires_at: datetime


class ApprovalRequest(Shape):
    """One custodian's word: their public key, and their signature over the request (``spec/export-bundle.md``)."""

    key: PublicKey
    signature: Signature


class BundlePart(Shape):
    """Some people of a bundle. ``controller_key`` is the exporting controller's, from a source you believe."""

    controller_key: PublicKey
    header: Line
    people: Annotated[list[Line], Field(min_length=1, max_length=MAX_PART)]


class CarriedRow(Shape):
    """What became of one person, by their number in the bundle; ``code`` and ``mend`` where they were left out."""

    number: int
    outcome: Literal["PENDING", "MOVED", "LEFT_OUT"]
    code: str | None
    mend: str | None


class BundlePartAnswer(Shape):
    """What became of each, in their order."""

    people: list[CarriedRow]
