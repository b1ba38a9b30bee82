"""The planner's benchmark calibrates on other people only."""

import numpy as np
from benchmarks.accuracy.planner import of_people

from visavis.evaluate.comparisons import compare_all
from visavis.evaluate.rates import Rates


def test_the_comparisons_of_some_people_are_those_that_they_have_alone() -> None:
    random = np.random.default_rng(0)
    people = np.repeat(np.arange(30, dtype=np.int32), random.integers(1, 5, 30))
    vectors = random.normal(size=(len(people), 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    chosen = random.permutation(30)[:12]
    some = of_people(compare_all(vectors, people), chosen)
    rows = np.isin(people, chosen)
    alone = compare_all(vectors[rows], np.searchsorted(np.sort(chosen), people[rows]).astype(np.int32))
    assert (some.people, some.mated_pairs, some.non_mated_pairs) == (12, alone.mated_pairs, alone.non_mated_pairs)
    assert len(some.non_mated) == len(alone.non_mated)
    for threshold in (-0.5, 0.0, 0.3, 0.6):
        one, other = Rates.of(some), Rates.of(alone)
        assert np.isclose(one.fmr_at(threshold), other.fmr_at(threshold))
        assert np.isclose(one.fnmr_at(threshold), other.fnmr_at(threshold))
