"""The published log in a folder, as any file server could serve it (C2SP tlog-tiles)."""

import os
import shutil
from pathlib import Path

from visavis.flows.ports import Resources
from visavis.model.audit import ResourceMissing


class LogFolder(Resources):
    """The resources port on files. A file is written beside its place and renamed, so that nobody reads half of one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str) -> bytes:
        """See the port."""
        try:
            return (self._folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            raise ResourceMissing(f"{path} is not there.") from None

    def write(self, path: str, data: bytes) -> None:
        """See the port."""
        place = self._folder / path
        _make(place.parent)
        beside = place.with_name(f".{place.name}.new")
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(place)
        _sync(place.parent)

    def remove(self, path: str) -> None:
        """See the port."""
        place = self._folder / path
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)


def _make(folder: Path) -> None:
    """Make a folder and those it lies in; each is known to its parent before anything is put into it."""
    if folder.is_dir():
        return
    _make(folder.parent)
    folder.mkdir(exist_ok=True, mode=0o755)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
