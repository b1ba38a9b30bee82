"""Groups: a planted difference is found, equal groups show none, and small ones are not told."""

import numpy as np
import pytest
from support.planted import templates

from visavis.evaluate.comparisons import compare_all
from visavis.evaluate.doubt import Figure
from visavis.evaluate.groups import InGroup, largest_ratios, measure_groups
from visavis.evaluate.rates import Rates


def test_a_group_whose_photos_are_worse_misses_more() -> None:
    good, whose = templates(80, 4, noise=0.8, seed=1)
    bad, others = templates(80, 4, noise=1.4, seed=2)
    vectors, people = np.concatenate([good, bad]), np.concatenate([whose, others + 80])
    group = (people >= 80).astype(np.int64)
    threshold = Rates.of(compare_all(vectors, people)).threshold_at(1e-2)
    groups = measure_groups(vectors, people, group, thresholds=[threshold], seed=0, draws=60)
    assert [(one.place, one.people, one.photos, one.mated) for one in groups] == [(0, 80, 320, 480), (1, 80, 320, 480)]
    better, worse = groups[0].fnmr[0], groups[1].fnmr[0]
    assert better is not None
    assert worse is not None
    assert better.high < worse.low
    (ratio,) = largest_ratios(groups, 1)
    assert ratio.fmr is not None
    assert ratio.fmr.low == 1
    assert ratio.fnmr is None, "the better group has too few misses to say by how much it is better"


def test_photos_of_two_groups_are_not_compared() -> None:
    vectors, people = templates(40, 2, noise=0.8)
    group = np.tile([0, 1], 40)  # everybody has one photo in each
    assert measure_groups(vectors, people, group, thresholds=[0.3], seed=0, draws=5) == []


def test_small_groups_and_photos_without_one_are_left_out() -> None:
    vectors, people = templates(40, 2, noise=0.8)
    group = np.where(people < 9, 0, np.where(people < 30, 1, -1))
    (one,) = measure_groups(vectors, people, group, thresholds=[0.3, 0.4], seed=0, draws=5)
    assert (one.place, one.people, len(one.fmr)) == (1, 21, 2)


def test_misses_of_few_people_are_not_told() -> None:
    vectors, people = templates(30, np.array([2] * 9 + [1] * 21), noise=0.8)
    (one,) = measure_groups(vectors, people, np.zeros(39, np.int64), thresholds=[0.3], seed=0, draws=5)
    assert one.fmr[0] is not None
    assert one.fnmr == (None,)


def ratio_of(*rates: Figure | None) -> Figure | None:
    groups = [InGroup(0, 1, 1, 1, 1, fmr=(one,), fnmr=(Figure(0.0, 0.0, 1.0, 0),)) for one in rates]
    return largest_ratios(groups, 1)[0].fmr


def test_the_largest_ratio_is_told_with_the_widest_ends_or_not_at_all() -> None:
    one, two, three = Figure(0.01, 0.008, 0.012, 90), Figure(0.02, 0.015, 0.03, 60), Figure(0.04, 0.03, 0.05, 40)
    found = ratio_of(two, one, three)
    assert found is not None
    assert found.value == pytest.approx(4)
    assert found.low == pytest.approx(0.03 / 0.012)
    assert found.high == pytest.approx(0.05 / 0.008)
    assert ratio_of(one) is None
    assert ratio_of(one, Figure(0.04, 0.03, 0.05, 29)) is None
    assert ratio_of(one, Figure(0.0, 0.0, 0.05, 0)) is None
    assert ratio_of(one, None) is None
