"""What a score is worth."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.model.calibration import Calibration, CalibrationInvalid, PromiseTooStrict, RateNotKnown


def point(fmr: Any, threshold: Any) -> dict[str, Any]:
    number = fmr if isinstance(fmr, float) else 0.0
    return {"fmr": fmr, "threshold": threshold, "low": number / 2, "high": number * 2}


def miss(threshold: float, fnmr: float) -> dict[str, float]:
    return {"threshold": threshold, "fnmr": fnmr, "low": fnmr / 2, "high": fnmr * 2}


MISSES: list[dict[str, Any]] = [
    {"photos": 1, "people": 80, "points": [miss(0.2, 0.01), miss(0.4, 0.05), miss(0.6, 0.25)]},
    {"photos": 3, "people": 40, "points": [miss(0.2, 0.001), miss(0.4, 0.005), miss(0.6, 0.025)]},
]
FIELDS: dict[str, Any] = {
    "model_id": "model-1",
    "fmr_floor": 1e-4,
    "people": 300,
    "points": [point(0.1, 0.2), point(0.01, 0.3), point(0.001, 0.4), point(0.0001, 0.5), point(0.00001, 0.6)],
    "misses": MISSES,
    "data": "remarks are allowed",
}
CALIBRATION = Calibration.from_fields(FIELDS)


def test_a_measured_rate_gives_its_threshold() -> None:
    assert CALIBRATION.threshold_at(0.001) == pytest.approx(0.4)
    assert CALIBRATION.threshold_at(0.0001) == pytest.approx(0.5)


def test_between_two_points_the_threshold_is_linear_in_the_logarithm() -> None:
    assert CALIBRATION.threshold_at(10**-2.5) == pytest.approx(0.35)


def test_a_more_lenient_promise_than_measured_keeps_the_most_lenient_threshold() -> None:
    assert CALIBRATION.threshold_at(0.5) == pytest.approx(0.2)


@pytest.mark.parametrize("fmr", [9.9e-5, 1e-5, 0.0, -1.0, math.nan])
def test_a_promise_below_the_floor_is_refused(fmr: float) -> None:
    with pytest.raises(PromiseTooStrict):
        CALIBRATION.threshold_at(fmr)


@given(st.floats(1e-4, 1), st.floats(1e-4, 1))
def test_a_stricter_promise_never_lowers_the_threshold(one: float, other: float) -> None:
    lenient, strict = max(one, other), min(one, other)
    assert CALIBRATION.threshold_at(lenient) <= CALIBRATION.threshold_at(strict)


@pytest.mark.parametrize(
    ("score", "decade"),
    [(-1, 0), (0.19, 0), (0.2, -1), (0.29, -1), (0.3, -2), (0.4, -3), (0.499, -3), (0.5, -4), (0.6, -4), (1, -4)],
)
def test_a_score_is_reported_as_a_whole_decade_down_to_the_floor(score: float, decade: int) -> None:
    assert CALIBRATION.fmr_decade_of(score) == decade


@given(st.floats(1e-4, 0.1))
def test_a_score_that_passes_a_threshold_is_reported_no_worse_than_the_next_decade(fmr: float) -> None:
    decade = CALIBRATION.fmr_decade_of(CALIBRATION.threshold_at(fmr))
    assert math.floor(math.log10(fmr) - 1e-9) <= decade <= math.ceil(math.log10(fmr) + 1)


def test_a_score_has_its_rate_and_the_band_of_it() -> None:
    rate = CALIBRATION.fmr_at(0.35)
    assert rate.value == pytest.approx(10**-2.5)
    assert (rate.low, rate.high) == pytest.approx((rate.value / 2, rate.value * 2))
    assert CALIBRATION.fmr_at(0.5).value == pytest.approx(1e-4)


@given(st.floats(1e-4, 0.1))
def test_the_rate_of_a_threshold_is_the_rate_that_was_asked(fmr: float) -> None:
    assert CALIBRATION.fmr_at(CALIBRATION.threshold_at(fmr)).value == pytest.approx(fmr)


@pytest.mark.parametrize("score", [-1.0, 0.199, 0.501, 0.6, 1.0, math.nan])
def test_the_rate_of_a_score_beyond_what_was_measured_is_not_known(score: float) -> None:
    with pytest.raises(RateNotKnown):
        CALIBRATION.fmr_at(score)


def test_misses_lie_straight_between_their_points() -> None:
    assert CALIBRATION.fnmr_at(0.3).value == pytest.approx(0.03)
    assert CALIBRATION.fnmr_at(0.3).high == pytest.approx(0.06)
    assert CALIBRATION.fnmr_at(0.0).value == pytest.approx(0.01)


@pytest.mark.parametrize(("photos", "fnmr"), [(0, 0.05), (1, 0.05), (2, 0.05), (3, 0.005), (9, 0.005)])
def test_several_references_help_only_as_far_as_was_measured(photos: int, fnmr: float) -> None:
    assert CALIBRATION.fnmr_at(0.4, photos=photos).value == pytest.approx(fnmr)


def test_without_misses_of_several_they_count_as_one() -> None:
    alone = Calibration.from_fields(FIELDS | {"misses": MISSES[:1]})
    assert alone.fnmr_at(0.4, photos=3) == alone.fnmr_at(0.4)


@pytest.mark.parametrize("threshold", [0.601, 1.0, math.nan])
def test_misses_above_the_last_threshold_are_not_known(threshold: float) -> None:
    with pytest.raises(RateNotKnown):
        CALIBRATION.fnmr_at(threshold)


@given(st.floats(-1, 0.6), st.floats(-1, 0.6))
def test_a_higher_threshold_never_misses_less(one: float, other: float) -> None:
    assert CALIBRATION.fnmr_at(min(one, other)).value <= CALIBRATION.fnmr_at(max(one, other)).value


def test_fewer_than_three_in_so_many_people_cannot_be_known() -> None:
    assert CALIBRATION.fpir_floor == pytest.approx(0.01)
    assert Calibration.from_fields(FIELDS | {"people": 1}).fpir_floor == 1


def points(*pairs: tuple[object, object]) -> dict[str, object]:
    return FIELDS | {"points": [point(fmr, threshold) for fmr, threshold in pairs]}


def without(name: str) -> list[dict[str, Any]]:
    return [{key: value for key, value in each.items() if key != name} for each in FIELDS["points"]]


@pytest.mark.parametrize(
    "fields",
    [
        [],
        {},
        FIELDS | {"model_id": 3},
        FIELDS | {"points": "none"},
        FIELDS | {"points": [[0.1, 0.2]]},
        FIELDS | {"fmr_floor": "1e-5"},
        FIELDS | {"fmr_floor": True},
        FIELDS | {"fmr_floor": 1e-9},
        FIELDS | {"fmr_floor": 0.1},
        FIELDS | {"fmr_floor": math.nan},
        points((0.1, 0.2)),
        points((0.1, 0.2), (0.1, 0.3)),
        points((0.1, 0.3), (1e-4, 0.2)),
        points((0.1, 0.2), (1e-4, math.inf)),
        points((0.1, 0.2), (1e-4, 1.5)),
        points((1.5, 0.2), (1e-4, 0.3)),
        points((0.1, 0.2), (0, 0.3)),
        points((0.1, 0.2), (1e-4, None)),
        FIELDS | {"points": without("low")},
        FIELDS | {"points": without("high")},
        FIELDS | {"points": [point(0.1, 0.2) | {"low": 0.2}, point(1e-4, 0.5)]},
        FIELDS | {"points": [point(0.1, 0.2) | {"high": 0.05}, point(1e-4, 0.5)]},
        FIELDS | {"points": [point(0.1, 0.2) | {"high": math.nan}, point(1e-4, 0.5)]},
        {key: value for key, value in FIELDS.items() if key != "misses"},
        {key: value for key, value in FIELDS.items() if key != "people"},
        FIELDS | {"people": 0},
        FIELDS | {"people": 2.5},
        FIELDS | {"misses": []},
        FIELDS | {"misses": MISSES[1:]},
        FIELDS | {"misses": [MISSES[0] | {"points": MISSES[0]["points"][:1]}]},
        FIELDS | {"misses": [MISSES[0] | {"points": MISSES[0]["points"][::-1]}]},
        FIELDS | {"misses": [MISSES[0] | {"points": [miss(0.2, 0.3), miss(0.4, 0.2)]}]},
        FIELDS | {"misses": [MISSES[0] | {"points": [miss(0.2, 0.3), miss(0.4, 0.6)]}]},
        FIELDS | {"misses": [MISSES[0] | {"people": 0}]},
    ],
)
def test_a_calibration_that_makes_no_sense_is_refused(fields: object) -> None:
    with pytest.raises(CalibrationInvalid, match="make calibrate"):
        Calibration.from_fields(fields)
