"""What somebody does who holds two galleries' turned templates, opened, and compares more than one pair at a time.

D_sys asks what the score of a pair tells. Inner products inside each gallery survive, and so does the shape of the
whole: Giannella, Liu and Kargupta (arXiv 0911.2942) undo a turn with few known inputs, Conneau et al. (ICLR 2018) align
two languages' words without any. This is the plainest of such attacks; a better one will need less.
"""

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 40
_TRUST_ALL_AFTER = 20

Rows = NDArray[np.float64]


def nearest_turn(ours: Rows, theirs: Rows) -> Rows:
    """The orthogonal matrix R for which ``ours @ R`` is nearest ``theirs``, row by row (Schoenemann 1966)."""
    left, _, right = np.linalg.svd(ours.T @ theirs)
    turn: Rows = left @ right
    return turn


def linked_by_shape(ours: Rows, theirs: Rows) -> float:
    """Share of rows linked without knowing anything: principal axes in their order, signs by their skewness."""
    return _linked(ours, theirs, _axes(ours) @ _axes(theirs).T)


def linked_after_known(ours: Rows, theirs: Rows, *, known: int) -> float:
    """Share of the other rows that are linked once it is known who the first ``known`` rows of both galleries are.

    The turn is fitted to the known rows; then again and again to those as well that are each other's nearest, the
    clearest first.
    """
    begin = np.arange(known)
    left, _, right = np.linalg.svd(ours[begin].T @ theirs[begin])
    kept = min(known, ours.shape[1])
    turn = left[:, :kept] @ right[:kept]
    for done in range(_ROUNDS):
        scores = ours @ turn @ theirs.T
        nearest = scores.argmax(axis=1)
        mutual = np.flatnonzero(scores.argmax(axis=0)[nearest] == np.arange(len(ours)))
        mutual = mutual[mutual >= known]
        clear = mutual[np.argsort(-scores[mutual, nearest[mutual]])]
        taken = clear[: int(len(clear) * min(1.0, (done + 1) / _TRUST_ALL_AFTER))]
        turn = nearest_turn(np.vstack((ours[begin], ours[taken])), np.vstack((theirs[begin], theirs[nearest[taken]])))
    return _linked(ours[known:], theirs[known:], turn)


def _axes(rows: Rows) -> Rows:
    """Principal axes as columns, the longest first, each with its long tail on the positive side."""
    middle = rows - rows.mean(axis=0)
    axes: Rows = np.linalg.eigh(middle.T @ middle)[1][:, ::-1]
    axes *= np.sign(((middle @ axes) ** 3).sum(axis=0))
    return axes


def _linked(ours: Rows, theirs: Rows, turn: Rows) -> float:
    return float(((ours @ turn @ theirs.T).argmax(axis=1) == np.arange(len(ours))).mean())
