"""The boxes of a HEIF file, HEIC or AVIF (ISO/IEC 14496-12 and 23008-12): what they announce."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from visavis.capture.announced import require_pixels
from visavis.model.image import ImageAnimated, ImageUnreadable

MAX_ITEMS: Final = 1000
"""Most items in a file: tiles, thumbnails, metadata. A 48-megapixel phone photo has 200; each may be a picture."""

_MAX_BOXES: Final = 4096
"""Most boxes looked at beside each other."""

_HEADER: Final = struct.Struct(">I4s")
_NCLX: Final = struct.Struct(">4sHHHB")


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its type, and where its content lies in the file."""

    kind: bytes
    start: int
    end: int


def require_boxes(photo: bytes) -> int | None:
    """One still picture, of which every part, tile and thumbnail is of a size that is decoded.

    :returns: the colour primaries (ISO/IEC 23091-2, table 2) that the file names; None where it names none or several.
    :raises ImageAnimated: it holds a film. :raises TooManyPixels: something in it is too large.
    :raises ImageUnreadable: it is truncated, or its boxes make no sense.
    """
    top = list(_boxes(photo, 0, len(photo)))
    if any(box.kind == b"moov" for box in top):
        raise ImageAnimated
    meta = _the(b"meta", top)
    inside = list(_boxes(photo, meta.start + 4, meta.end))
    if _items(photo, _the(b"iinf", inside)) > MAX_ITEMS:
        raise ImageUnreadable
    return _require_properties(photo, _the(b"iprp", inside))


def _the(kind: bytes, boxes: list[Box]) -> Box:
    """The one box of this type: of two, the decoder might believe the other."""
    found = [box for box in boxes if box.kind == kind]
    if len(found) != 1:
        raise ImageUnreadable
    return found[0]


def _require_properties(photo: bytes, iprp: Box) -> int | None:
    sized = False
    primaries = set()
    for group in _boxes(photo, iprp.start, iprp.end):
        if group.kind != b"ipco":
            continue
        for box in _boxes(photo, group.start, group.end):
            if box.kind == b"ispe":
                sized = True
                require_pixels(_number(photo, box, 4), _number(photo, box, 8))
            elif box.kind == b"colr" and box.end - box.start == _NCLX.size:
                name, number, *_ = _NCLX.unpack_from(photo, box.start)
                primaries |= {number} if name == b"nclx" else set()
    if not sized:
        raise ImageUnreadable
    return primaries.pop() if len(primaries) == 1 else None


def _items(photo: bytes, iinf: Box) -> int:
    """How many items the file says it has (ISO/IEC 14496-12, 8.11.6)."""
    wide = photo[iinf.start] != 0
    return _number(photo, iinf, 4) if wide else _number(photo, iinf, 4) >> 16


def _number(photo: bytes, box: Box, offset: int) -> int:
    if box.start + offset + 4 > box.end:
        raise ImageUnreadable
    return int.from_bytes(photo[box.start + offset : box.start + offset + 4])


def _boxes(photo: bytes, place: int, end: int) -> Iterator[Box]:
    """The boxes from ``place`` to ``end``.

    At the top of a file what does not look like a box is taken for something appended, which some cameras do, and ends
    the list; a box that reaches beyond the end is a truncated file.
    """
    for _ in range(_MAX_BOXES):
        if place + _HEADER.size > end:
            return
        size, kind = _HEADER.unpack_from(photo, place)
        start = place + _HEADER.size
        if size == 1:
            size, start = int.from_bytes(photo[start : start + 8]), start + 8
        elif size == 0:
            size = end - place
        if not kind.isalnum() and end == len(photo):
            return
        if place + size > end or place + size < start:
            raise ImageUnreadable
        yield Box(kind, start, place + size)
        place += size
    raise ImageUnreadable
