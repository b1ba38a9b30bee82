"""What is too much for a calibration or a claim is refused on the very edge, in words that say why."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from visavis.decide.claim import Claim, reckon
from visavis.decide.plan import MOST_PEOPLE
from visavis.decide.target import Bound, Room, capacity, missed, require_room, require_statable
from visavis.model.access import RequestInvalid
from visavis.model.calibration import Calibration, CalibrationPoint, Misses, MissPoint, PromiseTooStrict
from visavis.model.errors import VisavisError
from visavis.model.purpose import GalleryFull, LivenessMode, Purpose, TargetKind

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FPIR = Purpose("pur_a", "n", "c", "c", "NL", 90, TargetKind.FPIR, 0.01, LivenessMode.ATTENDED, NOW)
FMR = replace(FPIR, target_kind=TargetKind.FMR, target=1e-3)


def held_to(*, one: float = 0.0, three: float = 0.0, people: int = 10**9, known_to: float = 0.6) -> Calibration:
    """Thresholds of 0.2 at FMR 1e-1 and 0.6 at 1e-5; so many misses with one reference and with three at 0.6."""
    points = tuple(CalibrationPoint(fmr, at, fmr / 2, fmr * 2) for fmr, at in ((0.1, 0.2), (1e-5, 0.6)))
    told = tuple(
        Misses(photos, 100, (MissPoint(0.2, 0.0, 0.0, 0.0), MissPoint(known_to, most, most, most)))
        for photos, most in ((1, one), (3, three))
    )
    return Calibration("model-1", points, 1e-5, people, told)


def refusal(act: Callable[..., object], *given: object, **named: object) -> tuple[type[VisavisError], str]:
    with pytest.raises(VisavisError) as refused:
        act(*given, **named)
    return type(refused.value), refused.value.detail


NONE_RIGHT = "A claim lies above 0 and below 100 %: nothing is always right."


@pytest.mark.parametrize(
    ("right", "people", "a_day", "why"),
    [
        ("0", 10, 10, NONE_RIGHT),
        ("1", 10, 10, NONE_RIGHT),
        ("-0.1", 10, 10, NONE_RIGHT),
        ("0.9", 0, 10, f"people: from 1 to {MOST_PEOPLE:,}."),
        ("0.9", MOST_PEOPLE + 1, 10, f"people: from 1 to {MOST_PEOPLE:,}."),
        ("0.9", 10, -1e-9, "searches a day: from 0 to 1e12."),
        ("0.9", 10, 1e12 + 1, "searches a day: from 0 to 1e12."),
        ("0.9", 10, float("nan"), "searches a day: from 0 to 1e12."),
    ],
)
def test_what_nobody_can_claim_is_told(right: str, people: int, a_day: float, why: str) -> None:
    assert refusal(Claim, Decimal(right), people, a_day) == (RequestInvalid, why)


def test_a_claim_may_lie_on_its_edges() -> None:
    for people in (1, MOST_PEOPLE):
        for searches_a_day in (0, 1e12):
            assert Claim(Decimal("0.9"), people, searches_a_day).people == people


def test_a_claim_about_few_people_is_counted_through_to_the_digit() -> None:
    """One comparison of two people who may be confused one time in ten: 30 pairs, which 8.26 people have."""
    found = reckon(Claim(Decimal("0.9"), 1, 0))
    assert found.people_to_show == pytest.approx((1 + 241**0.5) / 2)
    assert found.people_to_show * (found.people_to_show - 1) / 2 == pytest.approx(30)
    assert reckon(Claim(Decimal("0.9"), 60, 0)).found_by_comparison == pytest.approx(6)


def test_an_fmr_target_that_the_calibration_does_not_reach_has_no_room() -> None:
    assert capacity(replace(FMR, target=9e-6), calibration=held_to()) == Room(0, Bound.FMR)
    assert capacity(replace(FMR, target=1e-5), calibration=held_to()) == Room(None, None)


def test_an_fmr_target_at_which_too_many_are_missed_has_no_room() -> None:
    assert capacity(FMR, calibration=held_to(one=0.4)) == Room(0, Bound.FNMR)
    assert capacity(FMR, calibration=held_to(one=0.4), several=1.0) == Room(None, None)
    assert refusal(require_statable, FMR, calibration=held_to(one=0.4, three=0.4)) == (
        PromiseTooStrict,
        "One comparison may err at 0.001; at that 20.00% of members would be missed, and at most 5.00% may be.",
    )
    require_statable(FMR, calibration=held_to(one=0.4))


def test_as_many_as_may_be_missed_are_not_too_many() -> None:
    rate = missed(FMR, references=1, calibration=held_to(one=0.4)).value
    assert capacity(replace(FMR, max_fnmr=rate), calibration=held_to(one=0.4)) == Room(None, None)
    assert capacity(replace(FMR, max_fnmr=rate * 0.999), calibration=held_to(one=0.4)) == Room(0, Bound.FNMR)
    require_statable(replace(FMR, max_fnmr=0.5), calibration=held_to())


def test_whoever_says_nothing_of_photos_has_one_of_each() -> None:
    calibration = held_to(one=0.1)
    assert missed(FPIR, references=10, calibration=calibration).value > 0
    assert missed(FPIR, references=10, calibration=calibration, several=1.0).value == 0
    assert capacity(FPIR, calibration=calibration) == Room(10, Bound.FNMR)
    kind, why = refusal(require_room, FPIR, references=10, adding=1, calibration=calibration)
    assert kind is GalleryFull
    assert why == (
        "To promise FPIR 0.01 among 11 references one comparison may err at 1 - (1 - 0.01)^(1/11) = 0.000913; "
        "at that 5.10% of members would be missed, and at most 5.00% may be. "
        "That is enough for 10 references. The gallery has 10."
    )
    require_room(FPIR, references=10, adding=995, calibration=calibration, several=1.0)


def test_what_is_told_of_misses_is_of_the_photos_that_people_have() -> None:
    calibration = held_to(one=0.4, three=0.1)
    why = refusal(require_room, FPIR, references=10, adding=1, calibration=calibration, several=1.0)[1]
    assert "at that 5.10% of members would be missed" in why
    assert "for 10 references" in why


def test_where_misses_are_not_known_nothing_is_held() -> None:
    calibration = held_to(known_to=0.4)
    room = capacity(FPIR, calibration=calibration)
    assert room == Room(10, Bound.FNMR)
    why = refusal(require_room, FPIR, references=10, adding=1, calibration=calibration)[1]
    assert "= 0.000913; how many members would be missed at that is not known. That is enough" in why


def test_an_fpir_is_known_down_to_the_rule_of_three() -> None:
    calibration = held_to(people=3000)
    assert calibration.fpir_floor == 3 / 3000
    assert capacity(replace(FPIR, target=3 / 3000), calibration=calibration).bound is Bound.FMR
    assert capacity(replace(FPIR, target=0.00099), calibration=calibration) == Room(0, Bound.FPIR)


def test_a_target_that_a_single_reference_breaks_is_told_for_one() -> None:
    strict = replace(FPIR, target=1e-3, max_fnmr=0.05)
    why = refusal(require_statable, strict, calibration=held_to(one=0.4, three=0.4))[1]
    assert why.startswith("To promise FPIR 0.001 among 1 references one comparison may err at 1 - (1 - 0.001)^(1/1) = ")
    assert why.endswith("at that 20.00% of members would be missed, and at most 5.00% may be.")
