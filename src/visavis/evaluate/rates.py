"""From scores to error rates, with every person weighing the same or every pair.

The words are those of ISO/IEC 19795-1: FMR, the share of non-mated comparisons that a threshold lets pass; FNMR, the
share of mated ones that it does not; EER, where both are the same. A comparison passes when its score is at least the
threshold.

Somebody with 200 photos is in 200 times as many pairs as somebody with one, and a gallery has them once. So people
weigh the same here unless it is said otherwise: a pair of photos counts ``1 / (n_i n_j)``, a mated one ``1`` by the
number of its person's pairs. What a gallery will see follows the rates of people; those of pairs can be off by several
times.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from visavis.evaluate.comparisons import Comparisons


class Weighing(Enum):
    """What counts the same."""

    PEOPLE = "people"
    PAIRS = "pairs"


class BelowKept(ValueError):
    """A threshold or a rate lies where non-mated comparisons were not kept."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Error rates over all thresholds.

    ``mated`` and ``non_mated`` are descending scores; ``mated_upto[i]`` is the share of mated weight in the first
    ``i + 1`` of them, and ``non_mated_upto`` the same of all non-mated weight, that of comparisons not kept included.
    """

    mated: NDArray[np.float32]
    mated_upto: NDArray[np.float64]
    non_mated: NDArray[np.float32]
    non_mated_upto: NDArray[np.float64]
    kept_from: float

    @classmethod
    def of(
        cls, found: Comparisons, *, weighing: Weighing = Weighing.PEOPLE, drawn: NDArray[np.int64] | None = None
    ) -> Self:
        """The rates of a set, or of people drawn from it again and again (``drawn``: how often each, shape (people,)).

        A person who is drawn twice is not compared with themself.
        """
        times = np.ones(found.people) if drawn is None else drawn.astype(np.float64)
        each = 1.0 / found.photos if weighing is Weighing.PEOPLE else np.ones(found.people)
        times_each = times * each
        non_mated = times_each[found.first] * times_each[found.second]
        share = times_each * found.photos
        everything = (share.sum() ** 2 - (share**2).sum()) / 2
        own = np.bincount(found.owner, minlength=found.people)
        of_pair = times / np.maximum(own, 1) if weighing is Weighing.PEOPLE else times
        mated = of_pair[found.owner]
        return cls(
            mated=found.mated,
            mated_upto=np.cumsum(mated) / max(mated.sum(), np.finfo(float).tiny),
            non_mated=found.non_mated,
            non_mated_upto=np.cumsum(non_mated) / max(everything, np.finfo(float).tiny),
            kept_from=found.kept_from,
        )

    def fmr_at(self, threshold: float) -> float:
        """The share of non-mated comparisons at or above ``threshold``.

        :raises BelowKept: it was not kept so far down.
        """
        if threshold < self.kept_from:
            raise BelowKept(f"Only scores from {self.kept_from:.4f} on were kept.")
        return _upto(self.non_mated, self.non_mated_upto, threshold)

    def fnmr_at(self, threshold: float) -> float:
        """The share of mated comparisons below ``threshold``."""
        return 1.0 - _upto(self.mated, self.mated_upto, threshold)

    def threshold_at(self, fmr: float) -> float:
        """The lowest threshold in ten-thousandths that at most the share ``fmr`` of non-mated comparisons reach.

        Ten-thousandths, rounded up, so that the last bit of a matrix product does not show.

        :raises BelowKept: so many were not kept.
        """
        reached = int(np.searchsorted(self.non_mated_upto, fmr * (1 + 1e-12), side="right"))
        if reached == len(self.non_mated):
            raise BelowKept(f"A rate of {fmr:.3g} lies among comparisons that were not kept.")
        return float((np.floor(np.float64(self.non_mated[reached]) * 10_000) + 1) / 10_000)

    def tmr_at(self, fmr: float) -> float:
        """The share of mated comparisons that pass where at most ``fmr`` of the non-mated ones do."""
        return 1.0 - self.fnmr_at(self.threshold_at(fmr))

    def eer(self) -> float:
        """The rate at which FMR and FNMR are the same, between the two thresholds where they cross."""
        missed = 1.0 - _upto_all(self.mated, self.mated_upto, self.non_mated)
        wrong = self.non_mated_upto
        crossed = int(np.argmax(wrong >= missed))
        if not (wrong >= missed).any():
            raise BelowKept("The rates cross among comparisons that were not kept.")
        return float((wrong[crossed] + missed[crossed]) / 2)


def _upto(scores: NDArray[np.float32], upto: NDArray[np.float64], threshold: float) -> float:
    passed = int(np.searchsorted(-scores, -np.float32(threshold), side="right"))
    return float(upto[passed - 1]) if passed else 0.0


def _upto_all(
    scores: NDArray[np.float32], upto: NDArray[np.float64], thresholds: NDArray[np.float32]
) -> NDArray[np.float64]:
    passed = np.searchsorted(-scores, -thresholds, side="right")
    return np.concatenate([[0.0], upto])[passed]
