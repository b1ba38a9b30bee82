"""The key store's file, in a folder of its own beside the data."""

import os
import stat
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Final

from visavis.adapters.held import held
from visavis.flows.ports import KeyFile
from visavis.model.keys import KeyStoreMissing, KeyStoreUnsafe

_NAME: Final = "keys.json"
_LOCK: Final = ".keys.lock"
_OWNER_ONLY: Final = 0o600


class KeyFolder(KeyFile):
    """The key file port on a folder that only its owner can read.

    :raises KeyStoreUnsafe: the folder lies inside the data directory: who steals one must not have both.
    """

    def __init__(self, folder: Path, *, data_dir: Path) -> None:
        if folder.resolve().is_relative_to(data_dir.resolve()):
            raise KeyStoreUnsafe(f"The key store {folder} lies inside the data directory {data_dir}.")
        self.folder = folder
        self.path = folder / _NAME

    def exists(self) -> bool:
        """Whether there is a key store."""
        return self.path.exists()

    def read(self) -> bytes:
        """The key store as it was written.

        :raises KeyStoreMissing: it is not there, or cannot be read. :raises KeyStoreUnsafe: others can read it.
        """
        try:
            mode = stat.S_IMODE(self.path.stat().st_mode)
            data = self.path.read_bytes()
        except FileNotFoundError:
            raise KeyStoreMissing(f"There is no key store at {self.path}.") from None
        except OSError as error:
            raise KeyStoreMissing(f"The key store at {self.path} cannot be read: {type(error).__name__}.") from None
        if mode & 0o077:
            raise KeyStoreUnsafe(f"The key store at {self.path} has mode {mode:o}; others can read it.")
        return data

    def stamp(self) -> object:
        """See the port."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def held(self) -> AbstractContextManager[None]:
        """See the port."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return held(self.folder / _LOCK)

    def write(self, data: bytes) -> None:
        """See the port."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = self.path.with_name(f".{_NAME}.new")
        beside.unlink(missing_ok=True)
        _written(beside, data)
        former = None
        with suppress(FileNotFoundError):
            former = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            beside.replace(self.path)
            _sync(self.folder)
            if former is not None:
                _overwrite(former)
        finally:
            if former is not None:
                os.close(former)


def _written(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _overwrite(descriptor: int) -> None:
    """Zero a file that has no name any more, so that keys in it are not left on the disk, as far as it overwrites."""
    size = os.fstat(descriptor).st_size
    os.pwrite(descriptor, bytes(size), 0)
    os.fsync(descriptor)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
