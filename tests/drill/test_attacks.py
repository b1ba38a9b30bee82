"""Each attack of the drill, against the real server with simulated faces."""

import os
from typing import Final

import pytest
from _pytest.mark import ParameterSet

from visavis.drill.attack import Attack, Verdict, judge
from visavis.drill.run import ATTACKS
from visavis.drill.scene import Scene

QUICK: Final = {
    "stolen_database", "stolen_disk", "left_behind", "old_formats", "temporary_files", "leaked_keys", "no_key",
    "stolen_backups", "backups_inside_window", "backups_after_window", "clock_set_back", "memory", "logs",
    "unapproved_export",
}  # fmt: skip
"""Those that start no server of their own."""

NEED_ROOT: Final = {"memory_after_erasure"}
NEED_MODELS: Final = {"poisoned_models"}
"""Tried by ``make drill``; here faces are simulated. What a spoilt model does is tested with the model store."""
NEED_CUSTODIANS: Final = {"one_custodian", "custodians_too_few"}


def _marked(attack: Attack) -> ParameterSet:
    return pytest.param(attack, id=attack.name, marks=[] if attack.name in QUICK else [pytest.mark.slow])


@pytest.mark.parametrize("attack", [_marked(attack) for attack in ATTACKS])
def test_the_attacker_gets_nothing_that_is_not_named(attack: Attack, scene: Scene) -> None:
    got = attack.act(scene)
    expected = Verdict.LOSS if "keyfile" in attack.succeeds_in else Verdict.NOTHING
    if attack.name in NEED_MODELS | NEED_CUSTODIANS or (attack.name in NEED_ROOT and os.geteuid() != 0):
        expected = Verdict.NOT_TRIED
    assert judge(attack, got, mode="keyfile") is expected, got


@pytest.mark.slow
@pytest.mark.parametrize("attack", [pytest.param(attack, id=attack.name) for attack in ATTACKS])
def test_with_custodians_even_the_whole_disk_gives_nothing(attack: Attack, guarded_scene: Scene) -> None:
    got = attack.act(guarded_scene)
    expected = Verdict.LOSS if "quorum" in attack.succeeds_in else Verdict.NOTHING
    if attack.name in NEED_MODELS or (attack.name in NEED_ROOT and os.geteuid() != 0):
        expected = Verdict.NOT_TRIED
    assert judge(attack, got, mode="quorum") is expected, got
    if attack.name == "stolen_disk":
        assert expected is Verdict.NOTHING
