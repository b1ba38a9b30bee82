"""How far a score tells whether two protected templates are of one person: D(s) and D_sys.

Written from Gomez-Barrero, Galbally, Rathgeb and Busch, "General Framework to Evaluate Unlinkability in Biometric
Template Protection Systems", IEEE Transactions on Information Forensics and Security 13(6), 2018. With LR(s) the
likelihood ratio of a score among mated and non-mated comparisons, and omega the ratio of how often the two occur::

    D(s)  = 2 omega LR(s) / (1 + omega LR(s)) - 1   where omega LR(s) > 1, else 0
    D_sys = integral of p(s | mated) D(s) ds

0: the score tells nothing. 1: mated and non-mated scores have nothing in common.

Both densities are estimated by histograms. For omega = 1, D_sys is an f-divergence (of t max(0, t - 1) / (t + 1), which
is convex), so that wider bins can only hide what there is, and chance can only add: in a bin that holds k mated scores,
the estimate of LR is off by about 1 / sqrt(k), and what is off upwards counts. With many bins and few scores D_sys is
then the square root of bins per score and not what is asked about. ``sturges`` takes the number of bins from the number
of scores, before anything is measured; next to a result there has to be the same with the people exchanged.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Linkability:
    """What scores tell about who is whom."""

    edges: NDArray[np.float64]
    """Where the bins begin and end, shape (bins + 1,), ascending."""

    local: NDArray[np.float64]
    """D(s) in each bin, shape (bins,), 0 to 1."""

    system: float
    """D_sys, 0 to 1."""


def sturges(count: int) -> int:
    """The number of bins for ``count`` scores (Sturges 1926, J. Am. Stat. Assoc. 21)."""
    return math.ceil(math.log2(count)) + 1


def linkability(
    *, mated: NDArray[np.floating], non_mated: NDArray[np.floating], bins: int, omega: float = 1.0
) -> Linkability:
    """D(s) in ``bins`` bins of equal width from the least to the greatest score, and D_sys.

    :param mated: scores of one person's templates, at least one, in any order.
    :param non_mated: scores of two people's templates, at least one, in any order.
    """
    edges = np.linspace(min(mated.min(), non_mated.min()), max(mated.max(), non_mated.max()), bins + 1, dtype=float)
    ours, theirs = (np.histogram(scores, edges)[0] / len(scores) for scores in (mated, non_mated))
    # D(s) multiplied out, so that nothing is divided by a bin without non-mated scores.
    total = omega * ours + theirs
    local = np.zeros(bins)
    np.divide(omega * ours - theirs, total, out=local, where=omega * ours > theirs)
    return Linkability(edges=edges, local=local, system=float(ours @ local))
