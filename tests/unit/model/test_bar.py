"""A gallery's own people raise its bar and never lower it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sim.faces import CALIBRATION

from visavis.model.bar import OwnRates, OwnRatesDamaged
from visavis.model.calibration import CalibrationPoint

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RATES = (1e-1, 1e-2, 1e-3)


def own_rates(*thresholds: float, low: float = 0.9) -> OwnRates:
    """What people told who reach these scores at rates of 1e-1, 1e-2 and 1e-3; bands from ``low`` times the rate."""
    told = zip(RATES, thresholds, strict=True)
    points = tuple(CalibrationPoint(fmr, at, fmr * low, fmr * 1.1) for fmr, at in told)
    return OwnRates.of("gal_a", points, people=150, comparisons=11_175, floor=1e-3, calibration=CALIBRATION, now=NOW)


def test_people_like_those_of_the_card_change_nothing() -> None:
    like = own_rates(0.15, 0.26, 0.37)
    assert not like.is_worse
    assert like.raised(CALIBRATION) is CALIBRATION


def test_people_who_are_less_alike_do_not_lower_the_bar() -> None:
    less = own_rates(0.05, 0.1, 0.2)
    assert not less.is_worse
    assert less.raised(CALIBRATION) is CALIBRATION


def test_people_who_are_more_alike_raise_the_bar_and_beyond_what_they_tell_as_much() -> None:
    more = own_rates(0.25, 0.36, 0.47)
    raised = more.raised(CALIBRATION)
    assert more.is_worse
    assert raised.threshold_at(1e-3) == pytest.approx(0.47)
    assert raised.threshold_at(1e-5) == pytest.approx(CALIBRATION.threshold_at(1e-5) + 0.1)
    assert (raised.fmr_floor, raised.people) == (CALIBRATION.fmr_floor, CALIBRATION.people)


def test_a_gallery_that_can_be_as_the_card_says_is_not_called_worse() -> None:
    assert not own_rates(0.16, 0.27, 0.38, low=0.3).is_worse


@given(st.lists(st.floats(-0.5, 0.9), min_size=3, max_size=3), st.floats(1e-5, 0.5), st.floats(1e-5, 0.5))
def test_no_gallery_lowers_a_bar_and_a_stricter_promise_never_does(
    thresholds: list[float], one: float, other: float
) -> None:
    raised = own_rates(*sorted(thresholds)).raised(CALIBRATION)
    assert raised.threshold_at(one) >= CALIBRATION.threshold_at(one) - 1e-12
    assert raised.threshold_at(max(one, other)) <= raised.threshold_at(min(one, other)) + 1e-12


@pytest.mark.parametrize(
    "points", ["", "{}", "[[1, 2]]", "[[0.1, 0.5], [0.01, 0.4]]", '[["a", "b"], ["c", "d"]]', "[1, 2]"]
)
def test_points_that_make_no_sense_recognise_nobody(points: str) -> None:
    damaged = replace(own_rates(0.25, 0.36, 0.47), points=points)
    with pytest.raises(OwnRatesDamaged):
        damaged.raised(CALIBRATION)
