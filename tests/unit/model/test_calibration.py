"""What a score is worth."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.model.calibration import Calibration, CalibrationInvalid, PromiseTooStrict

FIELDS = {
    "model_id": "model-1",
    "fmr_floor": 1e-4,
    "points": [
        {"fmr": 0.1, "threshold": 0.2},
        {"fmr": 0.01, "threshold": 0.3},
        {"fmr": 0.001, "threshold": 0.4},
        {"fmr": 0.0001, "threshold": 0.5},
        {"fmr": 0.00001, "threshold": 0.6},
    ],
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


def points(*pairs: tuple[object, object]) -> dict[str, object]:
    return FIELDS | {"points": [{"fmr": fmr, "threshold": threshold} for fmr, threshold in pairs]}


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
    ],
)
def test_a_calibration_that_makes_no_sense_is_refused(fields: object) -> None:
    with pytest.raises(CalibrationInvalid):
        Calibration.from_fields(fields)
