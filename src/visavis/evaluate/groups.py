"""Error rates within groups of people, at one threshold for all (ISO/IEC 19795-10: differentials in performance)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visavis.evaluate.comparisons import Comparisons, TooFewPeople, compare_all
from visavis.evaluate.doubt import DRAWS, Figure, over_people
from visavis.evaluate.rates import Rates
from visavis.evaluate.verification import figure_of, people_pairs
from visavis.model.evaluation import FEWEST_PEOPLE


@dataclass(frozen=True, slots=True)
class InGroup:
    """One group at each threshold.

    ``fmr`` has None where so many comparisons reach it that they were not all kept, ``fnmr`` where fewer than ten
    people have two photos.
    """

    place: int
    people: int
    photos: int
    mated: int
    non_mated: int
    fmr: tuple[Figure | None, ...]
    fnmr: tuple[Figure | None, ...]


@dataclass(frozen=True, slots=True)
class Ratio:
    """The largest rate of a group by the smallest, at one threshold; None where a group had too few errors to tell."""

    fmr: Figure | None
    fnmr: Figure | None


def measure_groups(
    vectors: NDArray[np.float32],
    people: NDArray[np.int32],
    group: NDArray[np.int64],
    *,
    thresholds: Sequence[float],
    seed: int,
    draws: int = DRAWS,
) -> list[InGroup]:
    """False matches and misses among the photos of each group; photos of two groups are not compared.

    :param vectors: unit templates, shape (photos, dimension). :param people: the person of each. :param group: the
        number of the group of each, -1 for none.
    :returns: the groups of which something may and can be told, in their order.
    """
    found = []
    for place in range(int(group.max(initial=-1)) + 1):
        own = group == place
        whose = np.unique(people[own], return_inverse=True)[1].astype(np.int32)
        if not own.any() or int(whose.max()) + 1 < FEWEST_PEOPLE:
            continue
        try:
            compared = compare_all(vectors[own], whose)
        except TooFewPeople:  # nobody in it has two photos
            continue
        found.append(_measured(place, compared, thresholds=thresholds, seed=seed, draws=draws))
    return found


def largest_ratios(groups: Sequence[InGroup], thresholds: int) -> list[Ratio]:
    """The largest ratio between two groups at each threshold, of those whose rates stand on thirty errors."""
    return [
        Ratio(_ratio([one.fmr[place] for one in groups]), _ratio([one.fnmr[place] for one in groups]))
        for place in range(thresholds)
    ]


def _measured(place: int, found: Comparisons, *, thresholds: Sequence[float], seed: int, draws: int) -> InGroup:
    def statistic(drawn: NDArray[np.int64] | None) -> list[float]:
        rates = Rates.of(found, drawn=drawn)
        wrong = [rates.fmr_at(t) if t >= found.kept_from else math.nan for t in thresholds]
        return [*wrong, *(rates.fnmr_at(t) for t in thresholds)]

    value = statistic(None)
    low, high = over_people(statistic, people=found.people, seed=seed + place, draws=draws)
    count = len(thresholds)
    members = len(np.unique(found.owner))
    fmr: list[Figure | None] = []
    fnmr: list[Figure | None] = []
    for at, threshold in enumerate(thresholds):
        wrong = int(np.count_nonzero(found.non_mated >= np.float32(threshold)))
        missed = int(np.count_nonzero(found.mated < np.float32(threshold)))
        is_known = not math.isnan(value[at])
        wrongly = figure_of(value[at], (low[at], high[at]), errors=wrong, trials=people_pairs(found))
        fmr.append(wrongly if is_known else None)
        ends = low[count + at], high[count + at]
        missing = figure_of(value[count + at], ends, errors=missed, trials=members)
        fnmr.append(missing if members >= FEWEST_PEOPLE else None)
    return InGroup(
        place,
        people=found.people,
        photos=int(found.photos.sum()),
        mated=found.mated_pairs,
        non_mated=found.non_mated_pairs,
        fmr=tuple(fmr),
        fnmr=tuple(fnmr),
    )


def _ratio(rates: Sequence[Figure | None]) -> Figure | None:
    """The ends are the widest that the two groups' intervals leave."""
    told = [rate for rate in rates if rate is not None and not rate.is_thin and rate.value > 0]
    if len(told) < 2 or len(told) < len(rates):  # noqa: PLR2004 -- a ratio of two
        return None
    most, least = max(told, key=lambda one: one.value), min(told, key=lambda one: one.value)
    low = max(1.0, most.low / least.high)
    high = most.high / least.low if least.low > 0 else math.inf
    return Figure(most.value / least.value, low, high, min(one.errors or 0 for one in told))
