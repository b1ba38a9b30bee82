"""What goes into an import and comes out of it, without sending anything: both clients share it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from visavis.client.exchange import Reply
from visavis.client.photos import File
from visavis.model.bulk import entry_digest

_NEXT: Final = "Visavis-Next"


@dataclass(frozen=True, slots=True)
class NamedPhoto:
    """A photo and the name of its file, by which a refusal is reported; the server keeps it sealed until then."""

    name: str
    content: bytes = field(repr=False)

    def as_file(self) -> File:
        """One part of a request."""
        return "photos", (self.name, self.content, "application/octet-stream")


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a list as a file. ``next`` is the ``after`` of the next part, or None at the end."""

    content: bytes = field(repr=False)
    next: str | None


def part_of(reply: Reply) -> Part:
    """The part in a reply."""
    return Part(reply.content, reply.headers.get(_NEXT))


def person_digest(external_reference: str, photos: Sequence[bytes]) -> str:
    """By which an import knows the same person with the same photos again.

    :param photos: the bytes of the files, in the order they are brought in.
    """
    return digest_of(external_reference, [hashlib.sha256(photo).digest() for photo in photos])


def digest_of(external_reference: str, photo_digests: Sequence[bytes]) -> str:
    """The same where the photos' SHA-256 digests are known already."""
    return entry_digest(external_reference, photo_digests).hex()
