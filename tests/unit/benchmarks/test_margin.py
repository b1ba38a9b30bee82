"""The benchmark of the margin counts as matches what the rule of decisions does."""

import numpy as np
from benchmarks.accuracy.margin import Probes, probes

from visavis.decide.judge import judge_many
from visavis.model.decision import Outcome


def test_what_counts_as_a_match_is_what_is_decided() -> None:
    random = np.random.default_rng(0)
    first = random.uniform(-1, 1, 500).astype(np.float32)
    second = (first - random.exponential(0.2, 500)).astype(np.float32)
    some = Probes(first, second, np.ones(500, bool), np.full(500, 1 / 500))
    for threshold, nearer in ((0.2, 0.2), (0.2, 0.0), (0.0, -0.4)):
        decided = [
            judge_many([("a", a), ("b", b)], threshold=threshold, margin_from=nearer).outcome is Outcome.MATCH
            for a, b in zip(first.tolist(), second.tolist(), strict=True)
        ]
        assert some.matched(threshold, nearer).tolist() == decided


def test_the_best_of_a_gallery_is_right_where_it_is_the_person_s_own() -> None:
    vectors = np.eye(4, dtype=np.float32)[[0, 1, 2, 0, 1]]
    people = np.array([0, 1, 2, 0, 2], np.int32)
    found = probes(vectors, people, gallery=np.array([0, 1, 2]), rows=np.array([3, 4]))
    assert found.is_right.tolist() == [True, False]
    assert (found.first.tolist(), found.second.tolist()) == ([1.0, 1.0], [0.0, 0.0])
    assert found.weight.tolist() == [0.5, 0.5]
