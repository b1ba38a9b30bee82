"""Files that are whole and on the disk, or not there."""

import os
from pathlib import Path
from typing import Final

_OWNER_ONLY: Final = 0o600


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet, with mode 0600. The disk has it, under its name, when this returns.

    :raises FileExistsError: it is there. :raises OSError: the disk does not take it.
    """
    _write(path, content)
    sync_folder(path.parent)


def replace(path: Path, content: bytes) -> None:
    """Put a file in the place of the one that is there: whoever reads it sees the old one or the new one, whole.

    The disk has the new one when this returns. After an error it has one or the other. One caller at a time.

    :raises OSError: the disk does not take it.
    """
    made = path.with_name(f".{path.name}.new")
    made.unlink(missing_ok=True)
    _write(made, content)
    made.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, _OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        path.unlink(missing_ok=True)
        raise
