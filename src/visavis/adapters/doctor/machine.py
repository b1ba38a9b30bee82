"""The machine: processor, memory, disk and the limits it sets."""

import os
import platform
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from visavis.adapters.doctor.check import Check, State
from visavis.adapters.openvino.runtime import Runtime
from visavis.settings import Settings

_MIB: Final = 1024 * 1024
_DISK_WARN: Final = 1024 * _MIB
_DISK_FAIL: Final = 100 * _MIB
_INODES_WARN: Final = 1000
_INODES_FAIL: Final = 10
_MEMORY_WARN: Final = 1024 * _MIB
_FILES_WARN: Final = 1024
_PROC: Final = Path("/proc")
_GROUPS: Final = Path("/sys/fs/cgroup")
_EXTENSIONS: Final = {
    "AVX2": "avx2",
    "AVX-512": "avx512f",
    "AVX-512 bfloat16": "avx512_bf16",
    "AMX bfloat16": "amx_bf16",
}
"""What the networks run faster with, and how /proc/cpuinfo calls it."""


def python(_settings: Settings) -> Iterator[Check]:
    """The package would not have been installed on an older Python, nor could it run on a 32-bit one."""
    yield Check("python", "ok", f"{platform.python_implementation()} {platform.python_version()}.")


def processor(_settings: Settings) -> Iterator[Check]:
    """The processor is one that the models run well on."""
    precision, flags = Runtime().precision, _cpu_flags()
    found = [name for name, flag in _EXTENSIONS.items() if flag in flags]
    message = f"{platform.machine()} with {', '.join(found) or 'no extension we know'}; models run in {precision}."
    if precision == "bf16" or platform.machine() not in {"x86_64", "AMD64"} or "avx2" in flags:
        yield Check("processor", "ok", message)
    else:
        mend = "Answers take several times longer; use a machine with AVX2 where people wait."
        yield Check("processor", "warn", f"No AVX2: {message}", mend)


def _cpu_flags() -> set[str]:
    for line in (_PROC / "cpuinfo").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("flags"):
            return set(line.partition(":")[2].split())
    return set()


def cores(settings: Settings) -> Iterator[Check]:
    """The group that this process is in has the cores that inference counts on."""
    wanted = settings.cores_per_inference * settings.inferences_at_once
    allowed = _quota()
    if allowed is not None and allowed < wanted:
        mend = f"Set VISAVIS_THREADS to {max(1, int(allowed))} and VISAVIS_STREAMS to 1, or raise the quota."
        message = f"Models would use {wanted} cores, and the control group lets this process have {allowed:g}."
        yield Check("cores", "warn", message, mend)
    else:
        message = f"{settings.inferences_at_once} inferences at once, {settings.cores_per_inference} cores each."
        yield Check("cores", "ok", message)


def _quota() -> float | None:
    """Cores that control groups let this process have; None without a limit."""
    found = [text.split() for text in _group_files("cpu.max")]
    limits = [int(line[0]) / int(line[1]) for line in found if line[0] != "max"]
    quota, period = _group_files("cpu.cfs_quota_us"), _group_files("cpu.cfs_period_us")
    limits += [int(q) / int(p) for q, p in zip(quota, period, strict=False) if int(q) > 0]
    return min(limits, default=None)


def _group_files(name: str) -> list[str]:
    """What files of this name say of the control groups that this process is in, from the innermost out."""
    found: list[str] = []
    for line in (_PROC / "self" / "cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        root = _GROUPS / controllers if controllers and not controllers.startswith("name=") else _GROUPS
        here = root / path.strip("/")
        groups = (group for group in (here, *here.parents) if group.is_relative_to(root))
        found += [(group / name).read_text(encoding="ascii").strip() for group in groups if (group / name).is_file()]
    return found


def memory(_settings: Settings) -> Iterator[Check]:
    """There is memory left for the networks and the galleries."""
    free, whose = _memory("MemAvailable"), "this machine"
    for limit, used in (("memory.max", "memory.current"), ("memory.limit_in_bytes", "memory.usage_in_bytes")):
        for most, now in zip(_group_files(limit), _group_files(used), strict=False):
            if most != "max" and int(most) - int(now) < free:
                free, whose = int(most) - int(now), "the control group"
    state: State = "warn" if free < _MEMORY_WARN else "ok"
    mend = "Make room, or raise the limit: the server needs some 400 MB." if state == "warn" else ""
    yield Check("memory", state, f"{max(0, free) // _MIB} MiB available in {whose}.", mend)


def swap(_settings: Settings) -> Iterator[Check]:
    """Nothing of the server's memory, keys included, is written to a disk."""
    total, used = _memory("SwapTotal"), _memory("SwapTotal") - _memory("SwapFree")
    if used:
        mend = "Encrypt the swap space, or keep the server out of it (MemorySwapMax=0 in its unit)."
        message = f"{used // _MIB} MiB are swapped out; keys and templates in memory can be."
        yield Check("swap", "warn", message, mend)
    else:
        yield Check("swap", "ok", "There is some, and none of it is used." if total else "There is none.")


def _memory(field: str) -> int:
    """A field of /proc/meminfo, in bytes."""
    lines = (_PROC / "meminfo").read_text(encoding="ascii").splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{field}:")), 0)


def core_dumps(_settings: Settings) -> Iterator[Check]:
    """A crash leaves no picture of the memory on a disk."""
    soft, _ = resource.getrlimit(resource.RLIMIT_CORE)
    if soft:
        mend = "Set LimitCORE=0 in the server's unit, or 'ulimit -c 0' before it starts."
        yield Check("core dumps", "warn", "A crash would write keys and templates to a disk.", mend)
    else:
        yield Check("core dumps", "ok", "Off, for what is started from here.")


def open_files(_settings: Settings) -> Iterator[Check]:
    """There are enough descriptors for connections."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < _FILES_WARN:
        mend = "Set LimitNOFILE=4096 in the server's unit, or 'ulimit -n 4096' before it starts."
        yield Check("open files", "warn", f"At most {soft}: callers beyond that are turned away.", mend)
    else:
        yield Check("open files", "ok", "No limit." if soft == resource.RLIM_INFINITY else f"At most {soft}.")


def disk(settings: Settings) -> Iterator[Check]:
    """There is disk left."""
    place = _standing(settings.data_dir)
    free = shutil.disk_usage(place).free
    state: State = "fail" if free < _DISK_FAIL else "warn" if free < _DISK_WARN else "ok"
    mend = "" if state == "ok" else "Make room: a full disk stops every decision, since none is told unrecorded."
    yield Check("disk", state, f"{free // _MIB} MiB free at {place}.", mend)


def inodes(settings: Settings) -> Iterator[Check]:
    """The file system can still make files."""
    place = _standing(settings.data_dir)
    counted = os.statvfs(place)
    if not counted.f_files:
        yield Check("inodes", "ok", f"The file system at {place} does not count them.")
        return
    free = counted.f_favail
    state: State = "fail" if free < _INODES_FAIL else "warn" if free < _INODES_WARN else "ok"
    mend = "" if state == "ok" else "Delete files: without a free one the database cannot write."
    yield Check("inodes", state, f"{free} free at {place}.", mend)


def _standing(folder: Path) -> Path:
    """The folder, or what of its way is there already."""
    return next(path for path in (folder, *folder.absolute().parents) if path.is_dir())
