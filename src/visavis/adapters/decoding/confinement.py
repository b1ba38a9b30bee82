"""What a worker gives up before it sees a photo. It cannot take any of it back."""

import ctypes
import os
import resource
import signal
from contextlib import suppress
from pathlib import Path
from typing import Final

MEMORY: Final = 1152 * 1024 * 1024
"""Address space of a worker, in bytes. Python, the libraries and their code take 140 MiB of it; 50 megapixels took
between 260 MiB (JPEG) and 890 MiB (WebP, whose library knows no smaller way). Resident memory is less."""

CPU_S: Final = 10
"""Seconds of processor that one photo may take; 48 megapixels took 2 on a slow core."""

_FILES: Final = 16
"""Descriptors a worker may have: three are open, and importing a module takes one for a moment."""

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38


def confine(*, server: int) -> None:
    """Confine this process for good.

    1. It dies with the server, however that dies.
    2. What a person at the terminal or a service manager sends to everybody is for the server to act on.
    3. It gains no privileges by starting programs, and nobody reads its memory or gets a dump of it.
    4. It has little memory, few descriptors, and cannot make a file grow: nothing of a photo reaches a disk.
    5. If the machine runs out of memory, it goes first, where the system lets it say so.

    :param server: the server's process id.
    :raises OSError: the system refuses one of the first four; the worker must not go on.
    """
    # 1. The server may have died before this was asked for; then somebody else is the parent already.
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:
        raise SystemExit
    # 2
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    # 5, before writing is given up
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    # 3
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_DUMPABLE, 0)
    # 4
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, _FILES))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def grant_time() -> None:
    """Let the next photo have its ``CPU_S`` seconds; after them the system ends the process (SIGXCPU)."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + 1 + CPU_S
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
