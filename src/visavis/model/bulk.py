"""Bringing many people at once: every one of them stays pending, as if enrolled one by one (rule S1)."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class EntryOutcome(Enum):
    """What became of one person of an import."""

    PENDING = "PENDING"
    """Enrolled; some of the photos may have been refused."""
    REFUSED = "REFUSED"
    """Nothing was stored."""
    ERASED = "ERASED"
    """Enrolled, then declined, withdrawn or expired. It is kept, without a word about the person, so that running the
    import again does not bring them back."""


@dataclass(frozen=True, slots=True)
class Import:
    """One bringing of many people into one gallery. ``name`` is the operator's, one of its kind in the gallery."""

    id: str
    gallery_id: str
    name: str
    made_by: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ImportEntry:
    """One person of an import.

    ``tag`` is an HMAC of the operator's name for the person and their photos: the same again is not stored again.
    ``sealed`` holds that name, the files that were refused with reasons, and the secret of the person's link, under
    the subject's key; under a key of the server's where there is no subject; empty once they are erased.
    """

    id: str
    import_id: str
    tag: bytes
    outcome: EntryOutcome
    subject_id: str | None
    enrolment_id: str | None
    stored: int
    refused: int
    sealed: bytes
    created_at: datetime
