"""The rule that turns scores into an outcome."""

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


def judge_many(reaching: Sequence[tuple[str, float]]) -> Verdict:
    """1:N: the subjects that reached the threshold, best first.

    None is nobody, one is them. Two or more are look-alikes (twins: NIST's twins demonstration finds false match rates
    above 0.9): a person has to look, the machine does not pick.
    """
    if not reaching:
        return Verdict(Outcome.NO_MATCH)
    subject_id, score = reaching[0]
    if len(reaching) > 1:
        return Verdict(Outcome.REVIEW, LOOK_ALIKE, subject_id, score)
    return Verdict(Outcome.MATCH, subject_id=subject_id, score=score)
