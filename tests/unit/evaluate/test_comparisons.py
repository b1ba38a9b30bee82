"""Every pair of photos is compared once, whatever the blocks and however much is kept."""

import numpy as np
import pytest
from support.planted import templates

from visavis.evaluate import comparisons, histogram
from visavis.evaluate.comparisons import TooFewPeople, compare_all


def test_every_pair_is_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, people = templates(9, np.array([1, 2, 3, 4, 1, 2, 3, 4, 5]), noise=0.7)
    order = np.random.default_rng(1).permutation(len(people))
    vectors, people = vectors[order], people[order]
    monkeypatch.setattr(comparisons, "ROWS", 4)
    done: list[int] = []
    found = compare_all(vectors, people, told=done.append)
    scores = vectors @ vectors.T
    upper = np.triu_indices(len(people), 1)
    same = people[upper[0]] == people[upper[1]]
    np.testing.assert_allclose(found.mated, np.sort(scores[upper][same])[::-1], atol=1e-6)
    np.testing.assert_allclose(found.non_mated, np.sort(scores[upper][~same])[::-1], atol=1e-6)
    assert found.mated_pairs == same.sum()
    assert found.non_mated_pairs == (~same).sum() == len(found.non_mated)
    assert (np.bincount(found.owner, minlength=9) == found.photos * (found.photos - 1) // 2).all()
    assert (found.first != found.second).all()
    assert done[-1] == len(people)


def test_of_a_large_set_the_highest_are_kept_and_the_rest_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparisons, "MOST_KEPT", 3000)
    vectors, people = templates(120, 2, noise=0.7)
    found, pairs = compare_all(vectors, people), 240 * 238 // 2
    assert found.non_mated_pairs == pairs
    assert 1000 < len(found.non_mated) < 6000
    assert found.non_mated.min() >= found.kept_from > -1
    whole = vectors @ vectors.T
    apart = np.triu(people[:, None] != people[None, :])
    assert len(found.non_mated) == (whole[apart] >= found.kept_from).sum()


@pytest.mark.parametrize("people", [[0, 0, 0], [0, 1, 2]])
def test_without_a_pair_of_each_sort_nothing_is_compared(people: list[int]) -> None:
    vectors, _ = templates(3, 1, noise=0.1)
    with pytest.raises(TooFewPeople):
        compare_all(vectors, np.array(people, np.int32))


def test_a_histogram_counts_every_pair_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(histogram, "ROWS", 7)
    vectors, people = templates(20, 3, noise=0.7)
    found, counts = compare_all(vectors, people), histogram.histogram(vectors, people)
    assert counts.mated.sum() == found.mated_pairs
    assert counts.non_mated.sum() == found.non_mated_pairs
    starts = [*histogram.Histogram.starts(), 2.0]
    assert counts.mated.tolist() == np.histogram(found.mated, np.array(starts, np.float32))[0].tolist()
