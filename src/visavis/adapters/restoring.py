"""Putting another data directory in the place of one that is there, so that a crash leaves the one or the other.

What is in the making lies beside the data directory. Once it is whole and on the disk its name says so, and from then
on whoever takes the data directory next finishes the exchange.
"""

import fcntl
import os
import shutil
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from visavis.adapters.backup_file import DATABASE, IN_THE_MAKING, LOG
from visavis.model.keys import DataLocked

_MAKING: Final = ".restoring"
_READY: Final = ".restored"
_BEFORE: Final = ".before-"
_LOCK: Final = "lock"


class Restoring:
    """A data directory in the making. Its lock is held from the beginning to the end of the block.

    :param data_dir: whose place it is to take; whoever uses this holds that.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir.resolve()
        self._ready = _beside(data_dir, _READY)
        self._undo = ExitStack()
        self.folder = _beside(data_dir, _MAKING)

    def __enter__(self) -> Self:
        """Begin with an empty folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700)
        self._undo.enter_context(_locked(self.folder))
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Leave nothing of what was not finished."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._undo.close()

    def exchange(self) -> Path | None:
        """Put it in its place.

        :returns: where the former data directory is now; None where there was nothing in it.
        """
        os.sync()
        self.folder.rename(self._ready)
        _sync(self._ready.parent)
        return _exchange(self._data_dir, self._ready)


def finish(data_dir: Path) -> None:
    """Finish the exchange of a process that was killed in it, if there is one.

    :raises DataLocked: that process lives.
    """
    ready = _beside(data_dir, _READY)
    if ready.is_dir():
        with _locked(ready):
            _exchange(data_dir.resolve(), ready)


def sweep(data_dir: Path) -> None:
    """Take away what backups and restores have left that were killed; whoever calls this holds the data directory."""
    for left in (*data_dir.glob(f"{IN_THE_MAKING}*"), _beside(data_dir, _MAKING)):
        shutil.rmtree(left, ignore_errors=True)


def holds_data(data_dir: Path) -> bool:
    """Whether there is anything in a data directory that somebody could miss."""
    return (data_dir / DATABASE).exists() or (data_dir / LOG).exists()


def _exchange(data_dir: Path, ready: Path) -> Path | None:
    former = None
    if data_dir.exists():
        former = _beside(data_dir, f"{_BEFORE}{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z")
        data_dir.rename(former)
    ready.rename(data_dir)
    _sync(data_dir.parent)
    if former is not None and not holds_data(former):
        shutil.rmtree(former, ignore_errors=True)
        return None
    return former


def _locked(folder: Path) -> IO[str]:
    """The folder's lock, held until it is closed."""
    lock = (folder / _LOCK).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise DataLocked(f"Another process holds {folder}.") from None
    return lock


def _beside(data_dir: Path, suffix: str) -> Path:
    whole = data_dir.resolve()
    return whole.with_name(whole.name + suffix)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
