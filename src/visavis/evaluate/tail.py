"""False match rates beyond those that were seen often: a generalised Pareto tail fitted to the highest scores.

Above a high enough score, what exceeds it follows a generalised Pareto distribution whatever the scores' own one
(Pickands 1975; Balkema and de Haan 1974). It is fitted by probability-weighted moments (Hosking and Wallis 1987,
Technometrics 29), which need no search and stay calm with few exceedances. ISO/IEC 5152:2024 takes the same road for
FMR; it leaves FPIR out.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from visavis.evaluate.rates import BelowKept, Rates

FEWEST: Final = 100
"""Exceedances below which no tail is fitted: with less the shape is a guess."""


class TailTooThin(ValueError):
    """Too few high scores to speak of what lies beyond them."""


@dataclass(frozen=True, slots=True)
class Tail:
    """False match rates from ``location`` on: ``rate * (1 + shape * (score - location) / scale) ** (-1 / shape)``.

    ``rate`` is the share of non-mated comparisons above ``location``; a negative ``shape`` ends the tail at a highest
    score. Scores are cosines.
    """

    location: float
    rate: float
    scale: float
    shape: float

    def fmr_at(self, score: float) -> float:
        """The rate of ``score``, which lies at or above ``location``."""
        beyond = (score - self.location) / self.scale
        if abs(self.shape) < 1e-9:  # noqa: PLR2004 -- its limit: the exponential distribution
            return self.rate * math.exp(-beyond)
        inner = 1 + self.shape * beyond
        return 0.0 if inner <= 0 else self.rate * math.pow(inner, -1 / self.shape)

    def score_at(self, fmr: float) -> float:
        """The score of a rate, 0 < ``fmr`` <= ``rate``."""
        if abs(self.shape) < 1e-9:  # noqa: PLR2004 -- as above
            return self.location + self.scale * math.log(self.rate / fmr)
        return self.location + self.scale / self.shape * (math.pow(fmr / self.rate, -self.shape) - 1)


def fit_tail(rates: Rates, *, above: float) -> Tail:
    """The tail of the non-mated scores that the share ``above`` of all comparisons reach.

    :raises TailTooThin: fewer than a hundred reach it, or they are all the same.
    :raises BelowKept: so many were not kept.
    """
    count = int(np.searchsorted(rates.non_mated_upto, above, side="right"))
    if count == len(rates.non_mated):
        raise BelowKept(f"A rate of {above:.3g} lies among comparisons that were not kept.")
    weights = np.diff(rates.non_mated_upto[:count], prepend=0.0)
    behind = int(np.count_nonzero(weights))
    if behind < FEWEST:
        raise TailTooThin(f"{behind} comparisons reach a rate of {above:.3g}; a tail needs {FEWEST}.")
    location, rate = float(rates.non_mated[count]), float(rates.non_mated_upto[count - 1])
    exceeding = rates.non_mated[:count].astype(np.float64) - location
    share = weights / weights.sum()
    above_it = np.cumsum(share) - share / 2  # the share of exceedances above each, which falls with the score
    whole, weighted = float(share @ exceeding), float(share @ (exceeding * above_it))
    if not whole > 2 * weighted > 0:
        raise TailTooThin("The highest scores are all the same.")
    shape = (whole - 4 * weighted) / (whole - 2 * weighted)
    return Tail(location, rate, whole * (1 - shape), shape)
