"""Planted scores give back the rates they were planted with."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.planted import above, comparisons, normal_comparisons

from visavis.evaluate.rates import BelowKept, Rates, Weighing


@pytest.mark.parametrize("weighing", Weighing)
def test_normal_scores_give_back_fmr_fnmr_and_eer(weighing: Weighing) -> None:
    rates = Rates.of(normal_comparisons(600), weighing=weighing)
    for threshold in (0.1, 0.2, 0.3):
        assert rates.fmr_at(threshold) == pytest.approx(above(threshold, spread=0.1), rel=0.1)
    for threshold in (0.5, 0.6, 0.7):
        true = 1 - above(threshold, mean=0.6, spread=0.1)
        assert rates.fnmr_at(threshold) == pytest.approx(true, abs=0.06)
    assert Rates.of(normal_comparisons(600, mated=(0.3, 0.1)), weighing=weighing).eer() == pytest.approx(
        above(0.15, spread=0.1), rel=0.1
    )
    assert rates.threshold_at(above(0.3, spread=0.1)) == pytest.approx(0.3, abs=0.01)


def test_people_weigh_the_same_whatever_their_photos() -> None:
    """One of three people has 30 photos, all alike to one other; pairs are that person's, people are not."""
    photos = np.array([30, 1, 1])
    first, second = np.repeat([0, 0, 1], [30, 30, 1]), np.repeat([1, 2, 2], [30, 30, 1])
    scores = np.repeat([0.9, 0.1, 0.1], [30, 30, 1])
    found = comparisons(photos, (np.array([0.8]), np.array([0])), (scores, first, second))
    assert Rates.of(found).fmr_at(0.5) == pytest.approx(1 / 3)
    assert Rates.of(found, weighing=Weighing.PAIRS).fmr_at(0.5) == pytest.approx(30 / 61)


def test_mated_people_weigh_the_same() -> None:
    mated = (np.array([0.1, *[0.9] * 9]), np.array([0, *[1] * 9]))
    found = comparisons(np.array([2, 5]), mated, (np.array([0.0]), np.array([0]), np.array([1])))
    assert Rates.of(found).fnmr_at(0.5) == pytest.approx(1 / 2)
    assert Rates.of(found, weighing=Weighing.PAIRS).fnmr_at(0.5) == pytest.approx(1 / 10)


def test_people_drawn_twice_count_twice_and_are_not_compared_with_themselves() -> None:
    found = normal_comparisons(6)
    drawn = np.array([2, 1, 0, 1, 2, 0])
    again = Rates.of(found, drawn=drawn)
    weight = (drawn[found.first] * drawn[found.second]).astype(float)
    everything = sum(int(a) * int(b) for i, a in enumerate(drawn) for b in drawn[i + 1 :]) * 4
    assert again.fmr_at(0.05) == pytest.approx(weight[found.non_mated >= 0.05].sum() / everything)


def test_a_rate_that_was_not_kept_is_not_told() -> None:
    found = normal_comparisons(40)
    cut = 500
    near = replace(
        found, non_mated=found.non_mated[:cut], first=found.first[:cut], second=found.second[:cut],
        kept_from=float(found.non_mated[cut - 1]),
    )  # fmt: skip
    whole = Rates.of(replace(found, photos=near.photos))
    rates = Rates.of(near)
    assert rates.fmr_at(0.2) == pytest.approx(whole.fmr_at(0.2))
    with pytest.raises(BelowKept):
        rates.fmr_at(-0.1)
    with pytest.raises(BelowKept):
        rates.threshold_at(0.9)


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 25), st.floats(1e-4, 0.9), st.integers(0, 99))
def test_no_threshold_lets_more_pass_than_was_asked(people: int, fmr: float, seed: int) -> None:
    rates = Rates.of(normal_comparisons(people, seed=seed))
    try:
        threshold = rates.threshold_at(fmr)
    except BelowKept:
        return
    assert rates.fmr_at(threshold) <= fmr * (1 + 1e-12), "but for the last bit of a rate"
    assert rates.tmr_at(fmr) == pytest.approx(1 - rates.fnmr_at(threshold))
    lower = threshold - 2e-4
    assert rates.fmr_at(lower) > fmr or rates.fmr_at(lower) == rates.fmr_at(threshold) or threshold < -1
