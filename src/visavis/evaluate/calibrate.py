"""What a model card tells of its model's scores: false match rates, misses and what cannot be promised.

Every person weighs the same. Down to where thirty pairs of people stand behind a rate it is measured; below, it is
that of a generalised Pareto tail (ISO/IEC 5152:2024 takes this road for FMR). The band of each is found by drawing
people anew, with the tail fitted again in each draw.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.evaluate.comparisons import Comparisons
from visavis.evaluate.doubt import DRAWS, THIRTY, over_people, rule_of_three
from visavis.evaluate.rates import BelowKept, Rates
from visavis.evaluate.several import Mated
from visavis.evaluate.tail import Tail, TailTooThin, fit_tail
from visavis.model.calibration import CalibrationTooSmall

TAIL_ABOVE: Final = 1e-3
"""Share of comparisons to which the tail is fitted, where people-pairs enough stand behind it; reason in the file."""
FEWEST_BEHIND_TAIL: Final = 100
FEWEST_PEOPLE: Final = 100
"""Below, the rule of three leaves no FPIR under 3 %, and people drawn anew say little."""
FACTOR: Final = 3.0
"""A rate may be promised while the upper end of its band is at most this many times it."""
MOST_LENIENT: Final = 10
STRICTEST: Final = 90
"""Tenths of a decade, from 1e-1 to 1e-9."""


@dataclass(frozen=True, slots=True)
class ImpostorCurve:
    """False match rates at thresholds, most lenient first; all arrays have one row a threshold.

    ``is_measured`` tells which were counted; the others are the tail's. ``floor`` is the lowest rate whose band is
    narrow enough and that the number of people bears.
    """

    fmr: NDArray[np.float64]
    threshold: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    is_measured: NDArray[np.bool_]
    tail: Tail | None
    floor: float
    people: int


def impostor_curve(
    found: Comparisons, *, seed: int, draws: int = DRAWS, told: Callable[[], None] = lambda: None
) -> ImpostorCurve:
    """The false match rates that non-mated comparisons bear out, with bands.

    :param told: called after each draw of people.
    :raises CalibrationTooSmall: fewer than a hundred people, or no rate from 1e-2 down can be told.
    """
    if found.people < FEWEST_PEOPLE:
        raise CalibrationTooSmall(f"There are {found.people} people; {FEWEST_PEOPLE} are the least.")
    rates = Rates.of(found)
    behind = _people_pairs(found)
    fmr, threshold, above, tail = _thresholds(rates, behind=behind, people=found.people)
    is_measured = fmr >= behind.rate_of(THIRTY)

    def statistic(drawn: NDArray[np.int64]) -> list[float]:
        told()
        again = Rates.of(found, drawn=drawn)
        return [*_counted(again, threshold), *_by_tail(again, threshold[~is_measured], above=above)]

    low, high = over_people(statistic, people=found.people, seed=seed, draws=draws)
    counted, strict = len(fmr), ~is_measured
    # What was counted beyond the tail's own band is no less true for being little: wrong labels, or people alike.
    high[:counted][strict] = np.fmax(high[:counted][strict], high[counted:])
    low[:counted][strict] = low[counted:]
    low, high = np.fmin(np.nan_to_num(low[:counted]), fmr), np.fmax(np.nan_to_num(high[:counted], nan=1.0), fmr)
    return ImpostorCurve(
        fmr, threshold, low, high, is_measured, tail, _floor(fmr, high, people=found.people), found.people
    )


def calibration_fields(
    found: Comparisons,
    *,
    model_id: str,
    model_sha256: str,
    data: str,
    seed: int,
    limits: str = "",
    several: Mated | None = None,
    draws: int = DRAWS,
    remarks: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """The JSON of a model card's calibration (docs/reference/model-cards.md).

    :param found: comparisons of at least a hundred people, thirty of them with two photos or more.
    :param data: what was measured on, in words. :param limits: what it does not show, in words.
    :param several: probes against three photos of their person together, if they are to be told.
    :param remarks: fields that say more about the data, such as how many photos had no face.
    :raises CalibrationTooSmall: the set says too little.
    """
    curve = impostor_curve(found, seed=seed, draws=draws)
    once = Mated.one_photo(found)
    told = [once] if several is None else [once, several]
    return {
        "model_id": model_id,
        "model_sha256": model_sha256,
        "data": data,
        **(remarks or {}),
        "people": found.people,
        "mated": found.mated_pairs,
        "non_mated": found.non_mated_pairs,
        "weighing": "people",
        "fmr_floor": curve.floor,
        "fmr_floor_reason": _floor_reason(curve),
        "fpir_floor": float(f"{rule_of_three(found.people):.3g}"),
        "fpir_floor_reason": (
            f"False positives gather on few strangers, so the rule of three (ISO/IEC 19795-1) is taken over people: "
            f"{found.people} of them cannot rule out a share below 3/{found.people}."
        ),
        "limits": limits,
        "tail": _tail_fields(curve),
        "points": [
            {
                "fmr": float(fmr),
                "threshold": float(threshold),
                "low": _three(low, up=False),
                "high": _three(high, up=True),
                "from": "counted" if measured else "tail",
            }
            for fmr, threshold, low, high, measured in zip(
                curve.fmr, curve.threshold, curve.low, curve.high, curve.is_measured, strict=True
            )
        ],
        "misses": [_misses(each, curve.threshold, seed=seed, draws=draws) for each in told],
    }


@dataclass(frozen=True, slots=True)
class _Behind:
    """How many pairs of people stand behind each of the listed rates, strictest last."""

    rates: NDArray[np.float64]
    pairs: NDArray[np.float64]

    def rate_of(self, pairs: float) -> float:
        """The lowest listed rate behind which at least so many stand, and all more lenient ones have; 1: none."""
        enough = self.pairs >= pairs
        last = len(enough) if enough.all() else int(np.argmin(enough))
        return float(self.rates[last - 1]) if last else 1.0


def _people_pairs(found: Comparisons) -> _Behind:
    """Effective pairs of people (Kish: the square of the sum of weights by the sum of squares) at each listed rate.

    A pair of people who have many photos each puts only few of them beyond a high score; counted as one it would claim
    more evidence than there is.
    """
    rates = Rates.of(found)
    listed = _listed()
    each = 1.0 / (found.photos[found.first] * found.photos[found.second])
    pair = np.minimum(found.first, found.second).astype(np.int64) * found.people + np.maximum(found.first, found.second)
    _, pair = np.unique(pair, return_inverse=True)
    whole, squares = np.zeros(len(listed)), np.zeros(len(listed))
    weight = np.zeros(int(pair.max()) + 1 if len(pair) else 1)
    start, upto = 0, np.searchsorted(rates.non_mated_upto, listed * (1 + 1e-12), side="right")
    for place in range(len(listed) - 1, -1, -1):  # from few to many: each step adds what lies between two rates
        more = slice(start, int(upto[place]))
        weight += np.bincount(pair[more], each[more], minlength=len(weight))
        whole[place], squares[place] = weight.sum(), weight @ weight
        start = int(upto[place])
    return _Behind(listed, whole**2 / np.maximum(squares, np.finfo(float).tiny))


def _thresholds(
    rates: Rates, *, behind: _Behind, people: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], float, Tail | None]:
    """Listed rates with their thresholds, counted while thirty pairs of people stand behind them, then the tail's."""
    lowest = rule_of_three(people * (people - 1) / 2)
    counted_to = behind.rate_of(THIRTY)
    above = max(TAIL_ABOVE, behind.rate_of(FEWEST_BEHIND_TAIL))
    try:
        tail = fit_tail(rates, above=above)
    except (TailTooThin, BelowKept):
        tail = None
    kept: list[tuple[float, float]] = []
    for fmr in _listed():
        if fmr < lowest or (fmr < counted_to and (tail is None or fmr > tail.rate)):
            break
        try:
            at = rates.threshold_at(fmr) if fmr >= counted_to or tail is None else _up(tail.score_at(fmr))
        except BelowKept:
            continue
        at = max(at, kept[-1][1] if kept else -1.0)
        if not -1 <= at <= 1:
            break
        kept.append((float(fmr), at))
    if len(kept) < 2 or kept[-1][0] > 1e-2:  # noqa: PLR2004 -- a line has two ends; a rate of one in a hundred
        raise CalibrationTooSmall("The comparisons do not tell a false match rate of one in a hundred.")
    fmr, threshold = np.array(kept).T
    return fmr, threshold, above, tail


def _counted(rates: Rates, thresholds: NDArray[np.float64]) -> list[float]:
    return [rates.fmr_at(threshold) for threshold in thresholds]


def _by_tail(rates: Rates, thresholds: NDArray[np.float64], *, above: float) -> list[float]:
    if not len(thresholds):
        return []
    try:
        tail = fit_tail(rates, above=above)
    except (TailTooThin, BelowKept):
        return [math.nan] * len(thresholds)
    return [tail.fmr_at(max(threshold, tail.location)) for threshold in thresholds]


def _floor(fmr: NDArray[np.float64], high: NDArray[np.float64], *, people: int) -> float:
    """The lowest rate down to which every band ends within the factor.

    :raises CalibrationTooSmall: that is not even one in a hundred.
    """
    sure = (high <= FACTOR * fmr) & (fmr >= rule_of_three(people * (people - 1) / 2))
    last = len(sure) if sure.all() else int(np.argmin(sure))
    if not last or fmr[last - 1] > 1e-2:  # noqa: PLR2004 -- one in a hundred
        raise CalibrationTooSmall("A false match rate of one in a hundred cannot be told within a factor of three.")
    return float(fmr[last - 1])


def _floor_reason(curve: ImpostorCurve) -> str:
    pairs = curve.people * (curve.people - 1) // 2
    return (
        f"The lowest rate whose band (95 %, people drawn anew) ends within {FACTOR:g} times of it. It is never below "
        f"{3 / pairs:.1e}, the rule of three over {pairs} pairs of people: the photos of a pair are not independent."
    )


def _tail_fields(curve: ImpostorCurve) -> dict[str, object] | None:
    if curve.tail is None:
        return None
    return {
        "above": float(f"{curve.tail.rate:.3g}"),
        "location": round(curve.tail.location, 4),
        "scale": round(curve.tail.scale, 4),
        "shape": round(curve.tail.shape, 4),
        "counted_to": float(curve.fmr[curve.is_measured].min()) if curve.is_measured.any() else None,
    }


def _misses(probes: Mated, thresholds: NDArray[np.float64], *, seed: int, draws: int) -> dict[str, object]:
    """Misses at each threshold, every person weighing the same.

    :raises CalibrationTooSmall: fewer than thirty people could be missed.
    """
    if probes.people < THIRTY:
        raise CalibrationTooSmall(f"{probes.people} people have more than {probes.photos} photos; {THIRTY} are needed.")
    missed = probes.missed_by_person(thresholds)
    low, high = over_people(
        lambda drawn: (drawn @ missed / drawn.sum()).tolist(), people=probes.people, seed=seed, draws=draws
    )
    value = missed.mean(axis=0)
    high = np.where(value > 0, np.fmax(high, value), rule_of_three(probes.people))
    return {
        "photos": probes.photos,
        "people": probes.people,
        "points": [
            {"threshold": float(t), "fnmr": _three(v), "low": _three(min(a, v), up=False), "high": _three(b, up=True)}
            for t, v, a, b in zip(thresholds, value, low, high, strict=True)
        ],
    }


def _listed() -> NDArray[np.float64]:
    """1e-1 down in tenths of a decade, in three digits so that they read well."""
    return np.array([float(f"{10 ** (-tenth / 10):.3g}") for tenth in range(MOST_LENIENT, STRICTEST + 1)])


def _up(score: float) -> float:
    return math.ceil(score * 10_000 - 1e-6) / 10_000


def _three(number: float, *, up: bool | None = None) -> float:
    """In three digits; ``up`` away from what it bounds, so that a band never shrinks and never leaves its rate."""
    if number <= 0:
        return 0.0
    digit = 10.0 ** (math.floor(math.log10(number)) - 2)
    rounded = number / digit
    whole = round(rounded) if up is None else math.ceil(rounded - 1e-6) if up else math.floor(rounded + 1e-6)
    return min(1.0, float(f"{whole * digit:.3g}"))
