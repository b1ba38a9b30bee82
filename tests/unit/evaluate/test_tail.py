"""A planted generalised Pareto tail is found again; a thin one is not fitted."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from support.planted import comparisons

from visavis.evaluate.comparisons import Comparisons
from visavis.evaluate.rates import Rates, Weighing
from visavis.evaluate.tail import Tail, TailTooThin, fit_tail

PEOPLE = 400


def planted(*, shape: float, scale: float, seed: int, rate: float = 0.05) -> Comparisons:
    """A share ``rate`` of the scores exceeds 0.3 as a generalised Pareto distribution does."""
    first, second = np.triu_indices(PEOPLE, 1)
    share = np.random.default_rng(seed).uniform(size=len(first))
    scores = np.where(share < rate, 0.3 + beyond(share / rate, shape=shape, scale=scale), 0.3 - share)
    return comparisons(np.ones(PEOPLE, np.int64), (np.array([0.9]), np.array([0])), (scores, first, second))


def beyond(share: NDArray[np.float64] | float, *, shape: float, scale: float) -> Any:
    """By how much the location is exceeded with a probability."""
    return -scale * np.log(share) if not shape else scale / shape * (share**-shape - 1)


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.2])
@pytest.mark.parametrize("weighing", Weighing)
def test_a_planted_tail_is_found_again(shape: float, weighing: Weighing) -> None:
    rates = Rates.of(planted(shape=shape, scale=0.04, seed=4), weighing=weighing)
    tail = fit_tail(rates, above=0.04)
    assert tail.shape == pytest.approx(shape, abs=0.08)
    for fmr in (1e-3, 1e-4, 1e-5):
        assert tail.fmr_at(0.3 + beyond(fmr / 0.05, shape=shape, scale=0.04)) == pytest.approx(fmr, rel=0.8)


@pytest.mark.parametrize("shape", [-0.2, 0.0, 1e-12, 0.3])
def test_a_score_and_its_rate_undo_each_other(shape: float) -> None:
    tail = Tail(location=0.3, rate=0.01, scale=0.05, shape=shape)
    for fmr in (1e-2, 1e-4, 1e-7):
        assert tail.fmr_at(tail.score_at(fmr)) == pytest.approx(fmr)
    assert tail.fmr_at(0.3) == pytest.approx(0.01)


def test_beyond_the_end_of_a_tail_that_ends_there_is_nothing() -> None:
    tail = Tail(location=0.3, rate=0.01, scale=0.05, shape=-0.5)
    assert tail.fmr_at(0.3 + 0.05 / 0.5 + 1e-9) == 0
    assert tail.fmr_at(0.39) > 0


def test_a_thin_tail_and_one_of_equal_scores_are_not_fitted() -> None:
    found = planted(shape=-0.2, scale=0.04, seed=1)
    with pytest.raises(TailTooThin, match="100"):
        fit_tail(Rates.of(found), above=99 / found.non_mated_pairs)
    fit_tail(Rates.of(found), above=110 / found.non_mated_pairs)
    first, second = np.triu_indices(60, 1)
    flat = comparisons(
        np.ones(60, np.int64), (np.array([0.9]), np.array([0])), (np.full(len(first), 0.5), first, second)
    )
    with pytest.raises(TailTooThin):
        fit_tail(Rates.of(flat), above=0.5)
