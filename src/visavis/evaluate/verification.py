"""1:1: what a set tells of false matches and of misses, each with its doubt, and where it tells nothing.

A false match rate is spoken of down to three by the number of pairs of people (rule of three): below it a set without
a single error would be no evidence. The interval of the misses at a false match rate is over people *and* over the
threshold, which is found anew in each draw.
"""

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.evaluate.comparisons import Comparisons
from visavis.evaluate.doubt import DRAWS, Figure, over_people, rule_of_three
from visavis.evaluate.rates import BelowKept, Rates, Weighing

FMRS: Final = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
"""The rates of the table."""
CURVE: Final = tuple(float(f"{10 ** (-tenth / 10):.3g}") for tenth in range(10, 61))
"""The rates of the detection error trade-off, from 1e-1 to 1e-6, ten a decade."""
_DRAWN_UPTO: Final = 2e-2
"""Comparisons beyond are left out of the draws: 400 draws of 2.8 million would take a minute."""
_LARGE: Final = 500_000
"""Comparisons up to which nothing is left out."""


@dataclass(frozen=True, slots=True)
class AtFmr:
    """What a threshold costs that at most the share ``asked`` of non-mated comparisons reach."""

    asked: float
    threshold: float
    fmr: Figure
    """At that threshold."""
    fnmr: Figure
    """At that rate: in each draw the threshold is found anew."""


@dataclass(frozen=True, slots=True)
class Verification:
    """The figures with one weighing. ``eer`` is None where the rates cross among comparisons that were not kept."""

    weighing: Weighing
    eer: Figure | None
    at: tuple[AtFmr, ...]
    """Those of the table that the set can tell; the others are not known."""
    curve: tuple[AtFmr, ...]


def verification(found: Comparisons, *, weighing: Weighing, seed: int, draws: int = DRAWS) -> Verification:
    """Measure, and draw people anew.

    :param found: every comparison of a set.
    """
    rates = Rates.of(found, weighing=weighing)
    eer = _eer(rates)
    asked = [fmr for fmr in CURVE if fmr >= lowest_known(found) and _threshold(rates, fmr) is not None]
    thresholds = [rates.threshold_at(fmr) for fmr in asked]
    near = _upto(found, rates, max(_DRAWN_UPTO, 3 * (0.0 if math.isnan(eer) else eer)))

    def statistic(drawn: NDArray[np.int64]) -> list[float]:
        again = Rates.of(near, weighing=weighing, drawn=drawn)
        return [
            _eer(again),
            *(again.fmr_at(t) if t >= near.kept_from else math.nan for t in thresholds),
            *(_missed(again, fmr) for fmr in asked),
        ]

    low, high = over_people(statistic, people=found.people, seed=seed, draws=draws)
    told = []
    for place, (fmr, threshold) in enumerate(zip(asked, thresholds, strict=True)):
        wrong, missed = 1 + place, 1 + len(asked) + place
        told.append(
            AtFmr(
                fmr,
                threshold,
                fmr=figure_of(
                    rates.fmr_at(threshold),
                    (low[wrong], high[wrong]),
                    errors=int(np.count_nonzero(found.non_mated >= np.float32(threshold))),
                    trials=people_pairs(found),
                ),
                fnmr=figure_of(
                    rates.fnmr_at(threshold),
                    (low[missed], high[missed]),
                    errors=int(np.count_nonzero(found.mated < np.float32(threshold))),
                    trials=len(np.unique(found.owner)),
                ),
            )
        )
    crossing = None if math.isnan(eer) else figure_of(eer, (low[0], high[0]))
    return Verification(weighing, crossing, tuple(one for one in told if one.asked in FMRS), tuple(told))


def figure_of(
    value: float, ends: tuple[float, float], *, errors: int | None = None, trials: int | None = None
) -> Figure:
    """A rate with an interval that holds it, which the rule of three ends where no error was seen.

    :param ends: as people drawn anew gave them; nan where they gave none.
    :param trials: independent ones, for the rule of three.
    """
    low, high = (value if math.isnan(end) else float(end) for end in ends)
    if errors == 0 and trials:
        high = max(high, rule_of_three(trials))
    return Figure(value, min(low, value), max(high, value), errors)


def people_pairs(found: Comparisons) -> int:
    """How many pairs of two people there are."""
    return found.people * (found.people - 1) // 2


def lowest_known(found: Comparisons) -> float:
    """The false match rate below which nothing is said (rule of three over pairs of people)."""
    return rule_of_three(people_pairs(found))


def _upto(found: Comparisons, rates: Rates, fmr: float) -> Comparisons:
    """The set without the comparisons beyond a rate, if they are many."""
    cut = int(np.searchsorted(rates.non_mated_upto, fmr))
    if len(found.non_mated) <= _LARGE or cut >= len(found.non_mated):
        return found
    cut = max(cut, _LARGE)
    return replace(
        found,
        non_mated=found.non_mated[:cut],
        first=found.first[:cut],
        second=found.second[:cut],
        kept_from=float(found.non_mated[cut - 1]),
    )


def _eer(rates: Rates) -> float:
    try:
        return rates.eer()
    except BelowKept:
        return math.nan


def _threshold(rates: Rates, fmr: float) -> float | None:
    try:
        return rates.threshold_at(fmr)
    except BelowKept:
        return None


def _missed(rates: Rates, fmr: float) -> float:
    threshold = _threshold(rates, fmr)
    return math.nan if threshold is None else rates.fnmr_at(threshold)
