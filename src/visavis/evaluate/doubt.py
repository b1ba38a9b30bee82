"""How sure a figure is: people drawn anew, and the rules of three and of thirty."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

DRAWS: Final = 200
SURE: Final = 0.95
"""Share of draws inside an interval."""
THIRTY: Final = 30
"""Errors from which a rate is within 30 % of the true one with 90 % certainty (ISO/IEC 19795-1, rule of thirty)."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A rate with its interval. ``errors`` is how many comparisons or searches stand behind it, if errors they are."""

    value: float
    low: float
    high: float
    errors: int | None = None

    @property
    def is_thin(self) -> bool:
        """Fewer errors than the rule of thirty wants."""
        return self.errors is not None and self.errors < THIRTY


def rule_of_three(trials: float) -> float:
    """The highest rate that none of so many independent trials leaves possible with 95 % certainty.

    :param trials: more than 0. Source: ISO/IEC 19795-1, rule of three.
    """
    return min(1.0, 3.0 / trials)


def over_people(
    statistic: Callable[[NDArray[np.int64]], Sequence[float]], *, people: int, seed: int, draws: int = DRAWS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The interval of each number that ``statistic`` tells, by drawing people anew with replacement.

    Photos of one person are alike and pairs that share a person too, so photos or pairs drawn anew would give intervals
    that are far too narrow. The statistic is told how often each person was drawn, shape (people,); a number that a
    draw cannot tell is nan and left out.

    :returns: lower and upper ends, each of the statistic's length; nan where less than half of the draws could tell.
    """
    random = np.random.default_rng(seed)
    told = np.array([statistic(_drawn(random, people)) for _ in range(draws)], dtype=np.float64)
    tail = (1 - SURE) / 2
    ends = np.full((2, told.shape[1]), math.nan)
    for place, column in enumerate(told.T):
        known = column[~np.isnan(column)]
        if 2 * len(known) >= draws:
            ends[:, place] = np.quantile(known, [tail, 1 - tail])
    return ends[0], ends[1]


def _drawn(random: np.random.Generator, people: int) -> NDArray[np.int64]:
    return np.bincount(random.integers(people, size=people), minlength=people)
