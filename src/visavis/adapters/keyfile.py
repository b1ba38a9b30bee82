"""The root key in a file: protects stolen databases and backups, not a stolen disk (``visavis doctor`` says so)."""

import os
import stat
from pathlib import Path

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
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    with os.fdopen(descriptor, "w") as file:
        file.write(root.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    return root


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
