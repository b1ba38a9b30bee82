"""Exact intervals of a share that was counted (Clopper and Pearson, Biometrika 26, 1934)."""

import math
from typing import Final

from visavis.evaluate.doubt import SURE, Figure

_HALVINGS: Final = 60
"""After so many a bracket of length 1 is as narrow as numbers are."""
_MOST_STEPS: Final = 500
_TINY: Final = 1e-300


def counted_share(errors: int, trials: int) -> Figure:
    """The share of ``errors`` in ``trials`` with its interval, which holds the true one with 95 % certainty or more.

    It takes trials for independent. Several presentations of one person or instrument are not, and are surer in it than
    they should be.

    :param trials: at least 1, and at least ``errors``.
    """
    tail = (1 - SURE) / 2
    low = 0.0 if errors == 0 else _quantile(tail, errors, trials - errors + 1)
    high = 1.0 if errors == trials else _quantile(1 - tail, errors + 1, trials - errors)
    return Figure(errors / trials, low, high, errors)


def _quantile(share: float, a: float, b: float) -> float:
    """Where a beta distribution has ``share`` of itself below."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _beta(middle, a, b) < share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun, 26.5.8)."""
    if x in (0.0, 1.0):
        return x
    if x > (a + 1) / (a + b + 2):  # it converges quickly on the other side only
        return 1.0 - _beta(1.0 - x, b, a)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(front) / (a * _fraction(x, a, b))


def _fraction(x: float, a: float, b: float) -> float:
    """1 + d1/(1 + d2/(1 + ...)), from the front (Lentz's way of working, as Thompson and Barnett changed it)."""
    found, above, below = 1.0, 1.0, 0.0
    for step in range(1, _MOST_STEPS):
        half = step // 2
        if step % 2:
            d = -(a + half) * (a + b + half) * x / ((a + 2 * half) * (a + 2 * half + 1))
        else:
            d = half * (b - half) * x / ((a + 2 * half - 1) * (a + 2 * half))
        below = 1.0 / _not_nothing(1.0 + d * below)
        above = _not_nothing(1.0 + d / above)
        found *= above * below
        if abs(above * below - 1.0) < 1e-15:  # noqa: PLR2004 -- as near as numbers are
            break
    return found


def _not_nothing(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
