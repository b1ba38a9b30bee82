"""What was made of the photos of a run, in a file of its own, so that a run that was killed goes on.

Templates can be turned into faces: the folder is its owner's alone, and the file goes when the run has ended well.
"""

import fcntl
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from visavis.model.evaluation import WorkUnusable

_HEAD: Final = b"visavis templates 1\n"
_DIGEST: Final = 32
_CODE: Final = 40
_WITHOUT_TEMPLATE: Final = b"-"
_WITH_TEMPLATE: Final = b"+"
_SUM: Final = struct.Struct("<I")


class WorkFile:
    """A ``MadeTemplates`` in a file of records of one length, each with a checksum; made by ``work_file``."""

    def __init__(self, file: BinaryIO, *, dimension: int) -> None:
        self._file = file
        self._dimension = dimension
        self._found: dict[bytes, tuple[NDArray[np.float32] | None, str]] = {}
        self._read()

    def __len__(self) -> int:
        """How many photos something is known of."""
        return len(self._found)

    def get(self, photo: bytes) -> tuple[NDArray[np.float32] | None, str] | None:
        """See ``MadeTemplates.get``."""
        return self._found.get(photo)

    def put(self, photo: bytes, vector: NDArray[np.float32] | None, code: str) -> None:
        """See ``MadeTemplates.put``. What the process wrote survives it; a power cut may cost the last of it."""
        numbers = np.zeros(self._dimension, "<f4") if vector is None else vector.astype("<f4")
        mark = _WITHOUT_TEMPLATE if vector is None else _WITH_TEMPLATE
        body = photo + mark + code.encode().ljust(_CODE, b"\0") + numbers.tobytes()
        self._file.write(body + _SUM.pack(zlib.crc32(body)))
        self._file.flush()
        self._found[photo] = (vector, code)

    def _read(self) -> None:
        """Take in what checks out; what comes after a torn record was never told, and is written over."""
        length = _DIGEST + 1 + _CODE + 4 * self._dimension + _SUM.size
        self._file.seek(0)
        if self._file.read(len(_HEAD)) != _HEAD:
            self._file.seek(0)
            self._file.truncate()
            self._file.write(_HEAD)
            self._file.flush()
            return
        good = self._file.tell()
        while len(record := self._file.read(length)) == length:
            body, checksum = record[: -_SUM.size], record[-_SUM.size :]
            if _SUM.pack(zlib.crc32(body)) != checksum:
                break
            good += length
            numbers = np.frombuffer(body[_DIGEST + 1 + _CODE :], "<f4").astype(np.float32)
            vector = numbers if body[_DIGEST : _DIGEST + 1] == _WITH_TEMPLATE else None
            code = body[_DIGEST + 1 : _DIGEST + 1 + _CODE].rstrip(b"\0").decode()
            self._found[body[:_DIGEST]] = (vector, code)
        self._file.seek(good)
        self._file.truncate()


@contextmanager
def work_file(folder: Path, *, key: str, dimension: int, keep: bool) -> Iterator[WorkFile]:
    """The file of what the models behind ``key`` made, while the block lasts.

    1. The folder is its owner's alone; it is made if it is not there.
    2. Nobody else works in the file.
    3. Leaving the block without an error removes the file, and the folder if nothing else is in it.

    :param keep: leave it there all the same.
    :raises WorkUnusable: check 1 or 2.
    """
    made = not folder.exists()
    # 1
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = folder.stat()
    except OSError as error:
        raise WorkUnusable(f"{folder}: {error.strerror}.") from None
    if state.st_uid != os.getuid() or state.st_mode & 0o077:
        raise WorkUnusable(f"{folder} can be read by others: templates would lie there.")
    path = folder / f"{key}.templates"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        # 2
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WorkUnusable(f"Another run works in {folder}.") from None
        yield WorkFile(file, dimension=dimension)
        # 3
        if not keep:
            path.unlink(missing_ok=True)
            if made or not any(folder.iterdir()):
                _remove_if_empty(folder)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:  # another run's file is in it
        return
