"""Who has copies of the data from other days, or moves the server's time.

Time is moved in a laboratory: the real flows, over a copy of the data, with a clock of ours. Everything else is real.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from visavis import bootstrap_backup
from visavis.bootstrap_backup import Bringing
from visavis.drill.attack import BOTH, Attack, Got
from visavis.drill.lab import MovedClock, lab
from visavis.drill.people import ASKED, GONE, KEPT
from visavis.drill.place import Place
from visavis.drill.scene import Scene
from visavis.drill.search import Found
from visavis.drill.thief import Loot, backup_opened, guessed, key_tree, opened
from visavis.flows.live import require_recognisable
from visavis.model.errors import VisavisError
from visavis.web.services import Services

_DAY: Final = timedelta(days=1)
_BEFORE: Final = 2
"""Days with a backup each, before somebody withdraws."""
_AFTER: Final = 2
"""Days after that, still within the window."""


@dataclass(slots=True)
class _Month:
    """What was collected over the window, and what the keys of two days open of it."""

    window: timedelta
    copies: list[Path] = field(default_factory=list)
    backups: list[Path] = field(default_factory=list)
    inside: Loot = field(default_factory=Loot)
    after: Loot = field(default_factory=Loot)
    guessed: Loot = field(default_factory=Loot)
    found: set[Found] = field(default_factory=set)
    still: Loot = field(default_factory=Loot)
    """What the last day's keys open in the last day's data: the control."""
    live_keys: int = 0


def _month(scene: Scene) -> _Month:
    """Two days of backups, a withdrawal, the window, and what comes after it."""
    folder = scene.scratch("month")
    place = scene.early.copied(folder / "installation")
    clock = MovedClock()
    with lab(place, stages=scene.equipment.stages, clock=clock) as services:
        month = _Month(place.settings().backup_window)
        for day in range(_BEFORE):
            _keep(month, services, place, folder / f"day {day}")
            _pass(services, clock, 1)
        services.withdraw.subject(scene.people[GONE].subject_id)
        for day in range(_BEFORE, _BEFORE + _AFTER):
            _keep(month, services, place, folder / f"day {day}")
            _pass(services, clock, 1)
        month.inside = _everything(month, place, folder / "inside")
        _pass(services, clock, month.window.days - _AFTER + 2)
        _keep(month, services, place, folder / "last day")
        month.after = _everything(month, place, folder / "after")
        tree = key_tree(place.key_store, place.root())
        month.live_keys = 0 if tree is None else len(tree.epochs)
        month.still = Loot() if tree is None else opened(month.copies[-1], tree)
    for copy in month.copies:
        loot = guessed(copy)
        month.guessed.names.update(loot.names)
    month.found = scene.searcher().files(*(folder / f"day {day}" for day in range(_BEFORE + _AFTER)))
    return month


def _keep(month: _Month, services: Services, place: Place, folder: Path) -> None:
    """The day's backup as the product makes it, and the files as somebody copies them."""
    folder.mkdir()
    with services.backups.make(by="drill") as backup:
        shutil.copyfile(backup.place, folder / "backup")
    month.backups.append(folder / "backup")
    month.copies.append(place.copied(folder / "copy", keys=False).database)


def _pass(services: Services, clock: MovedClock, days: int) -> None:
    """Days go by, on each of which the server does what is due."""
    for _ in range(days):
        clock.move(_DAY)
        while services.withdraw.purge().more:
            pass
        services.epochs.look()


def _everything(month: _Month, place: Place, into: Path) -> Loot:
    """What the root, the key store as it is now and every copy and backup give together."""
    loot = Loot()
    tree = key_tree(place.key_store, place.root())
    if tree is None:
        return loot
    for number, copy in enumerate(month.copies):
        _add(loot, opened(copy, tree))
        _add(loot, backup_opened(month.backups[number], tree, into=into / str(number)))
    return loot


def _add(loot: Loot, more: Loot) -> None:
    loot.names.update(more.names)
    for who, templates in more.templates.items():
        loot.templates.setdefault(who, []).extend(templates)


def _of(loot: Loot, who: str) -> tuple[str, ...]:
    mine = Loot(
        {id_: name for id_, name in loot.names.items() if id_ == who},
        {id_: templates for id_, templates in loot.templates.items() if id_ == who},
    )
    return mine.told()


def _collected(month: _Month) -> str:
    return f"Collected {len(month.backups)} backups and as many copies of the files, before and after a withdrawal."


def _stolen_backups(scene: Scene) -> Got:
    month = scene.once("month", _month)
    return Got(
        did=(_collected(month), "Searched every byte of them; tried guessed keys."),
        usable=(*map(str, sorted(month.found)), *month.guessed.told()),
    )


def _inside(scene: Scene) -> Got:
    month = scene.once("month", _month)
    return Got(
        did=(
            _collected(month),
            f"{_AFTER} days after the withdrawal, used the root and the key store of that day on all of them.",
        ),
        usable=_of(month.inside, scene.people[GONE].subject_id),
    )


def _after(scene: Scene) -> Got:
    month = scene.once("month", _month)
    gone, kept = scene.people[GONE].subject_id, scene.people[KEPT].subject_id
    return Got(
        did=(
            _collected(month),
            f"{month.window.days + 2} days after the withdrawal, used the root and the key store of that day on all.",
        ),
        usable=_of(month.after, gone),
        besides=(f"The key store holds {month.live_keys} epochs' keys; who did not withdraw opens in the last copy.",),
        blunt=None if _of(month.still, kept) else "not even who stayed opened with these keys",
    )


def _restored(scene: Scene) -> Got:
    """A backup from before a withdrawal is brought back, by somebody who means well."""
    folder = scene.scratch("restored")
    early, twin = scene.early.copied(folder / "early"), scene.twin()
    words = list(twin.shares)
    bootstrap_backup.back_up(early.settings(), folder / "backup", words=words)
    how = Bringing(replace=True, keep_former=False, words=words)
    brought = bootstrap_backup.restore(twin.settings(), folder / "backup", how)
    with scene.serving(twin) as server:
        found, control = scene.whom(server, scene.people[GONE].probe), scene.whom(server, scene.people[KEPT].probe)
    left = scene.searcher(GONE).files(twin.data_dir)
    rows = twin.sql("SELECT id FROM subjects WHERE id = ?", (scene.people[GONE].subject_id,))
    usable = ["a station recognises who withdrew"] if found else []
    usable += ["rows of who withdrew"] if rows else []
    learnt = ", ".join(f"{place}: {what}" for place, what in brought.learned_from.items())
    return Got(
        did=("Restored a backup from before a withdrawal over the live data, and served it.",),
        usable=(*usable, *map(str, sorted(left))),
        besides=(f"Who was erased since was learnt from {learnt}.",),
        blunt=None if control == KEPT else "who stayed was not recognised after the restore",
    )


def _clock_back(scene: Scene) -> Got:
    """The consents run out, the purge erases; then the clock is set back to when they were valid."""
    place = scene.early.copied(scene.scratch("clock") / "installation")
    clock = MovedClock()
    stages = scene.equipment.stages
    with lab(place, stages=stages, clock=clock) as services:
        before = _live(services, scene, clock)
        clock.move(timedelta(days=scene.retention_days + 1))
        expired = _live(services, scene, clock)
        while services.withdraw.purge().more:
            pass
        services.epochs.look()
    clock.move(timedelta(days=-scene.retention_days - 1))
    told = "the server started"
    revived: set[str] = set()
    try:
        with lab(place, stages=stages, clock=clock) as services:
            revived = _live(services, scene, clock)
    except Exception as refused:  # noqa: BLE001 -- whatever keeps the server from starting keeps him out
        told = f"refused ({getattr(refused, 'code', type(refused).__name__)})"
    usable = [f"{len(expired)} people recognised after their consent ended"] if expired else []
    usable += [f"{len(revived)} people recognised again whose consent had ended"] if revived else []
    return Got(
        did=(
            "Let every consent run out, and the server erase what it allowed.",
            f"Set the clock back to when they were valid, and started the server again: {told}.",
        ),
        usable=tuple(usable),
        blunt=None if before else "nobody was recognised while the consents were valid",
    )


def _live(services: Services, scene: Scene, clock: MovedClock) -> set[str]:
    """Who of those that agreed would be recognised now, as every decision asks before it is made."""
    found = set()
    with services.store.read() as tx:
        for name in (KEPT, GONE, ASKED):
            subject = tx.subjects.first(id=scene.people[name].subject_id)
            if subject is None:
                continue
            try:
                require_recognisable(tx, subject, keyring=services.keyring, clock=clock)
            except VisavisError:
                continue
            found.add(name)
    return found


def _attack(
    name: str, title: str, case: str, had: str, act: Callable[[Scene], Got], *, succeeds: bool = False
) -> Attack:
    return Attack(name=name, title=title, case=case, had=had, act=act, succeeds_in=BOTH if succeeds else frozenset())


ATTACKS: Final = (
    _attack(
        "stolen_backups",
        "Backups of the whole window are carried away",
        "Tea, 2025: old copies outlive the promise to delete",
        "Every backup and every copy of the data directory of several days; no keys.",
        _stolen_backups,
    ),
    _attack(
        "backups_inside_window",
        "Everything, within the window (has to succeed, or the next attack proves nothing)",
        "CompreFace PR 1321: deleted is not erased while a copy opens",
        "The root, the key store of that day, and all backups, two days after somebody withdrew.",
        _inside,
        succeeds=True,
    ),
    _attack(
        "backups_after_window",
        "Everything, after the window",
        "CompreFace PR 1321: deleted is not erased while a copy opens",
        "The root, the key store of that day, and all backups, after the window that the consent's text names.",
        _after,
    ),
    _attack(
        "backup_restored",
        "An old backup is restored",
        "encontrados issue 213: withdrawn faces came back by themselves",
        "A backup from before a withdrawal, and an operator who restores it.",
        _restored,
    ),
    _attack(
        "clock_set_back",
        "The clock is set back",
        "Trial periods that never end, 1990 to today",
        "The right to set the server's clock.",
        _clock_back,
    ),
)
"""All who have other days."""
