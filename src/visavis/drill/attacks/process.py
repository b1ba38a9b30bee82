"""Who sits on the same machine: memory, dumps, logs, and the models that the server loads."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from visavis.drill.attack import Attack, Got
from visavis.drill.memory import dumped, family
from visavis.drill.people import GONE, KEPT
from visavis.drill.place import Place
from visavis.drill.scene import Scene
from visavis.drill.search import every_file

_NOBODY: Final = 65534
_TIMEOUT_S: Final = 20
_DENIED: Final = "Permission denied"


def _memory(scene: Scene) -> Got:
    is_root = os.geteuid() == 0
    usable, refused = [], 0
    wanted = [
        Path(f"/proc/{pid}/{part}") for pid in family(scene.server.pid) for part in ("mem", "environ", "maps", "auxv")
    ]
    private = [scene.place.database, scene.place.key_file, *every_file(scene.place.key_store)]
    for path in [*wanted, *(private if is_root else [])]:
        said = _as_another(["cat", str(path)], is_root=is_root)
        if _DENIED in said or "Operation not permitted" in said:
            refused += 1
        else:
            usable.append(f"{path.name} of the server" if path in wanted else f"the file {path.name}")
    who = "another user" if is_root else "another process of the same user"
    return Got(
        did=(f"As {who}, read memory, environment and maps of the server and of its {len(wanted) // 4 - 1} workers.",),
        usable=tuple(usable),
        besides=(f"{refused} of {refused + len(usable)} files were refused by the system.",),
    )


def _as_another(command: Sequence[str], *, is_root: bool) -> str:
    """What a command says on standard error, run by somebody else if we can become one."""
    ran = subprocess.run(  # noqa: S603 -- a program of the system, without a shell
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={"LC_ALL": "C", "PATH": os.defpath},
        user=_NOBODY if is_root else None,
        group=_NOBODY if is_root else None,
        extra_groups=() if is_root else None,
        timeout=_TIMEOUT_S,
        check=False,
    )
    return ran.stderr.decode(errors="replace")


def _crash(scene: Scene) -> Got:
    twin = scene.twin(scene.early)
    usable = []
    with scene.serving(twin) as server:
        if scene.whom(server, scene.people[GONE].probe) != GONE:
            return Got(did=(), blunt="somebody who agreed was not recognised, so that no template was in memory")
        dumps = server.crash()
    if dumps:
        usable.append("a dump of the server's memory")
    left = [path for path in every_file(twin.folder) if path.name.startswith("core")]
    usable += [f"the file {path.name}" for path in left]
    usable += map(str, sorted(scene.searcher().files(twin.folder)))
    return Got(
        did=("Had the server die of a fault while templates were in its memory; searched for a dump, and its log.",),
        usable=tuple(usable),
    )


def _logs(scene: Scene) -> Got:
    searcher = scene.searcher()
    found = searcher.files(scene.place.log, scene.place.settings().log_folder)
    lines = scene.place.log.read_bytes().count(b"\n")
    return Got(
        did=(f"Searched {lines} lines of the server's log, and the published log.",),
        usable=tuple(map(str, sorted(found))),
    )


def _after_restart(scene: Scene) -> Got:
    """What a dump that is taken by force holds of somebody who withdrew, before a restart and after it."""
    twin = scene.twin()
    searcher, known = scene.searcher(GONE), scene.searcher(KEPT)
    try:
        before = {
            f"in {'the server' if pid == scene.server.pid else 'a decoding worker'} {found.form}"
            for pid in family(scene.server.pid)
            for found in searcher.each(dumped(pid))
        }
        with scene.serving(twin) as server:
            bites = any(known.each(dumped(pid)) for pid in family(server.pid))
            after = {found for pid in family(server.pid) for found in searcher.each(dumped(pid))}
    except PermissionError:
        return Got(did=(), not_tried="takes root: the system lets nobody else dump the server")
    if not bites:
        return Got(did=(), blunt="not even somebody who is recognised was found in memory")
    lingered = f"Before the restart lingered: {'; '.join(sorted(before))}." if before else "Nothing lingered before it."
    return Got(
        did=("As root, dumped the memory of the server and of its workers by force, before a restart and after it.",),
        usable=tuple(map(str, sorted(after))),
        besides=(lingered,),
    )


def _poisoned(scene: Scene) -> Got:
    if not list(scene.place.models.glob("*.onnx")):
        return Got(did=(), not_tried="there are no model weights here")
    usable, did = [], []
    planted = _with_models(scene)
    for real in sorted(planted.models.glob("*.onnx")):
        for name in (f"{real.stem}_dequantised.onnx", f"{real.stem}.blob", f"{real.stem}.cache", f"cache/{real.name}"):
            (planted.models / name).parent.mkdir(exist_ok=True)
            (planted.models / name).write_bytes(b"a network of the attacker's")
    with scene.serving(planted) as server:
        did.append("Planted files where a cache of unpacked models would lie: the server took none of them.")
        if scene.whom(server, scene.people[KEPT].probe) != KEPT:
            usable.append("a server that answers by what he planted")
    for real in sorted(planted.models.glob("*.onnx")):
        if real.stem.endswith("_dequantised"):
            continue
        spoilt = _with_models(scene)
        content = bytearray((spoilt.models / real.name).read_bytes())
        content[len(content) // 2] ^= 1
        (spoilt.models / real.name).write_bytes(content)
        refused = scene.refused_to_start(spoilt)
        did.append(f"Changed one bit of {real.name}: {refused or 'the server started'}.")
        if refused is None:
            usable.append(f"a server with his own {real.name}")
    return Got(did=tuple(did), usable=tuple(usable))


def _with_models(scene: Scene) -> Place:
    twin = scene.twin()
    models = twin.folder / "models"
    models.mkdir()
    for path in scene.place.models.glob("*.onnx"):
        (models / path.name).write_bytes(path.read_bytes())
    return Place(twin.folder, models, twin.shares)


ATTACKS: Final = (
    Attack(
        name="memory",
        title="Another program on the same machine",
        case="Heartbleed, 2014: keys read out of servers' memory",
        had="An account on the machine that is not root.",
        act=_memory,
    ),
    Attack(
        name="crash_dump",
        title="The server crashes, and its memory is kept",
        case="Storm-0558, 2023: a crash dump was the first suspect for a stolen signing key",
        had="Every file that a crash leaves.",
        act=_crash,
    ),
    Attack(
        name="logs",
        title="The logs are read",
        case="Facebook, 2019, and GitHub, 2018: passwords in internal logs",
        had="The server's log, and the log that it publishes.",
        act=_logs,
    ),
    Attack(
        name="memory_after_erasure",
        title="What memory still holds of somebody who withdrew",
        case="The withdrawn faces that live on in caches until somebody restarts",
        had="Root on the machine, after a withdrawal and a restart.",
        act=_after_restart,
    ),
    Attack(
        name="poisoned_models",
        title="Another model in the place of ours",
        case="Poisoned caches of unpacked models: what is loaded is not what was checked",
        had="Write access to the models folder.",
        act=_poisoned,
    ),
)
"""All who sit on the same machine."""
