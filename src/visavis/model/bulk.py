"""Bringing many people at once: every one of them stays pending, as if enrolled one by one (rule S1)."""

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from visavis.model.errors import PolicyRefused, RequestRefused

MAX_ENTRIES: Final = 10_000
"""Most people of one import."""

MAX_ASKED: Final = 1_000
"""Most people that one question for what is missing is about."""


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


def entry_digest(external_reference: str, photos: Sequence[bytes]) -> bytes:
    """By which the same person with the same photos is known again (SHA-256, 32 bytes).

    :param external_reference: in NFC and without outer spaces it is one name, however it was typed.
    :param photos: the SHA-256 digests of the photos, 32 bytes each, in their order.
    """
    name = unicodedata.normalize("NFC", external_reference.strip()).encode()
    return hashlib.sha256(b"visavis import entry 1\n" + hashlib.sha256(name).digest() + b"".join(photos)).digest()


class ImportFull(PolicyRefused):
    """The import has as many people as one takes."""

    code = "import_full"
    mend = f"Bring the others in an import of another name: one takes {MAX_ENTRIES:,} people."


class ErasedBefore(PolicyRefused):
    """Somebody of this name declined, withdrew or never answered, and was erased; an import brings nobody back."""

    code = "erased_before"
    mend = "If the person asks for it, enrol them by themselves."


class PhotoLeftOut(RequestRefused):
    """The photo was not looked at: the person has more of them than are taken at a time."""

    code = "photo_left_out"
    mend = "Nothing, if the others will do; else remove one of them, or enrol the person again with this one."
