"""Published pairs on planted scores: accuracy, rates, intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.planted import above

from visavis.evaluate.paired import PairScores, measure_pairs


def planted(each: int, *, folds: int = 10, seed: int = 0, apart: float = 0.4, people: int = 300) -> PairScores:
    """Per fold as many pairs of each sort; both normal with a spread of 0.1, mated ones ``apart`` further up."""
    random = np.random.default_rng(seed)
    is_same = np.tile(np.repeat([True, False], each), folds)
    first = random.integers(people, size=len(is_same))
    second = np.where(is_same, first, (first + 1 + random.integers(people - 1, size=len(is_same))) % people)
    scores = random.normal(0, 0.1, len(is_same)) + apart * is_same
    return PairScores(scores.astype(np.float32), is_same, np.repeat(np.arange(folds), 2 * each), first, second, people)


def test_accuracy_and_eer_are_those_that_were_planted() -> None:
    found = measure_pairs(planted(300, seed=3), seed=0, draws=100)
    right = 1 - above(0.2, spread=0.1)
    assert (found.mated, found.non_mated, len(found.by_fold)) == (3000, 3000, 10)
    assert found.accuracy is not None
    assert found.eer is not None
    assert found.accuracy.low <= right <= found.accuracy.high
    assert found.accuracy.value == pytest.approx(np.mean(found.by_fold))
    assert found.eer.low <= 1 - right <= found.eer.high
    assert [at.asked for at in found.at] == [1e-1, 1e-2, 1e-3]
    for at in found.at:
        assert at.fmr.value <= at.asked
        assert at.fmr.low <= at.asked <= at.fmr.high * 1.3
        true = 1 - above(at.threshold, mean=0.4, spread=0.1)
        assert at.fnmr.low <= true * 1.05
        assert at.fnmr.high >= true * 0.95


def test_a_fold_is_measured_at_the_threshold_of_the_others() -> None:
    """In the second fold everything is higher: the threshold that is best in one is wrong in the other."""
    scores = np.array([0.5, 0.1, 0.9, 0.7], np.float32)
    is_same, fold = np.array([True, False, True, False]), np.array([0, 0, 1, 1])
    people = np.array([0, 1, 2, 3]), np.array([0, 2, 2, 0])
    found = measure_pairs(PairScores(scores, is_same, fold, *people, people=4), seed=0, draws=5)
    assert found.by_fold == (0.5, 0.5)


def test_without_folds_there_is_no_accuracy() -> None:
    found = measure_pairs(planted(200, folds=1), seed=0, draws=20)
    assert (found.accuracy, found.by_fold) == (None, ())
    assert found.eer is not None


def test_pairs_of_few_people_have_an_interval_of_few_people() -> None:
    """Twelve people, each alike or unlike themselves: a thousand pairs of theirs are no thousand trials."""
    pairs = planted(1000, folds=1, people=12, apart=0.2, seed=4)
    own = np.random.default_rng(3).normal(0, 0.1, 12)[pairs.first]
    moved = PairScores(
        (pairs.scores + own).astype(np.float32), pairs.is_same, pairs.fold, pairs.first, pairs.second, people=12
    )
    missed = measure_pairs(moved, seed=1).at[0].fnmr
    as_if_all_were_trials = 2 * 1.96 * (missed.value * (1 - missed.value) / 1000) ** 0.5
    assert missed.high - missed.low > 1.5 * as_if_all_were_trials


def test_a_pair_counts_as_often_as_both_of_its_people_were_drawn() -> None:
    """Everything that is wrong hangs on person 0, who is in a third of all draws not at all and in some three times."""
    first, second = np.triu_indices(12, 1)
    scores = np.concatenate([np.where(np.arange(12) == 0, -0.9, 0.9), np.where(first == 0, 0.5, -0.5)])
    found = measure_pairs(
        PairScores(
            scores.astype(np.float32), np.arange(78) < 12, np.zeros(78, np.int64),
            np.concatenate([np.arange(12), second]), np.concatenate([np.arange(12), first]), people=12,
        ),
        seed=0,
    )  # fmt: skip
    (at,) = (at for at in found.curve if 0.19 < at.asked < 0.21)
    assert at.fmr.value == pytest.approx(11 / 66)
    assert at.fmr.low == 0
    assert at.fmr.high == pytest.approx(0.45, abs=0.1)
    assert at.fnmr.value == pytest.approx(1 / 12)
    assert at.fnmr.low == 0
    assert at.fnmr.high == pytest.approx(3 / 12, abs=0.09)


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 40), st.integers(1, 4), st.integers(0, 50), st.floats(-0.2, 0.8))
def test_whatever_the_pairs_every_interval_holds_its_rate(each: int, folds: int, seed: int, apart: float) -> None:
    found = measure_pairs(planted(each, folds=folds, seed=seed, apart=apart, people=20), seed=seed, draws=10)
    for at in found.curve:
        assert at.asked >= 3 / found.non_mated
        for rate in (at.fmr, at.fnmr):
            assert 0 <= rate.low <= rate.value <= rate.high <= 1
    if found.accuracy is not None:
        assert 0 <= found.accuracy.low <= found.accuracy.value <= found.accuracy.high <= 1
