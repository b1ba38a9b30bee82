"""Drift, on planted distributions: what the calibration explains raises nothing, what it does not is found."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from visavis.decide.drift import (
    ALARM,
    CALM,
    FEWEST_PEOPLE,
    TAIL,
    WINDOW,
    Draw,
    Tail,
    at_least,
    draw_of_others,
    draw_of_own,
    is_alarm,
)
from visavis.model.calibration import Calibration, CalibrationPoint, Misses, MissPoint

OTHERS, OWN = NormalDist(0.05, 0.09), NormalDist(0.70, 0.12)
"""How the scores of two people, and of one person's two photos, are planted."""
RATES = [10 ** (-at / 10) for at in range(10, 56)]
WINDOWS = 1_000


def planted() -> Calibration:
    """What measuring the planted scores gives, with a band a tenth wide."""
    points = [CalibrationPoint(rate, OTHERS.inv_cdf(1 - rate), 0.9 * rate, 1.1 * rate) for rate in RATES]
    misses = tuple(
        MissPoint(p.threshold, OWN.cdf(p.threshold), 0.9 * OWN.cdf(p.threshold), 1.1 * OWN.cdf(p.threshold))
        for p in [*points, CalibrationPoint(1e-9, 0.55, 0, 1)]
    )
    return Calibration("m", tuple(points), RATES[-1], 3_000, (Misses(1, 900, misses),))


CARD = planted()


def bar_of(fpir: float, references: int) -> float:
    return CARD.threshold_at(-math.expm1(math.log1p(-fpir) / references))


def alarms(windows: NDArray[np.bool_], share: float, tail: Tail) -> int:
    """In how many windows there is one; a row is one, and says who is in the tail."""
    draws = (Draw(is_in_tail=False, share=share), Draw(is_in_tail=True, share=share))
    return sum(is_alarm([draws[x] for x in row], tail=tail, was_alarm=False) for row in windows.astype(int).tolist())


def best_of(references: int, *, below: float, shift: float = 0.0) -> list[float]:
    """The best scores of a window of people with so many strangers, who are all below the bar."""
    rng = np.random.default_rng(references)
    found: list[float] = []
    while len(found) < WINDOW:
        best = OTHERS.inv_cdf(float(rng.random()) ** (1 / references)) + shift
        found += [best] if best < below else []
    return found


@pytest.mark.parametrize(("fpir", "references"), [(0.01, 100), (0.01, 1_000), (0.1, 1_000), (0.1, 5_000)])
def test_strangers_as_the_calibration_has_them_raise_nothing_and_nearer_ones_do(fpir: float, references: int) -> None:
    bar = bar_of(fpir, references)
    for shift, expected in ((0.0, False), (0.05, True)):
        scores = best_of(references, below=bar, shift=shift)
        found = [draw_of_others(score, bar=bar, references=references, calibration=CARD) for score in scores]
        draws = [one for one in found if one is not None]
        assert len(draws) == WINDOW
        seen = sum(one.is_in_tail for one in draws) / WINDOW
        assert seen > 0.2 if expected else abs(seen - TAIL) < 0.04
        assert TAIL < draws[0].share < 1.6 * TAIL
        assert is_alarm(draws, tail=Tail.OTHERS, was_alarm=False) is expected


@pytest.mark.parametrize("people", [FEWEST_PEOPLE, WINDOW])
def test_no_window_of_a_thousand_alarms_even_at_the_end_of_the_band(people: int) -> None:
    rng = np.random.default_rng(5)
    for tail, share in ((Tail.OWN, 0.12), (Tail.OTHERS, 0.09)):
        assert alarms(rng.random((WINDOWS, people)) < share, share, tail) == 0
        # Each two of the others come together: who is near somebody has that somebody near.
        pairs = np.repeat(rng.random((WINDOWS, people // 2)) < share, 2, axis=1)
        assert tail is Tail.OWN or alarms(pairs, share, tail) == 0


def test_faces_less_like_their_references_raise_an_alarm() -> None:
    rng = np.random.default_rng(7)
    bar = bar_of(0.01, 300)
    level = CARD.misses[0].points[-1].threshold
    usual, worse = (rng.normal(OWN.mean - shift, OWN.stdev, 2_000) for shift in (0, 0.1))
    for scores, expected in ((usual, False), (worse, True)):
        draws = [draw_of_own(float(score), bar=bar, calibration=CARD) for score in scores[scores >= bar][:WINDOW]]
        found = [one for one in draws if one is not None]
        assert len(found) == WINDOW
        assert [one.is_in_tail for one in found] == [bool(score < level) for score in scores[scores >= bar][:WINDOW]]
        assert is_alarm(found, tail=Tail.OWN, was_alarm=False) is expected


def test_the_share_below_the_level_is_that_of_misses_with_every_doubt_against_the_alarm() -> None:
    bar = bar_of(0.01, 300)
    one = draw_of_own(0.6, bar=bar, calibration=CARD)
    level, missed = CARD.misses[0].points[-1], CARD.fnmr_at(bar)
    assert one is not None
    assert one.share == pytest.approx((level.high - missed.low) / (1 - missed.high))
    assert one.share > (level.fnmr - missed.value) / (1 - missed.value)


def test_where_the_calibration_knows_nothing_nothing_is_said() -> None:
    level = CARD.misses[0].points[-1].threshold
    assert draw_of_own(0.9, bar=level, calibration=CARD) is None
    assert draw_of_others(0.3, bar=0.99, references=10, calibration=CARD) is None
    assert draw_of_others(0.1, bar=0.15, references=10, calibration=CARD) is None


def test_where_somebody_reaches_the_bar_for_certain_there_is_no_tail() -> None:
    """From some size on the chance that one of so many does rounds to one, in which no tail is left."""
    bar = CARD.points[0].threshold
    sizes = range(50, 1_000, 10)
    draws = [draw_of_others(bar - 0.01, bar=bar, references=size, calibration=CARD) for size in sizes]
    assert draws[-1] is None
    first = draws.index(None)
    assert first > 0
    assert set(draws[first:]) == {None}
    assert all(one is not None and one.share <= 1 for one in draws[:first])


def test_of_few_people_nothing_is_said_and_an_alarm_ends_only_where_it_is_calm() -> None:
    few = [Draw(is_in_tail=True, share=0.1)] * (FEWEST_PEOPLE - 1)
    assert not is_alarm(few, tail=Tail.OWN, was_alarm=False)
    assert is_alarm([*few, few[0]], tail=Tail.OWN, was_alarm=False)

    def draws(found: int) -> list[Draw]:
        return [Draw(at < found, 0.1) for at in range(200)]

    begins = next(found for found in range(200) if at_least(found, of=200, share=0.1) < ALARM)
    ends = next(found for found in range(200) if at_least(found, of=200, share=0.1) < CALM)
    assert ends < begins
    assert not is_alarm(draws(begins - 1), tail=Tail.OWN, was_alarm=False)
    assert is_alarm(draws(begins), tail=Tail.OWN, was_alarm=False)
    assert is_alarm(draws(ends), tail=Tail.OWN, was_alarm=True)
    assert not is_alarm(draws(ends - 1), tail=Tail.OWN, was_alarm=True)


@given(of=st.integers(1, 400), found=st.integers(0, 400), share=st.floats(0.001, 0.999))
def test_the_upper_tail_of_the_binomial_is_exact(of: int, found: int, share: float) -> None:
    exact = math.fsum(math.comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(min(found, of + 1), of + 1))
    assert at_least(found, of=of, share=share) == pytest.approx(exact, rel=1e-6, abs=1e-100)


def test_the_ends_of_the_binomial() -> None:
    assert at_least(0, of=10, share=0.0) == 1
    assert at_least(1, of=10, share=0.0) == 0
    assert at_least(10, of=10, share=1.0) == 1
    assert at_least(11, of=10, share=0.5) == 0


def test_the_arithmetic_of_false_alarms_is_that_of_the_docstring() -> None:
    looks_a_year = 365 * 2_000 / 10
    assert looks_a_year * len(Tail) * ALARM == pytest.approx(0.146)
