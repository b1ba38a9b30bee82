"""The root key in a file: protects stolen databases and backups, not a stolen disk (``visavis doctor`` says so)."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from visavis.flows.ports import RootPlace
from visavis.model.keys import KeyFileMissing, KeyFileUnsafe
from visavis.protect.envelope import KEY_BYTES

_MODE = 0o600


def make_key_file(path: Path, *, data_dir: Path) -> bytes:
    """Write a fresh root key (256 bits, hexadecimal) that only its owner can read.

    :raises KeyFileUnsafe: the path lies inside the data directory. :raises FileExistsError: there is a file.
    """
    _require_outside(path, data_dir)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    root = os.urandom(KEY_BYTES)
    _write_new(path, root)
    return root


class RootFile(RootPlace):
    """The root place port on a key file."""

    def __init__(self, path: Path, *, data_dir: Path) -> None:
        self._path = path
        self._data_dir = data_dir

    def exchange(self, between: Callable[[bytes], None]) -> bytes:
        """See the port."""
        return exchange_key_file(self._path, data_dir=self._data_dir, between=between)


def exchange_key_file(path: Path, *, data_dir: Path, between: Callable[[bytes], None]) -> bytes:
    """Put a fresh root key in the place of the one that is there.

    :param between: called with the new root while both files are there; from then on either has to open the store.
    :raises KeyFileUnsafe, KeyFileMissing: as ``read_key_file``.
    """
    read_key_file(path, data_dir=data_dir)
    beside = _beside(path)
    beside.unlink(missing_ok=True)
    root = os.urandom(KEY_BYTES)
    _write_new(beside, root)
    between(root)
    drop_key_file(path, become=beside)
    return root


def drop_key_file(path: Path, *, become: Path | None = None) -> None:
    """Overwrite a key file, as far as the file system lets us, and take it away, or put another in its place."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        if become is None:
            path.unlink()
        else:
            become.replace(path)
        _sync(path.parent)
        os.pwrite(descriptor, bytes(os.fstat(descriptor).st_size), 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def forget_exchange(path: Path) -> None:
    """Take away what an exchange that was not finished has left."""
    _beside(path).unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.new")


def _write_new(path: Path, root: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    with os.fdopen(descriptor, "w") as file:
        file.write(root.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_key_file(path: Path, *, data_dir: Path) -> bytes:
    """The root key.

    1. The file lies outside the data directory: who steals one must not have both.
    2. It is there, and readable by its owner only.
    3. It holds 256 bits.

    :raises KeyFileUnsafe: 1 or 2 does not hold. :raises KeyFileMissing: it is not there, or is no key.
    """
    _require_outside(path, data_dir)
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text().strip()
    except FileNotFoundError:
        raise KeyFileMissing(f"There is no key file at {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileMissing(f"The key file at {path} cannot be read: {type(error).__name__}.") from None
    if mode & 0o077:
        raise KeyFileUnsafe(f"The key file at {path} has mode {mode:o}; others can read it.")
    try:
        root = bytes.fromhex(text)
    except ValueError:
        root = b""
    if len(root) != KEY_BYTES:
        raise KeyFileMissing(f"The file at {path} does not hold a 256-bit key.")
    return root


def _require_outside(path: Path, data_dir: Path) -> None:
    if path.resolve().is_relative_to(data_dir.resolve()):
        raise KeyFileUnsafe(f"The key file {path} lies inside the data directory {data_dir}.")
