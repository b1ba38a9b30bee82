"""The process that decodes: ``python -m visavis.adapters.decoding.worker SERVER-PID``, its socket as standard input.

It imports what decoding needs and nothing of the server. It ends when the server closes the socket.
"""

import socket
import sys
from contextlib import suppress

from visavis.adapters.decoding.confinement import confine, grant_time
from visavis.adapters.decoding.messages import READY, REQUEST, frame_verdict, refusal_verdict
from visavis.adapters.decoding.samples import SAMPLES
from visavis.capture.decode import decode
from visavis.model.errors import ImageRefused
from visavis.model.image import MAX_BYTES, ImageTooDemanding


def main() -> None:
    """Decode one photo after the other, until there is nobody to decode for."""
    confine(server=int(sys.argv[1]))
    _warm_up()
    with socket.socket(fileno=0) as server:
        server.sendall(READY)
        while (asked := _next(server)) is not None:
            grant_time()
            _answer(server, *asked)


def _warm_up() -> None:
    """Have the libraries load what they load at their first photo of a format, so that no person waits for it."""
    for sample in SAMPLES.values():
        # What cannot be decoded here is refused when it comes, and found by the doctor.
        with suppress(ImageRefused):
            decode(sample)


def _next(server: socket.socket) -> tuple[bytes, bytes] | None:
    """The next ticket and photo, or None when the server has gone."""
    head = server.recv(REQUEST.size, socket.MSG_WAITALL)
    if len(head) < REQUEST.size:
        return None
    ticket, length = REQUEST.unpack(head)
    if length > MAX_BYTES:
        return None
    photo = bytearray(length)
    rest = memoryview(photo)
    while rest:
        count = server.recv_into(rest)
        if not count:
            return None
        rest = rest[count:]
    return ticket, bytes(photo)


def _answer(server: socket.socket, ticket: bytes, photo: bytes) -> None:
    try:
        frame = decode(photo)
    except ImageRefused as refusal:
        server.sendall(refusal_verdict(ticket, refusal))
    except MemoryError:
        server.sendall(refusal_verdict(ticket, ImageTooDemanding()))
    else:
        server.sendall(frame_verdict(ticket, frame.width, frame.height))
        server.sendall(frame.pixels.data.cast("B"))


if __name__ == "__main__":
    main()
