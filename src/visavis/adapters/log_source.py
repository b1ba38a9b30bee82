"""A log to be checked, in a folder or behind an address; nothing about either is trusted.

What is longer than any resource of its kind is cut off one byte after that: whoever reads it then finds it malformed.
"""

import os
import re
import ssl
import stat
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, Self, TypeVar

import httpx2

from visavis.audit.merkle import HASH_BYTES
from visavis.audit.note import MAX_NOTE
from visavis.audit.tiles import MAX_BUNDLE, WIDTH
from visavis.model.audit import LogUnreachable, ResourceMissing

A = TypeVar("A")
B = TypeVar("B")

_PATH: Final = re.compile(
    r"checkpoint|tile/(?:entries|[0-9]|[1-5][0-9]|6[0-3])/(?:x[0-9]{3}/)*[0-9]{3}(?:\.p/[1-9][0-9]{0,2})?", re.ASCII
)
_READ: Final = 64 * 1024
_AT_ONCE: Final = 4
"""Resources that are asked for at the same time: a log far away is not waited for over and over."""

_AHEAD: Final = 16
_TRIES: Final = 3
_GONE: Final = frozenset({404, 410})
_BUSY: Final = frozenset({429, 500, 502, 503, 504})
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: until there is a connection, between two bytes, for one resource in all, and between two tries."""

    connect_s: float = 10.0
    read_s: float = 15.0
    resource_s: float = 60.0
    pause_s: float = 1.0


class LogSource(Protocol):
    """Where a log is read from."""

    def __enter__(self) -> Self:
        """Open it."""

    def __exit__(self, *error: object) -> None:
        """Close it."""

    def fetch(self, path: str) -> bytes:
        """The resource at a path of C2SP tlog-tiles.

        :raises ResourceMissing: there is none. :raises LogUnreachable: it cannot be had, or not in an honest way.
        :raises ValueError: no resource of a log lies there.
        """

    def each(self, function: Callable[[A], B], of: Iterable[A], /) -> Iterator[B]:
        """What a function that fetches gives for each of them, in their order; perhaps ahead of being asked for."""


def open_source(place: str, *, patience: Patience | None = None) -> LogSource:
    """The log at an ``http`` or ``https`` address, or else in a folder.

    :raises LogUnreachable: there is no such folder, or the address is none.
    """
    if re.match(r"https?://", place):
        return HttpSource(place, patience=patience or Patience())
    return FolderSource(Path(place))


class FolderSource:
    """A log in a folder. Neither the folder nor anything in it may lead elsewhere: links are refused."""

    def __init__(self, folder: Path) -> None:
        self._name = folder
        try:
            # The folder itself is the caller's word; everything below it is the log's.
            self._root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise LogUnreachable(f"{folder}: {error.strerror}.") from None

    def __enter__(self) -> Self:
        """See the protocol."""
        return self

    def __exit__(self, *_error: object) -> None:
        """See the protocol."""
        os.close(self._root)

    def fetch(self, path: str) -> bytes:
        """See the protocol."""
        most = _require_path(path)
        try:
            descriptor = self._open(path)
            with os.fdopen(descriptor, "rb", buffering=0) as file:
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode):
                    raise LogUnreachable(f"{path} is not a file.")
                return _read_all(file.fileno(), most)
        except (FileNotFoundError, NotADirectoryError):
            raise ResourceMissing(f"{path} is not there.") from None
        except OSError as error:
            raise LogUnreachable(f"{path}: {error.strerror}.") from None

    def each(self, function: Callable[[A], B], of: Iterable[A], /) -> Iterator[B]:
        """See the protocol."""
        return map(function, of)

    def _open(self, path: str) -> int:
        """Open a file below the folder, without following a link on the way."""
        *folders, name = path.split("/")
        at = self._root
        try:
            for folder in folders:
                below = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
                if at != self._root:
                    os.close(at)
                at = below
            # A pipe would keep us waiting for its other end.
            return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=at)
        finally:
            if at != self._root:
                os.close(at)


class HttpSource:
    """A log behind an address. It is sent nowhere else: no redirect is followed."""

    def __init__(self, prefix: str, *, patience: Patience) -> None:
        self._patience = patience
        timeout = httpx2.Timeout(patience.read_s, connect=patience.connect_s)
        try:
            self._prefix = httpx2.URL(prefix.rstrip("/"))
        except httpx2.InvalidURL:
            raise LogUnreachable("This is no address.") from None
        if not self._prefix.host or self._prefix.query or self._prefix.fragment:
            raise LogUnreachable("The address of a log has a host, no query and no '#'.")
        encrypted = self._prefix.scheme == "https"
        self._http = httpx2.Client(
            timeout=timeout,
            # Whom to trust takes a while to load, and without TLS there is nobody.
            verify=True if encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            follow_redirects=False,
            headers={"Accept-Encoding": "gzip, identity"},
            trust_env=encrypted,
        )
        self._closing = threading.Event()

    def __enter__(self) -> Self:
        """See the protocol."""
        return self

    def __exit__(self, *_error: object) -> None:
        """See the protocol."""
        self._closing.set()
        self._http.close()

    def fetch(self, path: str) -> bytes:
        """See the protocol."""
        most = _require_path(path)
        for pause in (*[self._patience.pause_s] * (_TRIES - 1), None):
            try:
                return self._fetched(path, most)
            except (httpx2.HTTPError, httpx2.InvalidURL, _Busy) as error:
                if pause is None or isinstance(error, httpx2.TimeoutException):
                    told = str(error) or type(error).__name__
                    raise LogUnreachable(f"{path}: {told}.") from None
                self._closing.wait(pause)
        raise AssertionError  # pragma: no cover -- the last round returns or raises

    def each(self, function: Callable[[A], B], of: Iterable[A], /) -> Iterator[B]:
        """See the protocol. Some are asked for at the same time."""
        waiting: deque[Future[B]] = deque()
        pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="log")
        try:
            for one in of:
                waiting.append(pool.submit(function, one))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def _fetched(self, path: str, most: int) -> bytes:
        end = time.monotonic() + self._patience.resource_s
        with self._http.stream("GET", f"{self._prefix}/{path}") as answer:
            if answer.status_code in _GONE:
                raise ResourceMissing(f"{path} is not there.")
            if answer.status_code in _BUSY:
                raise _Busy(f"the server answers {answer.status_code}")
            if answer.status_code != _OK:
                raise LogUnreachable(f"{path}: the server answers {answer.status_code}, and not with the resource.")
            coding = answer.headers.get("Content-Encoding", "identity").strip().lower()
            if coding not in {"gzip", "x-gzip", "identity"}:
                raise LogUnreachable(f"{path} comes in a coding that was not asked for.")
            body = _Body(most, packed=coding != "identity")
            for part in answer.iter_raw():
                if time.monotonic() > end:
                    raise LogUnreachable(f"{path} did not come within {self._patience.resource_s:g} seconds.")
                if body.took(part):
                    break
            try:
                return body.whole()
            except zlib.error:
                raise LogUnreachable(f"{path} is not the gzip that it says it is.") from None


class _Busy(Exception):
    """The server says that it can do it later. It never leaves this module."""


class _Body:
    """The bytes of an answer, unpacked, and no more of them than can be right."""

    def __init__(self, most: int, *, packed: bool) -> None:
        self._left = most + 1
        self._parts: list[bytes] = []
        self._unpack = zlib.decompressobj(wbits=31) if packed else None
        self._failed = False

    def took(self, part: bytes) -> bool:
        """Take in a part as it came; whether that is enough."""
        if self._unpack is not None:
            try:
                part = self._unpack.decompress(part, self._left)
            except zlib.error:
                self._failed = True
                return True
        self._parts.append(part[: self._left])
        self._left -= len(self._parts[-1])
        return self._left <= 0

    def whole(self) -> bytes:
        """All of it.

        :raises zlib.error: it was packed and is damaged or not all there.
        """
        if self._failed or (self._unpack is not None and self._left > 0 and not self._unpack.eof):
            raise zlib.error
        return b"".join(self._parts)


def _require_path(path: str) -> int:
    """The most bytes that the resource at this path can have.

    :raises ValueError: there is none of this name.
    """
    if not _PATH.fullmatch(path):
        raise ValueError("no resource of a log lies there")
    if path == "checkpoint":
        return MAX_NOTE
    return MAX_BUNDLE if path.startswith("tile/entries/") else WIDTH * HASH_BYTES


def _read_all(descriptor: int, most: int) -> bytes:
    parts, left = [], most + 1
    while left > 0 and (part := os.read(descriptor, min(left, _READ))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
