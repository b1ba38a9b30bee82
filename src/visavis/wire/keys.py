"""The keys that everything is sealed with; never a key itself."""

from datetime import datetime
from typing import Literal

from visavis.wire.shape import Identifier, Shape


class EpochAnswer(Shape):
    """An epoch whose key is kept. ``emptied_at``: since when no subject's key needs it any more."""

    number: int
    made_at: datetime
    emptied_at: datetime | None


class DestroyedAnswer(Shape):
    """An epoch whose key is gone."""

    number: int
    made_at: datetime
    destroyed_at: datetime


class KeysAnswer(Shape):
    """Where the root key is, and the erasure epochs, oldest first; the last of ``epochs`` is the present one."""

    mode: Literal["keyfile", "quorum"]
    custodians: int
    custodians_needed: int
    generation: int
    backup_window_days: int
    epochs: list[EpochAnswer]
    destroyed: list[DestroyedAnswer]


class GalleryKeyAnswer(Shape):
    """A gallery's new key, and how many people's references were transformed with it."""

    gallery_id: Identifier
    subjects: int
