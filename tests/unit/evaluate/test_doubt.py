"""Intervals hold what is true about as often as they say, and respect people."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from visavis.evaluate.doubt import Figure, over_people, rule_of_three


def mean_of(values: NDArray[np.float64]) -> Callable[[NDArray[np.int64]], list[float]]:
    return lambda drawn: [float(drawn @ values / drawn.sum())]


def test_the_rule_of_three_is_the_95_percent_end_of_nothing_seen() -> None:
    for trials in (30, 300, 10_000):
        assert (1 - rule_of_three(trials)) ** trials == pytest.approx(0.05, rel=0.2)
    assert rule_of_three(2) == 1.0


def test_a_figure_is_thin_below_thirty_errors() -> None:
    assert Figure(0.1, 0.0, 0.2, 29).is_thin
    assert not Figure(0.1, 0.0, 0.2, 30).is_thin
    assert not Figure(0.1, 0.0, 0.2).is_thin


@pytest.mark.slow
def test_the_interval_of_a_mean_holds_the_true_one_about_19_times_in_20() -> None:
    held = 0
    for seed in range(200):
        values = np.random.default_rng(seed).normal(5, 2, 60)
        (low,), (high,) = over_people(mean_of(values), people=60, seed=seed)
        held += low <= 5 <= high
    assert 178 <= held <= 198


def test_photos_of_one_person_do_not_count_as_people() -> None:
    """Twenty equal photos each of twelve people: the interval is that of twelve, not of 240."""
    own = np.random.default_rng(1).normal(size=12)
    (low,), (high,) = over_people(mean_of(own), people=12, seed=0)
    assert high - low == pytest.approx(2 * 1.96 * own.std() / math.sqrt(12), rel=0.25)


def test_what_half_of_the_draws_cannot_tell_has_no_interval() -> None:
    def statistic(drawn: NDArray[np.int64]) -> list[float]:
        seen = math.nan if drawn[0] == 0 else 1.0  # drawn at least once by 63 of 100
        return [seen, seen if drawn[1] else math.nan, 1.0]  # both by 40 of 100

    low, high = over_people(statistic, people=30, seed=1)
    assert (low[0], high[0], low[2]) == (1, 1, 1)
    assert math.isnan(low[1])
    assert math.isnan(high[1])


def test_the_same_seed_draws_the_same_people() -> None:
    def ends(seed: int) -> list[float]:
        return [float(end[0]) for end in over_people(lambda drawn: [float(drawn[:9].sum())], people=30, seed=seed)]

    assert ends(1) == ends(1)
    assert ends(1) != ends(2) or ends(1) != ends(3)
