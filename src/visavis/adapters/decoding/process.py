"""One worker process, as the server sees it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Final

import numpy as np

from visavis.adapters.decoding.messages import CHANNELS, READY, REQUEST, TICKET_BYTES, VERDICT, Garbled, read_verdict
from visavis.model.errors import ImageRefused
from visavis.model.image import Frame, ImageTooDemanding, ImageUnreadable

COMMAND: Final = (sys.executable, "-I", "-B", "-m", "visavis.adapters.decoding.worker")
"""Isolated from this process's environment and working directory; writes no compiled modules."""

# One thread a worker, and memory that goes back to the system after a large photo.
_ENVIRONMENT: Final = {
    "LC_ALL": "C.UTF-8",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_TRIM_THRESHOLD_": str(8 * 1024 * 1024),
    "MALLOC_MMAP_THRESHOLD_": str(4 * 1024 * 1024),
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}

_TAKES_TOO_MUCH: Final = frozenset({-signal.SIGXCPU, -signal.SIGKILL})
"""How a worker ends that took too much: of the processor's time, or of the memory when there was none left."""

_LAST_BREATH_S: Final = 5.0
"""Seconds that a worker which closed its socket has to end by itself, so that its reason is seen."""


class Worker:
    """A process that decodes one photo at a time.

    The thread that makes it has to stay: the system ends a worker when the *thread* that started it ends.

    :raises OSError: the process cannot be started.
    """

    def __init__(self, command: Sequence[str]) -> None:
        with ExitStack() as undo:
            self._socket, theirs = socket.socketpair()
            undo.callback(self._socket.close)
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603 -- our own program, by its path, without a shell
                    [*command, str(os.getpid())],
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env=_ENVIRONMENT,
                    cwd="/",
                )
            undo.callback(self._process.wait)
            undo.callback(self._process.kill)
            self.death: Final = os.pidfd_open(self._process.pid)
            """A descriptor that can be read from when the process has died."""
            undo.pop_all()
        self.photos = 0
        """How many it was given."""
        self.is_spent = False
        """Whether it must not be asked again: it died, answered nonsense, took too much or is still being asked."""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def is_ready(self, *, within_s: float) -> bool:
        """Wait until it can decode; False if it does not come to that."""
        self._socket.settimeout(within_s)
        try:
            return self._socket.recv(len(READY)) == READY
        except OSError:
            return False

    def is_quiet(self) -> bool:
        """Whether it lives and has said nothing unasked."""
        self._socket.settimeout(0)
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def decode(self, photo: bytes, *, within_s: float) -> Frame:
        """The picture in ``photo``.

        :raises ImageRefused: the leaf says why; where ``is_spent`` stays set, the worker fell over this photo.
        """
        self.photos += 1
        self.is_spent = True
        try:
            answer = self._ask(photo, time.monotonic() + within_s)
        except TimeoutError:
            raise ImageTooDemanding from None
        except (OSError, EOFError):
            raise self._cause_of_death() from None
        except Garbled:
            raise ImageUnreadable from None
        # What ran out of memory may have little of it left.
        self.is_spent = isinstance(answer, ImageTooDemanding)
        if isinstance(answer, ImageRefused):
            raise answer
        return answer

    def kill(self) -> None:
        """End it at once, whatever it does; whoever waits for its answer gets a refusal."""
        self._process.kill()

    def end(self) -> None:
        """End it, and give back what it took. Nobody may be asking it any more."""
        self._process.kill()
        self._process.wait()
        self._socket.close()
        os.close(self.death)

    def _ask(self, photo: bytes, deadline: float) -> Frame | ImageRefused:
        self._socket.settimeout(_left(deadline))
        ticket = os.urandom(TICKET_BYTES)
        self._socket.sendall(REQUEST.pack(ticket, len(photo)))
        self._socket.sendall(photo)
        head = bytearray(VERDICT.size)
        self._receive(memoryview(head), deadline)
        verdict = read_verdict(bytes(head), ticket=ticket)
        if isinstance(verdict, ImageRefused):
            return verdict
        width, height = verdict
        pixels = np.empty((height, width, CHANNELS), dtype=np.uint8)
        self._receive(pixels.data.cast("B"), deadline)
        return Frame(pixels)

    def _receive(self, room: memoryview, deadline: float) -> None:
        while room:
            self._socket.settimeout(_left(deadline))
            count = self._socket.recv_into(room)
            if not count:
                raise EOFError
            room = room[count:]

    def _cause_of_death(self) -> ImageRefused:
        try:
            code = self._process.wait(timeout=_LAST_BREATH_S)
        except subprocess.TimeoutExpired:
            return ImageUnreadable()
        return ImageTooDemanding() if code in _TAKES_TOO_MUCH else ImageUnreadable()


def _left(deadline: float) -> float:
    """Seconds until ``deadline``. :raises TimeoutError: it is over."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
