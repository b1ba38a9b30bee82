"""The rule that turns scores into an outcome."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from visavis.model.decision import Outcome

LOOK_ALIKE: Final = "look_alike"


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome before it is recorded. ``score`` is None unless somebody was matched or has to be reviewed."""

    outcome: Outcome
    reason: str | None = None
    subject_id: str | None = None
    score: float | None = None


def judge_one(*, score: float | None, threshold: float, subject_id: str | None) -> Verdict:
    """1:1: the claimed person, or nobody. No score (nothing to compare with) is nobody."""
    if score is None or not score >= threshold:
        return Verdict(Outcome.NO_MATCH)
    return Verdict(Outcome.MATCH, subject_id=subject_id, score=score)


def judge_many(near: Sequence[tuple[str, float]], *, threshold: float, margin_from: float) -> Verdict:
    """1:N: subjects and their scores, best first; those below ``margin_from`` may be left out.

    1. Where nobody reaches the threshold it is nobody.
    2. Where two or more do they are look-alikes (twins: NIST's twins demonstration finds false match rates above 0.9):
       a person has to look, the machine does not pick.
    3. The same where the second best reaches ``margin_from`` and is nearer to the best than that is to the threshold.
    4. Else it is the best.

    :param margin_from: at most ``threshold``; equal to it there is no margin.
    """
    # 1; "not >=" so that a score that is no number matches nobody
    if not near or not near[0][1] >= threshold:
        return Verdict(Outcome.NO_MATCH)
    subject_id, score = near[0]
    second = near[1][1] if len(near) > 1 else -math.inf
    # 2, 3
    if second >= threshold or (second >= margin_from and score - second < threshold - margin_from):
        return Verdict(Outcome.REVIEW, LOOK_ALIKE, subject_id, score)
    # 4
    return Verdict(Outcome.MATCH, subject_id=subject_id, score=score)
