"""Files with secrets in them: written whole or not at all, readable by their owner only."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from visavis.client.raising import problem_here

_OWNER_ONLY = 0o600


def write_private(path: Path, content: bytes) -> None:
    """Write a new file with mode 0600, whole and on the disk, or not at all.

    :raises VisavisProblem: ``file_exists``, or ``file_unwritable``.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except FileExistsError:
        raise problem_here("file_exists", f"There is a file at {path}.") from None
    except OSError as error:
        raise problem_here("file_unwritable", f"{path}: {error.strerror}.") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise problem_here("file_unwritable", f"{path}: {error.strerror}.") from None


@contextmanager
def writing_private(path: Path) -> Iterator[Callable[[bytes], object]]:
    """The same for what comes piece by piece: where the block does not end well, there is no file.

    :raises VisavisProblem: ``file_exists``, or ``file_unwritable``.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    except FileExistsError:
        raise problem_here("file_exists", f"There is a file at {path}.") from None
    except OSError as error:
        raise problem_here("file_unwritable", f"{path}: {error.strerror}.") from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file.write
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise problem_here("file_unwritable", f"{path}: {error.strerror}.") from None
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def replace_private(path: Path, content: bytes) -> None:
    """The same in the place of a file that may be there: whoever reads it sees the old one or the new one, whole.

    :raises VisavisProblem: ``file_unwritable``.
    """
    try:
        # mode 0600 by itself, beside the file: only within a folder is a replacement one step
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise problem_here("file_unwritable", f"{path}: {error.strerror}.") from None
    made = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        made.replace(path)
    except OSError as error:
        raise problem_here("file_unwritable", f"{path}: {error.strerror}.") from None
    finally:
        made.unlink(missing_ok=True)


def require_writable(path: Path) -> None:
    """Find out before the work begins that its result cannot be written.

    :raises VisavisProblem: ``file_unwritable``.
    """
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise problem_here("file_unwritable", f"{path}: {error.strerror}.") from None
    os.close(descriptor)
    Path(name).unlink()
    if path.is_dir():
        raise problem_here("file_unwritable", f"{path} is a folder.")
