"""A process's memory, taken by force as a debugger would."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_CHUNK: Final = 64 * 1024 * 1024
_OVERLAP: Final = 1024
_NEVER: Final = ("[vvar", "[vsyscall]")


def family(pid: int) -> list[int]:
    """A process and those that it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    started = [
        int(child) for task in children.parents[1].iterdir() for child in (task / "children").read_text().split()
    ]
    return [pid, *sorted({below for child in started for below in family(child)})]


def dumped(pid: int) -> Iterator[tuple[str, bytes]]:
    """What the process has in memory, but for unchanged pages of files; each part with a name of its place.

    :raises PermissionError: the system keeps us out. :raises ProcessLookupError: it is gone.
    """
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace").splitlines():
            span, rights, _, _, inode, *name = line.split(maxsplit=5)
            called = name[0] if name else "memory"
            if "r" not in rights or called.startswith(_NEVER) or (inode != "0" and "w" not in rights):
                continue
            begin, end = (int(part, 16) for part in span.split("-"))
            for start in range(begin, end, _CHUNK):
                data = _read(memory.fileno(), start, min(_CHUNK + _OVERLAP, end - start))
                yield f"the memory of process {pid} ({called})", data


def _read(descriptor: int, start: int, length: int) -> bytes:
    try:
        return os.pread(descriptor, length, start)
    except OSError:  # freed meanwhile, or a device's
        return b""
