"""The measure of unlinkability gives what is known beforehand where the distributions are known."""

import numpy as np
import pytest
from benchmarks.accuracy import unlinkability
from benchmarks.accuracy.d_sys import linkability, sturges
from benchmarks.accuracy.linking import linked_after_known, linked_by_shape, nearest_turn
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

CHANCE = np.random.default_rng(5)
SCORES = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=40).map(np.array)


def even(low: float, high: float, count: int = 30_000) -> NDArray[np.float64]:
    """Numbers evenly spread over an interval, the middle of each part."""
    return low + (np.arange(count) + 0.5) * (high - low) / count


def test_the_same_distribution_is_not_linkable() -> None:
    answer = linkability(mated=even(0, 1), non_mated=even(0, 1), bins=20)
    assert answer.system == 0
    assert not answer.local.any()
    assert answer.edges.shape == (21,)


def test_scores_with_nothing_in_common_are_fully_linkable() -> None:
    answer = linkability(mated=even(0.6, 1), non_mated=even(0, 0.4), bins=20)
    assert answer.system == pytest.approx(1)
    assert answer.local.tolist() == [0.0] * 12 + [1.0] * 8


def test_lower_scores_of_mated_pairs_tell_as_much_as_higher_ones() -> None:
    assert linkability(mated=even(0, 0.4), non_mated=even(0.6, 1), bins=20).system == pytest.approx(1)


def test_half_in_common_is_half_linkable() -> None:
    answer = linkability(mated=even(0.5, 1.5), non_mated=even(0, 1), bins=30)
    assert answer.system == pytest.approx(0.5, abs=1e-3)
    assert answer.local.tolist() == pytest.approx([0] * 20 + [1] * 10, abs=1e-3)


@pytest.mark.parametrize(("omega", "local"), [(1.0, 1 / 3), (2.0, 0.6), (0.5, 0.0), (0.25, 0.0)])
def test_scores_twice_as_likely_of_mated_pairs_weigh_as_the_formula_says(omega: float, local: float) -> None:
    """2 omega LR / (1 + omega LR) - 1 with LR = 2."""
    answer = linkability(mated=even(0, 0.5), non_mated=even(0, 1), bins=20, omega=omega)
    assert answer.local.tolist() == pytest.approx([local] * 10 + [0] * 10, abs=1e-3)
    assert answer.system == pytest.approx(local, abs=1e-3)


def test_two_normal_distributions_weigh_as_their_integral_does() -> None:
    at = np.linspace(-9, 10, 200_001)
    ours, theirs = (np.exp(-((at - middle) ** 2) / 2) / np.sqrt(2 * np.pi) for middle in (1, 0))
    exact = float((ours * np.maximum(0, (ours - theirs) / (ours + theirs))).sum() * (at[1] - at[0]))
    mated, non_mated = CHANCE.normal(1, size=200_000), CHANCE.normal(0, size=200_000)
    assert linkability(mated=mated, non_mated=non_mated, bins=100).system == pytest.approx(exact, abs=0.005)


def test_one_score_for_everything_tells_nothing() -> None:
    assert linkability(mated=np.ones(5), non_mated=np.ones(9), bins=4).system == 0


@given(mated=SCORES, non_mated=SCORES, bins=st.sampled_from([1, 2, 4, 8, 16]))
def test_it_lies_between_nothing_and_all_and_wider_bins_never_show_more(
    mated: NDArray[np.float64], non_mated: NDArray[np.float64], bins: int
) -> None:
    fine, coarse = (linkability(mated=mated, non_mated=non_mated, bins=count) for count in (2 * bins, bins))
    assert -1e-12 <= coarse.system <= fine.system + 1e-9 <= 1 + 2e-9
    assert ((fine.local >= 0) & (fine.local <= 1)).all()


def test_many_bins_for_few_scores_find_what_is_not_there() -> None:
    """Why the number of bins follows from the number of scores."""
    mated, non_mated = CHANCE.normal(size=832), CHANCE.normal(size=600_000)
    assert linkability(mated=mated, non_mated=non_mated, bins=83).system > 0.035
    assert linkability(mated=mated, non_mated=non_mated, bins=sturges(832)).system < 0.03


@pytest.mark.parametrize(("count", "bins"), [(1, 1), (2, 2), (832, 11), (1024, 11), (1025, 12)])
def test_the_number_of_bins(count: int, bins: int) -> None:
    assert sturges(count) == bins


def people(count: int, dimension: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Two templates each of invented people: a common part, uneven axes, long tails, as faces have."""
    uneven = np.linspace(2, 0.5, dimension)
    faces = CHANCE.exponential(size=(count, dimension)) * uneven
    made = [faces + 0.15 * CHANCE.normal(size=faces.shape) for _ in range(2)]
    first, second = ((one / np.linalg.norm(one, axis=1, keepdims=True)).astype(np.float32) for one in made)
    return first, second


def test_the_transform_unlinks_what_is_linkable_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unlinkability, "PAIRS", 3)
    monkeypatch.setattr(unlinkability, "SHIFTS", 3)
    first, second = people(600, 128)
    assert unlinkability.d_sys(first, second, turned=False).largest > 0.9
    found = unlinkability.d_sys(first, second)
    assert found.bins == 11
    assert found.largest <= 0.05
    assert found.shuffled <= 0.03


def test_the_attack_on_whole_galleries_is_known_to_bite() -> None:
    first, second = people(300, 16)
    turn = np.linalg.qr(CHANCE.normal(size=(16, 16)))[0]
    assert linked_by_shape(first.astype(float), first @ turn) == 1
    assert linked_after_known(first.astype(float), second @ turn, known=16) > 0.9
    assert linked_after_known(first.astype(float), second[::-1] @ turn, known=0) < 0.1
    assert np.abs(nearest_turn(first.astype(float), first @ turn) - turn).max() < 1e-6
