"""What cannot be checked is refused, and the refusal says what can."""

from itertools import product

import pytest

from visavis.liveness.modes import Checkable
from visavis.model.purpose import LivenessMode, LivenessUnavailable

ALL = [Checkable.by(active=active, passive=passive) for active, passive in product((False, True), repeat=2)]


def test_a_mode_is_checkable_with_what_it_needs_and_not_without() -> None:
    assert [checkable.names for checkable in ALL] == [
        ("attended",),
        ("attended", "passive"),
        ("attended", "active"),
        ("attended", "active", "passive"),
    ]


@pytest.mark.parametrize("checkable", ALL, ids=lambda one: "+".join(one.names))
@pytest.mark.parametrize("mode", LivenessMode)
def test_every_mode_passes_or_is_refused_with_what_can_be_checked(checkable: Checkable, mode: LivenessMode) -> None:
    if mode.value in checkable.names:
        checkable.require(mode)
        return
    with pytest.raises(LivenessUnavailable) as refused:
        checkable.require(mode)
    assert f"'{mode.value}'" in refused.value.detail
    assert all(f"'{name}'" in refused.value.detail for name in checkable.names)


@pytest.mark.parametrize("checkable", ALL, ids=lambda one: "+".join(one.names))
def test_an_attested_station_is_checked_nowhere(checkable: Checkable) -> None:
    with pytest.raises(LivenessUnavailable):
        checkable.require(LivenessMode.ACTIVE_ATTESTED)


def test_whom_nobody_watches_does_not_pass_as_watched() -> None:
    with pytest.raises(LivenessUnavailable, match="nobody does here"):
        Checkable().require(LivenessMode.ATTENDED, attended=False)


def test_whom_a_machine_checks_needs_nobody_who_watches() -> None:
    Checkable.by(active=True).require(LivenessMode.ACTIVE, attended=False)


def test_a_person_who_watches_is_no_machine_that_detects_attacks() -> None:
    with pytest.raises(LivenessUnavailable, match="30107-3"):
        ALL[3].require_pad(LivenessMode.ATTENDED)
    ALL[3].require_pad(LivenessMode.PASSIVE)
    with pytest.raises(LivenessUnavailable):
        Checkable().require_pad(LivenessMode.PASSIVE)
