"""Exact intervals against values that can be looked up or written down."""

import math

import pytest

from visavis.evaluate.binomial import counted_share

KNOWN = [
    (1, 10, 0.0025286, 0.4450161),
    (5, 100, 0.0164319, 0.1128349),
    (50, 100, 0.3983211, 0.6016789),
    (8, 20, 0.1911901, 0.6394574),
]
"""Errors, trials and the ends, as R's binom.test gives them."""


@pytest.mark.parametrize(("errors", "trials", "low", "high"), KNOWN)
def test_known_intervals(errors: int, trials: int, low: float, high: float) -> None:
    found = counted_share(errors, trials)
    assert (found.low, found.high) == pytest.approx((low, high), abs=2e-6)
    assert found.value == errors / trials


@pytest.mark.parametrize("trials", [1, 7, 100, 3000])
def test_none_and_all_have_ends_that_can_be_written_down(trials: int) -> None:
    """No error in n trials: 1 - 0.025 ** (1 / n)."""
    none, every = counted_share(0, trials), counted_share(trials, trials)
    assert (none.low, every.high) == (0.0, 1.0)
    assert none.high == pytest.approx(1 - 0.025 ** (1 / trials), rel=1e-9)
    assert every.low == pytest.approx(0.025 ** (1 / trials), rel=1e-9)


@pytest.mark.parametrize(("errors", "trials"), [(3, 40), (17, 60), (120, 900), (899, 900)])
def test_each_end_leaves_a_fortieth_beyond_it(errors: int, trials: int) -> None:
    """Summed directly: what the ends mean."""
    found = counted_share(errors, trials)

    def chance(p: float, counts: range) -> float:
        return math.fsum(math.comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in counts)

    assert chance(found.low, range(errors, trials + 1)) == pytest.approx(0.025, rel=1e-6)
    assert chance(found.high, range(errors + 1)) == pytest.approx(0.025, rel=1e-6)


def test_errors_and_the_others_mirror_each_other() -> None:
    found, other = counted_share(11, 90), counted_share(79, 90)
    assert (found.low, found.high) == pytest.approx((1 - other.high, 1 - other.low), rel=1e-9)
