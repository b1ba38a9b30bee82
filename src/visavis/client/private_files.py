"""Files with secrets in them: written once, readable by their owner only."""

import os
from pathlib import Path

from visavis.client.problem import problem_here

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
