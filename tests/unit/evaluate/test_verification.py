"""The figures of 1:1 on planted scores: the values, their intervals and what is not told."""

import numpy as np
import pytest
from support.planted import above, comparisons, normal_comparisons

from visavis.evaluate import verification as module
from visavis.evaluate.rates import Weighing
from visavis.evaluate.verification import CURVE, FMRS, lowest_known, verification

MATED = (0.45, 0.1)


def true_fnmr(fmr: float) -> float:
    """Of mated scores around 0.45 where non-mated ones are around 0, both with a spread of 0.1."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if above(middle, spread=0.1) > fmr else (low, middle)
    return 1 - above(low, mean=MATED[0], spread=MATED[1])


@pytest.mark.parametrize("weighing", Weighing)
def test_planted_scores_give_back_eer_and_misses_within_their_intervals(weighing: Weighing) -> None:
    found = verification(normal_comparisons(400, mated=MATED), weighing=weighing, seed=1, draws=60)
    assert found.eer is not None
    assert found.eer.low <= above(0.225, spread=0.1) * 1.02
    assert found.eer.high >= above(0.225, spread=0.1) * 0.98
    assert found.eer.value == pytest.approx(above(0.225, spread=0.1), rel=0.3)
    assert [at.asked for at in found.at] == [1e-2, 1e-3, 1e-4]
    for at in found.at:
        assert at.fmr.value <= at.asked
        assert at.fmr.low <= at.asked <= at.fmr.high * 1.2
        assert at.fnmr.low * 0.9 <= true_fnmr(at.asked) <= at.fnmr.high * 1.1
    assert [at.asked for at in found.curve] == [fmr for fmr in CURVE if fmr >= 3 / (400 * 399 / 2)]


@pytest.mark.slow
def test_the_interval_of_misses_holds_the_true_ones_about_as_often_as_it_says() -> None:
    held = 0
    for seed in range(25):
        one = verification(
            normal_comparisons(60, seed=seed, mated=MATED), weighing=Weighing.PEOPLE, seed=seed, draws=100
        )
        at = one.at[0]
        held += at.fnmr.low <= true_fnmr(1e-2) <= at.fnmr.high
    assert held >= 20


def test_people_who_are_alike_make_the_interval_wide() -> None:
    """Ten photos each: as pairs they would be a hundred times as many trials as there are pairs of people."""
    people = 40
    first, second = np.triu_indices(people, 1)
    own = np.random.default_rng(0).normal(0, 0.1, len(first))
    scores = np.repeat(own, 100) + np.random.default_rng(1).normal(0, 1e-4, 100 * len(first))
    mated = np.random.default_rng(2).normal(0.6, 0.1, people * 45)
    found = comparisons(
        np.full(people, 10),
        (mated, np.repeat(np.arange(people), 45)),
        (scores, np.repeat(first, 100), np.repeat(second, 100)),
    )
    (at,) = (at for at in verification(found, weighing=Weighing.PAIRS, seed=0, draws=100).at if at.asked == 1e-2)
    as_if_all_were_trials = 2 * 1.96 * (0.01 * 0.99 / found.non_mated_pairs) ** 0.5
    assert at.fmr.high - at.fmr.low > 5 * as_if_all_were_trials


def test_below_three_by_the_pairs_of_people_nothing_is_told() -> None:
    found = normal_comparisons(50)
    assert lowest_known(found) == pytest.approx(3 / 1225)
    one = verification(found, weighing=Weighing.PEOPLE, seed=0, draws=20)
    assert [at.asked for at in one.at] == [1e-2]
    assert min(at.asked for at in one.curve) >= 3 / 1225


def test_where_nobody_is_missed_the_rule_of_three_ends_the_interval() -> None:
    one = verification(normal_comparisons(80, mated=(0.9, 0.001)), weighing=Weighing.PEOPLE, seed=0, draws=20)
    at = one.at[0]
    assert at.fnmr.value == pytest.approx(0, abs=1e-12)
    assert (at.fnmr.errors, at.fnmr.is_thin) == (0, True)
    assert at.fnmr.high == pytest.approx(3 / 80)


def test_what_is_left_out_of_the_draws_changes_no_value_and_hardly_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    found = normal_comparisons(200, photos=3)
    whole = verification(found, weighing=Weighing.PEOPLE, seed=4, draws=60)
    monkeypatch.setattr(module, "_LARGE", 5000)
    cut = verification(found, weighing=Weighing.PEOPLE, seed=4, draws=60)
    assert [at.fmr for at in cut.at] == [at.fmr for at in whole.at]
    assert [at.fnmr for at in cut.at] == [at.fnmr for at in whole.at]
    assert cut.eer == whole.eer


def test_the_rates_of_the_table_are_on_the_curve() -> None:
    assert set(FMRS) <= set(CURVE)
