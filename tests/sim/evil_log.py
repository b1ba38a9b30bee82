"""A server of a log that lies on command."""

import gzip
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

_ENOUGH: Final = 64 * 1024 * 1024
"""Bytes that an endless answer has: more than anybody may read."""


@dataclass(slots=True)
class Answer:
    """What is answered, whatever it claims to be. ``body`` may be endless, or wait between its parts."""

    body: Iterable[bytes] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Lie = Answer | bytes


class EvilLog:
    """Serves a folder as a log; ``lies`` are told instead of what lies there. ``asked`` are the paths asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lies: dict[str, Lie] = {}
        self.asked: list[str] = []
        self.url = ""

    def truth(self, path: str) -> bytes:
        """What lies in the folder."""
        return (self.folder / path).read_bytes()

    def shows(self, folder: Path) -> None:
        """From now on it is another log, without a lie."""
        self.folder = folder
        self.lies.clear()

    def answer(self, path: str) -> Answer:
        """The lie about a path, or the truth."""
        self.asked.append(path)
        lie = self.lies.get(path)
        if isinstance(lie, Answer):
            return lie
        if lie is not None:
            return Answer([lie])
        place = self.folder / path
        return Answer([place.read_bytes()]) if place.is_file() else Answer(status=404)


@contextmanager
def evil_log(folder: Path) -> Iterator[EvilLog]:
    """A server in a thread of its own, on this machine."""
    log = EvilLog(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = log.answer(self.path.removeprefix("/"))
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                for part in answer.body:
                    self.wfile.write(part)
            except OSError:
                pass  # who asked has enough of it

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    log.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield log
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def endless() -> Answer:
    """More than anybody wants to have."""
    part = bytes(1 << 16)
    return Answer(part for _ in range(_ENOUGH // len(part)))


def slow(body: bytes, *, every_s: float) -> Answer:
    """The truth, a byte at a time."""

    def parts() -> Iterator[bytes]:
        for at in range(len(body)):
            time.sleep(every_s)
            yield body[at : at + 1]

    return Answer(parts())


def packed(body: bytes, *, coding: str = "gzip", change: Callable[[bytes], bytes] = lambda data: data) -> Answer:
    """A body that says that it is packed."""
    return Answer([change(gzip.compress(body))], headers={"Content-Encoding": coding})


def redirect(to: str, status: int = 302) -> Answer:
    """Go elsewhere."""
    return Answer(status=status, headers={"Location": to})
