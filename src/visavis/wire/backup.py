"""Proof of an erasure."""

from datetime import datetime

from pydantic import Field

from visavis.wire.shape import Identifier, Shape


class EpochLeftAnswer(Shape):
    """An epoch whose key opens, or opened, backups that are older than the erasure."""

    number: int
    made_at: datetime
    planned_at: datetime | None = Field(description="When its key will be destroyed; null where it was.")
    destroyed_at: datetime | None = Field(description="When its key was destroyed; null where it is still there.")


class ErasureAnswer(Shape):
    """What was destroyed when. It is told as long as the tombstone is kept."""

    subject_id: Identifier
    reason: str
    withdrawn_by: str | None = Field(default=None, description="Who withdrew for them; null: nobody did.")
    withdrawn_because: str | None = Field(default=None, description="The reason that they gave.")
    receipt_ids: list[Identifier]
    erased_at: datetime = Field(description="From then on no running server opens anything of the person.")
    epochs: list[EpochLeftAnswer]
    beyond_recovery_at: datetime = Field(
        description="From then on nobody opens an older backup of it, with every key there is."
    )
    beyond_recovery: bool = Field(description="Whether that has come; if not, the date is what is planned.")
    tombstone_until: datetime
