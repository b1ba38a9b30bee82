"""Machines that are short of something, or slow."""

import os
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.installation import finding, settings_of

from visavis.adapters.doctor import machine
from visavis.adapters.doctor.check import Check
from visavis.adapters.openvino.runtime import Runtime

GIB = 1024 * 1024  # in KiB, as /proc/meminfo counts


@pytest.mark.parametrize(("free", "state"), [(50, "fail"), (500, "warn"), (5000, "ok")])
def test_little_disk_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: str) -> None:
    usage = shutil.disk_usage(folder)._replace(free=free * 1024 * 1024)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    check = finding(settings_of(folder), "disk")
    assert check.state == state
    assert bool(check.mend) == (state != "ok")


def test_disk_is_looked_at_where_the_data_will_be(tmp_path: Path) -> None:
    (check,) = machine.disk(settings_of(tmp_path, data_dir=tmp_path / "not" / "made" / "yet"))
    assert str(tmp_path) in check.message


@pytest.mark.parametrize(
    ("total", "free", "state"), [(9999, 3, "fail"), (9999, 500, "warn"), (9999, 5000, "ok"), (0, 0, "ok")]
)
def test_few_inodes_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch, total: int, free: int, state: str) -> None:
    found = list(os.statvfs(folder))
    found[5:8] = [total, free, free]
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(found))
    check = finding(settings_of(folder), "inodes")
    assert (check.state, bool(check.mend)) == (state, state != "ok")


@pytest.mark.parametrize(
    ("flags", "precision", "state", "words"),
    [
        (set(), "f32", "warn", "No AVX2"),
        ({"avx2"}, "f32", "ok", "x86_64 with AVX2; models run in f32"),
        (
            {"avx2", "avx512f", "avx512_bf16", "amx_bf16"},
            "bf16",
            "ok",
            "AVX-512 bfloat16, AMX bfloat16; models run in bf16",
        ),
    ],
)
def test_what_the_processor_is_good_for_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, flags: set[str], precision: str, state: str, words: str
) -> None:
    monkeypatch.setattr(machine, "_cpu_flags", lambda: flags)
    monkeypatch.setattr(Runtime, "precision", precision)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    check = finding(settings_of(folder), "processor")
    assert (check.state, words in check.message) == (state, True)


def test_flags_of_the_processor_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_PROC", tmp_path)
    (tmp_path / "cpuinfo").write_text("processor : 0\nflags\t\t: fpu avx2 amx_bf16\n")
    assert machine._cpu_flags() == {"fpu", "avx2", "amx_bf16"}
    (tmp_path / "cpuinfo").write_text("processor : 0\nFeatures : neon\n")
    assert machine._cpu_flags() == set()


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with 8 GiB, whose control group for this process is the folder returned."""
    proc, groups = tmp_path / "proc", tmp_path / "groups"
    (proc / "self").mkdir(parents=True)
    (proc / "self" / "cgroup").write_text("0::/system.slice/visavis.service\n")
    fields = {"MemAvailable": 8 * GIB, "SwapTotal": 0, "SwapFree": 0}
    meminfo(proc, **fields)
    own = groups / "system.slice" / "visavis.service"
    own.mkdir(parents=True)
    monkeypatch.setattr(machine, "_PROC", proc)
    monkeypatch.setattr(machine, "_GROUPS", groups)
    return own


def meminfo(proc: Path, **fields: int) -> None:
    (proc / "meminfo").write_text("".join(f"{name}:   {value} kB\n" for name, value in fields.items()))


def only(checks: Iterator[Check]) -> Check:
    (check,) = checks
    return check


def test_memory_of_the_machine_is_told(group: Path, tmp_path: Path) -> None:
    assert only(machine.memory(settings_of(group))).state == "ok"
    meminfo(tmp_path / "proc", MemAvailable=GIB // 2)
    check = only(machine.memory(settings_of(group)))
    assert (check.state, check.message) == ("warn", "512 MiB available in this machine.")
    assert check.mend


def test_the_control_groups_limit_on_memory_counts(group: Path) -> None:
    (group / "memory.max").write_text("max\n")
    (group / "memory.current").write_text("0\n")
    assert only(machine.memory(settings_of(group))).state == "ok"
    (group.parent / "memory.max").write_text(f"{2 * 1024**3}\n")
    (group.parent / "memory.current").write_text(f"{3 * 1024**3 // 2}\n")
    check = only(machine.memory(settings_of(group)))
    assert (check.state, check.message) == ("warn", "512 MiB available in the control group.")


def test_the_older_control_groups_count_too(group: Path, tmp_path: Path) -> None:
    (tmp_path / "proc" / "self" / "cgroup").write_text("5:memory:/box\n4:cpu,cpuacct:/box\n1:name=systemd:/\n")
    memory, cpu = tmp_path / "groups" / "memory" / "box", tmp_path / "groups" / "cpu,cpuacct" / "box"
    for folder in (memory, cpu):
        folder.mkdir(parents=True)
    (memory / "memory.limit_in_bytes").write_text(f"{1024**3}\n")
    (memory / "memory.usage_in_bytes").write_text(f"{1024**3 // 2}\n")
    assert only(machine.memory(settings_of(group))).state == "warn"
    (cpu / "cpu.cfs_quota_us").write_text("50000\n")
    (cpu / "cpu.cfs_period_us").write_text("100000\n")
    check = only(machine.cores(settings_of(group, threads=1, streams=1)))
    assert (check.state, "0.5" in check.message) == ("warn", True)
    (cpu / "cpu.cfs_quota_us").write_text("-1\n")
    assert only(machine.cores(settings_of(group, threads=1, streams=1))).state == "ok"


@pytest.mark.parametrize(
    ("quota", "state"),
    [("max 100000", "ok"), ("400000 100000", "ok"), ("150000 100000", "warn"), ("50000 100000", "warn")],
)
def test_more_cores_than_the_control_group_has_are_told(group: Path, quota: str, state: str) -> None:
    (group / "cpu.max").write_text(f"{quota}\n")
    check = only(machine.cores(settings_of(group, threads=2, streams=2)))
    assert check.state == state
    assert ("VISAVIS_THREADS to 1" in check.mend) == (state == "warn")


@pytest.mark.parametrize(
    ("total", "free", "state", "words"),
    [(0, 0, "ok", "none."), (4096, 4096, "ok", "none of it"), (4096, 2048, "warn", "2 MiB are swapped out")],
)
def test_swapped_memory_is_told(group: Path, tmp_path: Path, total: int, free: int, state: str, words: str) -> None:
    meminfo(tmp_path / "proc", SwapTotal=total, SwapFree=free)
    check = only(machine.swap(settings_of(group)))
    assert (check.state, words in check.message) == (state, True)


def limited(kind: int, soft: int) -> Iterator[None]:
    before = resource.getrlimit(kind)
    if before[1] != resource.RLIM_INFINITY and soft > before[1]:
        pytest.skip("This process may not raise its limit.")
    resource.setrlimit(kind, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(kind, before)


@pytest.mark.parametrize(("soft", "state"), [(0, "ok"), (1024, "warn")])
def test_core_dumps_that_are_possible_are_told(soft: int, state: str) -> None:
    for _ in limited(resource.RLIMIT_CORE, soft):
        check = only(machine.core_dumps(settings_of(Path("/nowhere"))))
    assert (check.state, "LimitCORE=0" in check.mend) == (state, state == "warn")


@pytest.mark.parametrize(("soft", "state"), [(512, "warn"), (1024, "ok")])
def test_few_descriptors_are_told(soft: int, state: str) -> None:
    for _ in limited(resource.RLIMIT_NOFILE, soft):
        check = only(machine.open_files(settings_of(Path("/nowhere"))))
    assert (check.state, str(soft) in check.message) == (state, True)
