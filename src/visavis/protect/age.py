"""Encrypting to somebody elsewhere, while it is made: nothing of it is whole in memory or on a disk.

The format is age (https://age-encryption.org/v1), by a kept library: a fresh file key, wrapped with X25519 for one
recipient, and ChaCha20-Poly1305 in chunks of 64 KiB of which none can be left out at the end.
"""

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import Final

from pyrage import encrypt_io, x25519

_AHEAD: Final = 8
"""Chunks of 64 KiB that are made before somebody takes them."""

_LOOK_S: Final = 0.2


class _Stopped(Exception):
    """Nobody takes what is made."""


class _Source:
    """What is to be encrypted, as a file that is read."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = iter(parts)
        self._left = b""
        self.failed: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes; none at the end."""
        try:
            while not self._left:
                self._left = next(self._parts)
        except StopIteration:
            return b""
        except Exception as error:
            # The library puts an error of its own in the place of this one.
            self.failed = error
            raise
        taken, self._left = (self._left, b"") if size < 0 else (self._left[:size], self._left[size:])
        return taken


class _Sink:
    """What was encrypted, as a file that is written, for whoever takes it."""

    def __init__(self) -> None:
        self._chunks: queue.Queue[bytes | None] = queue.Queue(_AHEAD)
        self.stopped = threading.Event()

    def write(self, data: bytes) -> int:
        """Wait until there is room."""
        self._put(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def end(self) -> None:
        """There is no more."""
        try:
            self._put(None)
        except _Stopped:
            return

    def taken(self) -> Iterator[bytes]:
        """Chunk after chunk."""
        while (chunk := self._chunks.get()) is not None:
            yield chunk

    def _put(self, chunk: bytes | None) -> None:
        while not self.stopped.is_set():
            try:
                self._chunks.put(chunk, timeout=_LOOK_S)
            except queue.Full:
                continue
            return
        raise _Stopped


def encrypted(parts: Iterable[bytes], *, recipient: str) -> Iterator[bytes]:
    """The parts as one age file, in chunks, made while they are taken.

    Where ``parts`` raises, so does this, and what was given out so far is no file: its last chunk is missing.

    :param recipient: an age X25519 public key (``approval.require_recipient``).
    """
    source, sink = _Source(parts), _Sink()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            encrypt_io(source, sink, [x25519.Recipient.from_str(recipient)])
        except BaseException as error:  # noqa: BLE001 -- a panic of the library is none of Exception, and is told below
            failed.append(source.failed or error)
        finally:
            sink.end()

    threading.Thread(target=run, name="encrypting", daemon=True).start()
    try:
        yield from sink.taken()
        if failed:
            raise failed[0]
    finally:
        # Who hangs up is not kept waiting: the thread ends by itself, at its next chunk.
        sink.stopped.set()
