"""Pairs that somebody published: accuracy in folds as LFW counts it, FMR and FNMR with every pair weighing the same."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.evaluate.doubt import DRAWS, Figure, over_people, rule_of_three
from visavis.evaluate.verification import figure_of

FMRS: Final = (1e-1, 1e-2, 1e-3, 1e-4)
_CURVE: Final = tuple(float(f"{10 ** (-tenth / 10):.3g}") for tenth in range(5, 41))


@dataclass(frozen=True, slots=True)
class PairScores:
    """Scores of a protocol's pairs, cosines; all arrays of shape (pairs,). People are numbered from 0."""

    scores: NDArray[np.float32]
    is_same: NDArray[np.bool_]
    fold: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    people: int


@dataclass(frozen=True, slots=True)
class AtRate:
    """What a threshold costs that at most the share ``asked`` of the non-mated pairs reach."""

    asked: float
    threshold: float
    fmr: Figure
    fnmr: Figure


@dataclass(frozen=True, slots=True)
class Paired:
    """One protocol. ``accuracy`` is the mean over folds; it is None where there is one fold or a fold lacks a sort."""

    mated: int
    non_mated: int
    accuracy: Figure | None
    by_fold: tuple[float, ...]
    eer: Figure | None
    at: tuple[AtRate, ...]
    curve: tuple[AtRate, ...]


def measure_pairs(found: PairScores, *, seed: int, draws: int = DRAWS) -> Paired:
    """Measure one protocol, and draw people anew: a pair counts as often as both its people were drawn.

    Down to three by the number of non-mated pairs (rule of three) a false match rate is spoken of.
    """
    order = np.argsort(-found.scores, kind="stable")
    found = PairScores(
        found.scores[order], found.is_same[order], found.fold[order], found.first[order], found.second[order],
        found.people,
    )  # fmt: skip
    mated = int(found.is_same.sum())
    non_mated = len(found.scores) - mated
    folds = _accuracies(found)
    asked = [fmr for fmr in sorted({*FMRS, *_CURVE}, reverse=True) if non_mated and fmr >= rule_of_three(non_mated)]
    even = np.ones(len(found.scores))
    thresholds = [_threshold(found, even, fmr) for fmr in asked]

    def statistic(drawn: NDArray[np.int64]) -> list[float]:
        weight = np.where(found.is_same, drawn[found.first], drawn[found.first] * drawn[found.second]).astype(float)
        return [
            _eer(found, weight),
            *(_wrong(found, weight, t) for t in thresholds),
            *(_missed(found, weight, _threshold(found, weight, fmr)) for fmr in asked),
        ]

    low, high = over_people(statistic, people=found.people, seed=seed, draws=draws)
    told = []
    for place, (fmr, threshold) in enumerate(zip(asked, thresholds, strict=True)):
        passed = found.scores >= np.float32(threshold)
        wrong, missed = int((passed & ~found.is_same).sum()), int((~passed & found.is_same).sum())
        ends = (low[1 + place], high[1 + place]), (low[1 + len(asked) + place], high[1 + len(asked) + place])
        told.append(
            AtRate(
                fmr,
                threshold,
                fmr=figure_of(wrong / non_mated, ends[0], errors=wrong, trials=non_mated),
                fnmr=figure_of(missed / mated if mated else math.nan, ends[1], errors=missed, trials=mated),
            )
        )
    eer = _eer(found, even)
    return Paired(
        mated=mated,
        non_mated=non_mated,
        accuracy=_mean_of(folds),
        by_fold=tuple(folds),
        eer=None if math.isnan(eer) else figure_of(eer, (low[0], high[0])),
        at=tuple(one for one in told if one.asked in FMRS) if mated else (),
        curve=tuple(told) if mated else (),
    )


def _accuracies(found: PairScores) -> list[float]:
    """The share of right answers in each fold, at the threshold that is best on all the others."""
    folds = np.unique(found.fold)
    if len(folds) < 2:  # noqa: PLR2004 -- one to choose on, one to measure on
        return []
    told = []
    for fold in folds:
        own = found.fold == fold
        best = _best_threshold(found.scores[~own], found.is_same[~own])
        told.append(float(((found.scores[own] >= best) == found.is_same[own]).mean()))
    return told


def _best_threshold(scores: NDArray[np.float32], is_same: NDArray[np.bool_]) -> np.float32:
    """The score, of falling ones, from which on most answers are right; the highest where several are."""
    right = np.cumsum(np.where(is_same, 1, -1))
    best = int(np.argmax(right))
    if right[best] <= 0:
        return np.float32(2)
    below = scores[best + 1] if best + 1 < len(scores) else scores[best]
    return np.float32((scores[best] + below) / 2)


def _mean_of(folds: list[float]) -> Figure | None:
    """The mean over folds with its interval by Student's t, as LFW's tables have it."""
    if not folds:
        return None
    mean, count = float(np.mean(folds)), len(folds)
    beside = _t(count - 1) * float(np.std(folds, ddof=1)) / math.sqrt(count)
    return Figure(mean, max(0.0, mean - beside), min(1.0, mean + beside))


def _t(freedom: int) -> float:
    """The 97.5 % quantile of Student's t, by Cornish and Fisher's expansion; tabled where that errs."""
    tabled = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776}
    normal = 1.959964
    third, fifth = (normal**3 + normal) / 4, (5 * normal**5 + 16 * normal**3 + 3 * normal) / 96
    return tabled.get(freedom, normal + third / freedom + fifth / freedom**2)


def _threshold(found: PairScores, weight: NDArray[np.float64], fmr: float) -> float:
    """The lowest threshold in ten-thousandths that at most the share ``fmr`` of non-mated weight reaches."""
    scores, own = found.scores[~found.is_same], weight[~found.is_same]
    if not own.sum():
        return math.nan
    reached = int(np.searchsorted(np.cumsum(own) / own.sum(), fmr * (1 + 1e-12), side="right"))
    return float((np.floor(np.float64(scores[min(reached, len(scores) - 1)]) * 10_000) + 1) / 10_000)


def _wrong(found: PairScores, weight: NDArray[np.float64], threshold: float) -> float:
    own = weight[~found.is_same]
    return float(own @ (found.scores[~found.is_same] >= np.float32(threshold)) / own.sum()) if own.sum() else math.nan


def _missed(found: PairScores, weight: NDArray[np.float64], threshold: float) -> float:
    own = weight[found.is_same]
    if math.isnan(threshold) or not own.sum():
        return math.nan
    return float(own @ (found.scores[found.is_same] < np.float32(threshold)) / own.sum())


def _eer(found: PairScores, weight: NDArray[np.float64]) -> float:
    mated, non_mated = np.where(found.is_same, weight, 0.0), np.where(found.is_same, 0.0, weight)
    if not mated.sum() or not non_mated.sum():
        return math.nan
    missed, wrong = 1 - np.cumsum(mated) / mated.sum(), np.cumsum(non_mated) / non_mated.sum()
    crossed = int(np.argmax(wrong >= missed))
    return float((wrong[crossed] + missed[crossed]) / 2)
