"""Processes that open pages, as the server sees them: they live for as long as one gallery is loaded.

In one process reading and opening take turns, since Python runs one thread at a time. Beside it they do not, and the
server goes on serving.
"""

import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from itertools import chain
from multiprocessing.connection import Connection, wait
from typing import Final

from visavis.flows.keyring import Keyring
from visavis.flows.loading import Opened, OpenPages, Span, open_span, spans, wrapping_keys
from visavis.flows.ports import Clock, Store
from visavis.model.purpose import Gallery
from visavis.protect.gallery_keys import GalleryKeys
from visavis.protect.opening import WrappingKeys

COMMAND: Final = (sys.executable, "-I", "-B", "-m", "visavis.adapters.opening.worker")
"""Isolated from this process's environment and working directory; writes no compiled modules."""

MOST: Final = 4
"""Processes; what is left to do here keeps no more busy."""

_ENVIRONMENT: Final = {"LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_LAST_BREATH_S: Final = 5.0
_AHEAD: Final = 2
"""Pages that one is asked for at a time, so that it never waits for this process."""


class _Lost(Exception):
    """The other process was not to be had, or ended before its time."""


class _Other:
    """One of the processes, and what it was asked."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.asked: deque[tuple[Span, WrappingKeys]] = deque()

    def ask(self, span: Span, *, gallery: Gallery, wrapping: WrappingKeys, now: datetime) -> None:
        """Have it read and open one more page."""
        self.asked.append((span, wrapping))
        with suppress(OSError):  # found when it is to answer
            self.connection.send((span, gallery, wrapping, now))

    def answer(self) -> Opened:
        """What was in the page that it was asked for first.

        :raises _Lost: it is gone.
        """
        try:
            found: Opened = self.connection.recv()
        except (OSError, EOFError):
            raise _Lost from None
        return found


class OpenBeside(OpenPages):
    """Opens galleries in processes with a connection to the same database.

    Keys go to them through sockets that nobody else has, and are gone with them. Where one cannot be started, or ends
    before its time, this process opens what it was asked for.

    :param url: the database.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def __call__(
        self, gallery: Gallery, *, store: Store, keyring: Keyring, clock: Clock
    ) -> Iterator[tuple[Opened, GalleryKeys]]:
        """See ``OpenPages``."""
        left, undone = spans(gallery, store=store), list[Span]()
        with ExitStack() as undo:
            others = [undo.enter_context(_process(self._url)) for _ in range(min(MOST, os.cpu_count() or 1))]
            while busy := self._busy(others, left, gallery, keyring, clock):
                for connection in wait(list(busy)):
                    other = busy[connection]  # type: ignore[index] # wait gives back what it was given
                    try:
                        found = other.answer()
                    except _Lost:
                        others.remove(other)
                        undone += [span for span, _ in other.asked]
                        continue
                    span, wrapping = other.asked.popleft()
                    if wrapping != wrapping_keys(keyring):
                        undone.append(span)  # an epoch began or ended meanwhile, and it may have lacked its key
                        continue
                    with store.read() as tx:
                        keys = keyring.gallery_keys(tx, gallery.id)
                    yield found, keys
        for span in chain(undone, left):
            yield open_span(span, gallery=gallery, store=store, keyring=keyring, clock=clock)

    @staticmethod
    def _busy(
        others: list[_Other], left: Iterator[Span], gallery: Gallery, keyring: Keyring, clock: Clock
    ) -> dict[Connection, _Other]:
        """Give everybody something to do, and say who has."""
        for other in others:
            while len(other.asked) < _AHEAD and (span := next(left, None)) is not None:
                other.ask(span, gallery=gallery, wrapping=wrapping_keys(keyring), now=clock.now())
        return {other.connection: other for other in others if other.asked}


@contextmanager
def _process(url: str) -> Iterator[_Other]:
    with ExitStack() as undo:
        ours, theirs = socket.socketpair()
        connection = Connection(ours.detach())
        with theirs, suppress(OSError):  # where it cannot be started nobody answers
            process = subprocess.Popen(  # noqa: S603 -- our own program, by its path, without a shell
                COMMAND,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                cwd="/",
            )
            undo.callback(_end, process)
        undo.callback(connection.close)
        with suppress(OSError):
            connection.send(url)
        yield _Other(connection)


def _end(process: subprocess.Popen[bytes]) -> None:
    """It ends by itself when its socket is closed."""
    try:
        process.wait(timeout=_LAST_BREATH_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
