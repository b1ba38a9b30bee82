"""What server and worker say to each other, over a socket pair of their own.

::

    worker → server    READY                            once, when it is confined and can decode
    server → worker    ticket (8) length (4)            and then the photo, of so many bytes
    worker → server    ticket (8) verdict (1) width (4) height (4)
                                                        and then, for a frame, 3 x width x height bytes

Numbers are big-endian. A ticket is random and serves one photo, so that no answer is taken for that to another. Neither
side interprets more than these: a worker in somebody else's hands can say nothing but a size within the limits, that
many bytes, or one of the refusals below.
"""

import struct
from typing import Final

from visavis.model.errors import ImageRefused
from visavis.model.image import (
    FRAME_PIXELS,
    ImageAnimated,
    ImageFormatUnsupported,
    ImageTooDemanding,
    ImageUnreadable,
    TooManyPixels,
)

READY: Final = b"\x56"
TICKET_BYTES: Final = 8
REQUEST: Final = struct.Struct(f">{TICKET_BYTES}sI")
VERDICT: Final = struct.Struct(f">{TICKET_BYTES}sBII")
CHANNELS: Final = 3
FRAME: Final = 0

_TOO_MANY_PIXELS: Final = 1
_CODES: Final[dict[int, type[ImageRefused]]] = {
    _TOO_MANY_PIXELS: TooManyPixels,
    2: ImageFormatUnsupported,
    3: ImageAnimated,
    4: ImageUnreadable,
    5: ImageTooDemanding,
}


class Garbled(Exception):
    """The worker said something that no worker of ours says. It never leaves this package."""


def frame_verdict(ticket: bytes, width: int, height: int) -> bytes:
    """The head of an answer that a frame follows."""
    return VERDICT.pack(ticket, FRAME, width, height)


def refusal_verdict(ticket: bytes, refusal: ImageRefused) -> bytes:
    """A refusal as an answer; what has no code of its own is unreadable."""
    code = next((code for code, leaf in _CODES.items() if type(refusal) is leaf), 4)
    width, height = refusal.size if isinstance(refusal, TooManyPixels) else (0, 0)
    return VERDICT.pack(ticket, code, width, height)


def read_verdict(head: bytes, *, ticket: bytes) -> tuple[int, int] | ImageRefused:
    """Width and height of the frame that follows, or the refusal.

    :param head: ``VERDICT.size`` bytes from a worker, untrusted.
    :param ticket: of the photo that was asked about.
    :raises Garbled: it is neither, or to another photo.
    """
    said, code, width, height = VERDICT.unpack(head)
    if said != ticket:
        raise Garbled
    if code == FRAME and 0 < width * height <= FRAME_PIXELS:
        return width, height
    if code == _TOO_MANY_PIXELS:
        return TooManyPixels.of(width, height)
    if code not in _CODES:
        raise Garbled
    return _CODES[code]()
