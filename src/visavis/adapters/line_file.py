"""A file of lines that grows at its end."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Final

from visavis.adapters.held import held
from visavis.flows.tombstones import Lines

_OWNER_ONLY: Final = 0o600
_END: Final = b"\n"


class LineFile(Lines):
    """The port on a file that only its owner can read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Sequence[bytes]:
        """See the port."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return []
        return [line + _END for line in data.split(_END)[:-1]]

    def stamp(self) -> object:
        """See the port."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def held(self) -> AbstractContextManager[None]:
        """See the port."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return held(self.path.with_name(f".{self.path.name}.lock"))

    def append(self, lines: Sequence[bytes]) -> None:
        """See the port."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        is_new = not self.path.exists()
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
        with os.fdopen(descriptor, "r+b") as file:
            _drop_torn(file)
            file.write(b"".join(lines))
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            _sync(self.path.parent)

    def replace(self, lines: Sequence[bytes]) -> None:
        """See the port."""
        beside = self.path.with_name(f".{self.path.name}.new")
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as file:
            file.write(b"".join(lines))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
        _sync(self.path.parent)


def _drop_torn(file: BinaryIO) -> None:
    """Take away what stands behind the last line's end, and be there."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - 1, 0))
    if size and file.read(1) != _END:
        file.seek(0)
        size = file.read().rfind(_END) + 1
        file.truncate(size)
    file.seek(size)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
