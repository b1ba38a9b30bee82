"""Plays the attacks one after the other."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from visavis.drill.attack import Attack, Mode, Result, Verdict, judge
from visavis.drill.attacks import backups, insiders, leaked_keys, process, stolen, sweeps, vandal
from visavis.drill.scene import Scene

GROUPS: Final[tuple[tuple[str, tuple[Attack, ...]], ...]] = (
    ("Files that were carried away", stolen.ATTACKS),
    ("Keys that leaked", leaked_keys.ATTACKS),
    ("Somebody writes to the database", vandal.ATTACKS),
    ("People brought in without their word", sweeps.ATTACKS),
    ("Other days: backups and clocks", backups.ATTACKS),
    ("On the same machine", process.ATTACKS),
    ("Insiders", insiders.ATTACKS),
)
"""Every attack there is, by who carries it out."""

ATTACKS: Final[tuple[Attack, ...]] = tuple(attack for _, attacks in GROUPS for attack in attacks)

FAILED: Final = frozenset({Verdict.BREACH, Verdict.BLUNT})
"""What makes a drill fail."""


def play(
    scene: Scene, *, mode: Mode, attacks: Sequence[Attack] = ATTACKS, told: Callable[[Result], None] = lambda _: None
) -> list[Result]:
    """Play these attacks.

    :param told: is given each result as it comes.
    """
    results = []
    for attack in attacks:
        begun = time.perf_counter()
        got = attack.act(scene)
        result = Result(attack, got, judge(attack, got, mode=mode), time.perf_counter() - begun)
        results.append(result)
        told(result)
    return results


def passed(results: Sequence[Result]) -> bool:
    """Whether nobody got anything that nothing says he may."""
    return not any(result.verdict in FAILED for result in results)
