"""All comparisons of a labelled set, and the rates they give (ISO/IEC 19795-1)."""

from dataclasses import dataclass

import numpy as np
from benchmarks.accuracy.lfw_dev import Templates
from numpy.typing import NDArray

_ROWS = 1024


@dataclass(frozen=True, slots=True)
class Scores:
    """Every pair of photos once."""

    mated: NDArray[np.float32]
    """Cosines of pairs of one person, in no particular order."""

    owner: NDArray[np.int32]
    """The person of each mated pair."""

    non_mated: NDArray[np.float32]
    """Cosines of pairs of two people, descending."""

    def threshold_at(self, fmr: float) -> float:
        """The lowest threshold in ten-thousandths that at most the share ``fmr`` of non-mated scores reach.

        Ten-thousandths, rounded up, so that the last bit of a matrix product does not show.
        """
        allowed = int(fmr * len(self.non_mated) + 1e-9)
        return float((np.floor(np.float64(self.non_mated[allowed]) * 10_000) + 1) / 10_000)

    def tmr_at(self, threshold: float) -> float:
        """Share of mated pairs at or above ``threshold``."""
        return float((self.mated >= threshold).mean())

    def tmr_per_person_at(self, threshold: float) -> float:
        """The same with every person weighing the same, however often photographed."""
        pairs = np.bincount(self.owner)
        passed = np.bincount(self.owner, weights=self.mated >= threshold)
        return float((passed[pairs > 0] / pairs[pairs > 0]).mean())


def all_scores(templates: Templates) -> Scores:
    """Compare every photo with every other once."""
    vectors, people = templates.vectors, templates.people
    mated, owner, non_mated = [], [], []
    for start in range(0, len(vectors), _ROWS):
        rows = slice(start, start + _ROWS)
        cosines = vectors[rows] @ vectors.T
        later = np.arange(len(vectors))[None, :] > np.arange(len(vectors))[rows, None]
        same = people[rows, None] == people[None, :]
        mated.append(cosines[later & same])
        owner.append(np.broadcast_to(people[rows, None], same.shape)[later & same])
        non_mated.append(cosines[later & ~same])
    return Scores(
        mated=np.concatenate(mated),
        owner=np.concatenate(owner),
        non_mated=np.sort(np.concatenate(non_mated))[::-1],
    )
