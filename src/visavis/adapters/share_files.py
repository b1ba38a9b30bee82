"""Shares on their way to custodians: one file each, its owner's alone, in a folder of their own."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from visavis.model.custodians import SharesUnsafe

_MODE = 0o600


def require_new_folder(folder: Path, *, outside: Sequence[Path]) -> None:
    """Shares go where nothing is yet, and not beside what they open.

    :raises SharesUnsafe: something is there, or it lies inside one of ``outside``.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SharesUnsafe(f"There is something at {folder} already.")
    for place in outside:
        if folder.resolve().is_relative_to(place.resolve()):
            raise SharesUnsafe(f"{folder} lies inside {place}.")


def write_share_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write new files with mode 0600; back when the disk has them and the folder's list of them.

    :raises FileExistsError: one is there already. :raises OSError: the disk did not take one.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, content in files.items():
        descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    _sync(folder)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
