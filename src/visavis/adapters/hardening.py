"""What a process gives up that holds keys or templates: that anybody reads its memory, or gets a dump of it."""

import ctypes
import os
import resource
from typing import Final

_PR_SET_DUMPABLE: Final = 4


def harden() -> None:
    """Keep this process's memory to itself; what it starts decides anew.

    1. It leaves no core file, and no other process of its user reads its memory or traces it (``prctl(2)``). A system
       that pipes dumps to a program heeds this, and not the limit.
    2. No core file is written if something makes the process dumpable again (``setrlimit(2)``).

    Root reads it all the same: nothing that a process does keeps the owner of the machine out.

    :raises OSError: the system refuses; then nothing that matters must be loaded.
    """
    # 1
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_DUMPABLE, ctypes.c_ulong(0), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    # 2
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
