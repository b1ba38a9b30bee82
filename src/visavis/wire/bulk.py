"""Imports: many people, each brought by themselves."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from visavis.model.bulk import MAX_ASKED
from visavis.wire.shape import Identifier, Name, Shape

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of a person with their photos, in hex.")]
EntryOutcome = Literal["PENDING", "REFUSED", "ERASED"]


class ImportRequest(Shape):
    """An import to open. ``name`` is yours; the same name in the same gallery is the same import."""

    name: Name


class ImportAnswer(Shape):
    """An import and how far it is. It ends when the last of its links does; nobody in it is touched by that."""

    id: Identifier
    gallery_id: Identifier
    name: str
    made_by: Identifier = Field(description="The API key that made it, which alone may read its links.")
    created_at: datetime
    expires_at: datetime
    pending: int = Field(
        description="People who were enrolled. They are asked; nobody is recognised before they agree."
    )
    refused: int = Field(description="People of whom nothing was stored.")
    erased: int = Field(
        description="People who declined, withdrew or were erased otherwise; they are not brought back."
    )
    photos_stored: int
    photos_refused: int


class MissingRequest(Shape):
    """People, with their photos, of whom you want to know whether they were brought."""

    digests: Annotated[list[Digest], Field(max_length=MAX_ASKED)]


class MissingAnswer(Shape):
    """Those who were not, in the order they were named."""

    digests: list[Digest]


class PhotoRefused(Shape):
    """A photo that was refused; ``photo`` is null where the refusal is about the person."""

    photo: str | None
    code: str
    mend: str


class EntryAnswer(Shape):
    """What became of one person: the same again for the same photos. Their link is not told here."""

    entry_id: Identifier
    outcome: EntryOutcome
    stored: int = Field(description="Photos that were taken, whoever was there before.")
    refusals: list[PhotoRefused]


class RefusalsRow(Shape):
    """Somebody of whom something was refused. ``number`` counts the people of the import from 1."""

    entry_id: Identifier
    number: int
    external_reference: str
    outcome: EntryOutcome
    stored: int
    refusals: list[PhotoRefused]


class LinkRow(Shape):
    """Somebody whose answer is awaited. Hand ``consent_link`` to them and to nobody else; it works once."""

    entry_id: Identifier
    number: int
    external_reference: str
    consent_link: str
    expires_at: datetime
