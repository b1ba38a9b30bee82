"""Which of somebody's photos can be used, and what is wrong with the others."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from visavis.flows.enrol import Enrol, Usable
from visavis.flows.entries import Refused
from visavis.model.bulk import PhotoLeftOut
from visavis.model.consent import MAX_PHOTOS
from visavis.model.errors import FaceRefused, ImageRefused, Kind

MAX_PHOTO_NAME: Final = 200
"""Longest name of a file that a report keeps, in characters."""


@dataclass(frozen=True, slots=True)
class NamedPhoto:
    """A photo and the operator's name for its file."""

    name: str
    content: bytes

    @property
    def digest(self) -> bytes:
        """By which it is known again (SHA-256)."""
        return hashlib.sha256(self.content).digest()


@dataclass(frozen=True, slots=True)
class Judged:
    """The usable photos, each once, and what is wrong with the others."""

    usable: Sequence[Usable]
    refusals: Sequence[Refused]


def judged(photos: Sequence[NamedPhoto], *, enrol: Enrol) -> Judged:
    """Look at the first five of somebody's photos, each by itself."""
    usable: dict[bytes, Usable] = {}
    refusals = []
    for photo in photos[:MAX_PHOTOS]:
        digest = photo.digest
        if digest in usable:
            continue
        try:
            usable[digest] = enrol.judge(photo.content, digest=digest)
        except (ImageRefused, FaceRefused) as refusal:
            if refusal.kind is Kind.UNAVAILABLE:
                raise  # of the machine, not of the photo: the same call can succeed later
            refusals.append(Refused(_short(photo.name), refusal.code))
    refusals += [Refused(_short(photo.name), PhotoLeftOut.code) for photo in photos[MAX_PHOTOS:]]
    return Judged(list(usable.values()), refusals)


def _short(name: str) -> str:
    """The last part of a file's name, so that a report does not repeat somebody's folders."""
    return name.replace("\\", "/").rpartition("/")[2][:MAX_PHOTO_NAME]
