"""What the transparency log says about the person who asks."""

from typing import Annotated, Any

from pydantic import Field

from visavis.wire.shape import Page, Shape

Index = Annotated[int, Field(ge=0, lt=1 << 63, description="Where an entry stands in the log.")]


class OwnEntryAnswer(Shape):
    """One entry about oneself, with what opens it and the proof that it is in the log."""

    index: Index
    entry: str = Field(description="The entry, byte for byte as it stands in the log.")
    salt: str = Field(description="32 random bytes in base64url.")
    details: dict[str, Any] = Field(description="What the entry commits to, with the salt (`spec/audit-log.md`).")
    proof: str | None = Field(description="A C2SP tlog-proof; null until the entry is published, a moment later.")


class OwnLogAnswer(Page[OwnEntryAnswer]):
    """Entries about oneself, oldest first. The log's key is pinned on the day somebody agrees; a new one is refused."""

    log_key: str = Field(description="The log's key in one line (C2SP signed-note).")
