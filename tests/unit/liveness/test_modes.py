"""What cannot be checked is refused, and the refusal says what can."""

from dataclasses import replace
from itertools import product

import pytest
from sim.pad import REPORT

from visavis.liveness.modes import Checkable
from visavis.model.pad import Instruments, Level, PadReport, PadReportMissing, Species
from visavis.model.preset import Preset
from visavis.model.purpose import LivenessMode, LivenessUnavailable

NIST = Preset.NIST_63B.asks

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
        Checkable.by(passive=True, reports=[REPORT]).require_pad(LivenessMode.ATTENDED, asked=NIST)
    with pytest.raises(LivenessUnavailable):
        Checkable.by(reports=[REPORT]).require_pad(LivenessMode.PASSIVE, asked=NIST)


def test_a_mode_that_was_measured_well_enough_is_what_the_standard_asks_for() -> None:
    Checkable.by(passive=True, reports=[REPORT]).require_pad(LivenessMode.PASSIVE, asked=NIST)


def test_a_standard_that_says_nothing_of_attacks_asks_for_no_report() -> None:
    for mode in LivenessMode:
        Checkable().require_pad(mode, asked=Preset.NIST_63A_IDENTIFY.asks)


def accepted(*counts: int | None) -> PadReport:
    return replace(REPORT, species=tuple(Species(str(n), Level.A, 100, 50, one) for n, one in enumerate(counts)))


@pytest.mark.parametrize(
    ("report", "why"),
    [
        (None, "there is none"),
        (replace(REPORT, mode=LivenessMode.ACTIVE), "there is none"),
        (replace(REPORT, instruments=Instruments.SIMULATED), "simulated"),
        (replace(REPORT, independent=False), "independently"),
        (accepted(1, None), "every species"),
        (accepted(1, 7, 2), "0.07"),
        (accepted(1, 8), "0.08"),
    ],
)
def test_what_a_report_lacks_is_told(report: PadReport | None, why: str) -> None:
    checkable = Checkable.by(passive=True, active=True, reports=[] if report is None else [report])
    with pytest.raises(PadReportMissing, match=why) as refused:
        checkable.require_pad(LivenessMode.PASSIVE, asked=NIST)
    assert "800-63B-4" in refused.value.detail
    assert "'passive'" in refused.value.detail


def test_the_highest_share_below_the_limit_passes() -> None:
    Checkable.by(passive=True, reports=[accepted(6, 0)]).require_pad(LivenessMode.PASSIVE, asked=NIST)
