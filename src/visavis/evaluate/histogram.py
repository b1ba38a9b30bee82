"""How many comparisons have which score: counts in bins, of which nobody can be told."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.evaluate.comparisons import ROWS

LOWEST: Final = -0.5
BINS: Final = 75
WIDTH: Final = 0.02


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts in bins of width 0.02 from -0.5 to 1, the first and last with what lies beyond; shape (75,) each."""

    mated: NDArray[np.int64]
    non_mated: NDArray[np.int64]

    @staticmethod
    def starts() -> list[float]:
        """Where each bin begins."""
        return [round(LOWEST + WIDTH * place, 2) for place in range(BINS)]


def histogram(vectors: NDArray[np.float32], people: NDArray[np.int32]) -> Histogram:
    """Compare every photo with every other once, and count.

    :param vectors: unit templates, shape (photos, dimension). :param people: the person of each.
    """
    counts = np.zeros((2, BINS), np.int64)
    for start in range(0, len(vectors), ROWS):
        scores = vectors[start : start + ROWS] @ vectors[start:].T
        later = np.arange(scores.shape[1])[None, :] > np.arange(len(scores))[:, None]
        same = people[start : start + ROWS, None] == people[None, start:]
        mated = scores[same & later]
        everything = counted(scores) - counted(scores[:, : len(scores)][~later[:, : len(scores)]])
        counts[0] += counted(mated)
        counts[1] += everything - counted(mated)
    return Histogram(counts[0], counts[1])


def counted(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """How many scores are in each bin."""
    places = ((scores.ravel() - np.float32(LOWEST)) * np.float32(1 / WIDTH)).astype(np.int16)
    return np.bincount(np.clip(places, 0, BINS - 1), minlength=BINS)
