"""What a file announces of itself, read before anything is decoded.

The libraries that decode have limits of their own. These are ours: they come first, they are the same for every
format, and a file that lies here is found out by what it decodes to.
"""

import re
import struct
from collections.abc import Iterator
from typing import Final

from visavis.model.image import MAX_PIXELS, ImageAnimated, ImageUnreadable, TooManyPixels

MAX_PARTS: Final = 16_384
"""Most segments or chunks in a file. A 12 MiB photo has a few thousand; each costs an interpreter's step, and there
could be a million."""

MAX_SCANS: Final = 100
"""Most scans in a JPEG. Progressive photos have about ten; each scan is a pass over all pixels, so that a few
kilobytes of empty ones could hold a core for minutes (libjpeg-turbo, "Two Issues with the JPEG Standard")."""

# T.81, B.1.1: in coded data 0xFF is followed by 0, and only restart markers may stand within it.
_MARKER: Final = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_END_OF_IMAGE: Final = b"\xd9"
_START_OF_SCAN: Final = b"\xda"
_WITHOUT_LENGTH: Final = frozenset({b"\x01", b"\xd8"})
_NOT_IN_FRONT: Final = frozenset({_END_OF_IMAGE, b"\xc8", *(bytes([kind]) for kind in range(0xF0, 0xFE))})
"""The end, and what T.81 reserves for extensions that nobody here reads."""

_MAX_JUNK: Final = 65_536
"""Bytes that may stand between the segments in front of the first scan; some programs pad there."""

# WebP Container Specification, "Extended File Format": flags, width and height less one.
_EXTENDED: Final = struct.Struct("<B3x3s3s")
_ANIMATION: Final = 0x02


def require_pixels(width: int, height: int) -> None:
    """A size that is decoded.

    :raises TooManyPixels: it is not.
    """
    if width * height > MAX_PIXELS:
        raise TooManyPixels.of(width, height)


def require_jpeg(photo: bytes) -> None:
    """No more scans than a camera writes, in the first picture of the file: what follows its end is not looked at.

    1. Segments follow each other until the first scan: Pillow looks for them byte by byte, in Python.
    2. There are at most ``MAX_SCANS`` scans.

    :raises ImageUnreadable: it is otherwise, or there is no end of segments.
    """
    scans, place, junk = 0, 2, 0
    for _ in range(MAX_PARTS):
        marker = _MARKER.search(photo, place)
        if scans and (marker is None or marker[1] == _END_OF_IMAGE):
            return
        # 1
        if marker is None or marker[1] in _NOT_IN_FRONT:
            break
        junk += 0 if scans else marker.start() - place
        if junk > _MAX_JUNK:
            break
        # 2
        scans += marker[1] == _START_OF_SCAN
        if scans > MAX_SCANS:
            break
        place = marker.end()
        if marker[1] not in _WITHOUT_LENGTH:
            place += int.from_bytes(photo[place : place + 2])
    raise ImageUnreadable


def require_png(photo: bytes) -> None:
    """No more chunks than an encoder writes.

    :raises ImageUnreadable: more.
    """
    for number, _ in enumerate(_chunks(photo, 8, ">I4x", extra=4)):
        if number > MAX_PARTS:
            raise ImageUnreadable


def require_webp(photo: bytes) -> None:
    """One still picture of a size that is decoded.

    :raises ImageAnimated: it is a film. :raises TooManyPixels: it is too large.
    :raises ImageUnreadable: its header says neither.
    """
    kind, head = photo[12:16], photo[20:30]
    if kind == b"VP8X" and len(head) == _EXTENDED.size:
        flags, width, height = _EXTENDED.unpack(head)
        if flags & _ANIMATION:
            raise ImageAnimated
        require_pixels(int.from_bytes(width, "little") + 1, int.from_bytes(height, "little") + 1)
    elif kind == b"VP8 " and head[3:6] == b"\x9d\x01\x2a":
        require_pixels(int.from_bytes(head[6:8], "little") & 0x3FFF, int.from_bytes(head[8:10], "little") & 0x3FFF)
    elif kind == b"VP8L" and head[:1] == b"\x2f":
        bits = int.from_bytes(head[1:5], "little")
        require_pixels((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    else:
        raise ImageUnreadable
    for number, _ in enumerate(_chunks(photo, 12, "<4xI", extra=0, even=True)):
        if number > MAX_PARTS:
            raise ImageUnreadable


def _chunks(photo: bytes, place: int, layout: str, *, extra: int, even: bool = False) -> Iterator[int]:
    """Where each chunk begins; of a header of eight bytes, ``layout`` reads the length of what follows."""
    header = struct.Struct(layout)
    while place + header.size <= len(photo):
        yield place
        (length,) = header.unpack_from(photo, place)
        place += header.size + length + extra + (length & 1 if even else 0)
