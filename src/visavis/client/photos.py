"""Photos as callers have them: bytes, or the path of a file."""

import asyncio
import hashlib
import os
from pathlib import Path

from visavis.client.raising import problem_here

Photo = bytes | str | os.PathLike[str]
"""The bytes of a JPEG, PNG, WebP, HEIC or AVIF file, or where it lies."""

File = tuple[str, tuple[str, bytes, str]]
"""One part of a multipart body: field, and name, bytes and type of the file."""


def as_file(field: str, photo: Photo) -> File:
    """One part of a request. The file's own name stays here: it may name the person.

    :raises VisavisProblem: ``photo_unreadable``.
    """
    return field, (field, read_photo(photo), "application/octet-stream")


async def async_as_file(field: str, photo: Photo) -> File:
    """The same, read by another thread.

    :raises VisavisProblem: ``photo_unreadable``.
    """
    return as_file(field, photo) if isinstance(photo, bytes) else await asyncio.to_thread(as_file, field, photo)


async def async_digest(photo: Photo) -> str:
    """SHA-256 of a photo in hexadecimal: by it the server knows it again.

    :raises VisavisProblem: ``photo_unreadable``.
    """
    return digest(photo) if isinstance(photo, bytes) else await asyncio.to_thread(digest, photo)


def digest(photo: Photo) -> str:
    """The same.

    :raises VisavisProblem: ``photo_unreadable``.
    """
    return hashlib.sha256(read_photo(photo)).hexdigest()


def read_photo(photo: Photo) -> bytes:
    """The bytes of a photo; whether they are a picture is for the server to say.

    :raises VisavisProblem: ``photo_unreadable``.
    """
    if isinstance(photo, bytes):
        return photo
    try:
        return Path(photo).read_bytes()
    except OSError as error:
        raise problem_here("photo_unreadable", f"{os.fspath(photo)}: {error.strerror}.") from None
