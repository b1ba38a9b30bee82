"""Whether the scores at a station still are those that the calibration was measured on.

A threshold keeps a promise about faces like those of the calibration. A camera that was moved, a lamp that is out,
people who have aged or a cohort that looks alike give other scores, and nobody would see it: too few are missed or
confused in a day to count. The scores of people who were recognised tell it sooner, in two tails.

- *others*: how near the best of all other people came. Among N references the chance that one of them reaches the score
  s is p(s) = 1 - (1 - FMR(s))^N, so that p of a stranger's best score is uniform (the probability integral transform).
  Whoever is told MATCH had nobody else at the bar t, so here (p - p(t)) / (1 - p(t)) is. The tail is the lowest
  twentieth of that.
- *own*: how near the person came to their own references. Of those who reach the bar, the share that stays below a
  higher level u is (FNMR(u) - FNMR(t)) / (1 - FNMR(t)).

Each person counts once, with their newest decision: the calibration weighs every person the same, and somebody who
comes by every morning says each time what they said before. An alarm begins where a binomial of the largest share that
the calibration's bands allow gives so many in the tail less than once in ``ALARM`` looks, and ends at ``CALM``. A
station that lets 2,000 people in a day is looked at 200 times at most, in two tails: 200 * 365 * 2 * 1e-6 = 0.15 false
alarms a year, if every share were at the end of its band; the bands are 95 % wide, so most stations stay far below.
That is late rather than false on purpose: whoever is called for nothing does not come when it matters.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from visavis.model.calibration import Calibration, PromiseTooStrict, RateNotKnown

WINDOW: Final = 500
"""The newest so many people of a station are looked at."""
FEWEST_PEOPLE: Final = 50
"""Of fewer nothing is said."""
TAIL: Final = 0.05
"""The share of the others' scores that is their tail, where the calibration is right."""
ALARM: Final = 1e-6
CALM: Final = 1e-2
"""An alarm that has begun goes on until what is there is no rarer than this."""


class Tail(Enum):
    """Which scores left the band of the calibration."""

    OWN = "own"
    """People look less like their own references."""
    OTHERS = "others"
    """People look more like others."""


@dataclass(frozen=True, slots=True)
class Draw:
    """One person's newest decision, without its score: whether it lies in a tail, and how many may at most, 0 to 1."""

    is_in_tail: bool
    share: float


def draw_of_own(score: float, *, bar: float, calibration: Calibration) -> Draw | None:
    """Where somebody stands who was recognised with a score of at least ``bar``.

    The level is the highest threshold at which misses were measured: the more people lie below it, the fewer are needed
    to tell a change. Misses of one reference are taken, which several stay below, and both ends of the band against the
    alarm. None where the bar is no lower than that level.
    """
    level = calibration.misses[0].points[-1].threshold
    if not bar < level:
        return None
    missed, missed_at_bar = calibration.fnmr_at(level), calibration.fnmr_at(bar)
    return _draw(is_in_tail=score < level, of=missed.high - missed_at_bar.low, among=1 - missed_at_bar.high)


def draw_of_others(score: float, *, bar: float, references: int, calibration: Calibration) -> Draw | None:
    """Where somebody's best score with anybody else stands; it is below ``bar``, or the answer were not MATCH.

    All references are counted, as if the person had none and no two belonged to one person: both make the tail look
    fuller than it is. None where the calibration does not know the bar, and where somebody reaches it so surely that
    nothing is left to tell a tail by.
    """
    try:
        at_bar = calibration.fmr_at(bar)
        reached = _any_of(references, at_bar.value)
        at_tail = reached + TAIL * (1 - reached)
        if at_tail >= 1:
            return None
        wanted = -math.expm1(math.log1p(-at_tail) / references)
        level = calibration.threshold_at(wanted)
        at_level = calibration.fmr_at(level)
    except (PromiseTooStrict, RateNotKnown):
        return None
    most, least_at_bar, most_at_bar = (_any_of(references, rate) for rate in (at_level.high, at_bar.low, at_bar.high))
    return _draw(is_in_tail=score >= level, of=most - least_at_bar, among=1 - most_at_bar)


def is_alarm(draws: Sequence[Draw], *, tail: Tail, was_alarm: bool) -> bool:
    """Whether more of them lie in the tail than the calibration explains.

    Of others each two people count as one, since who is near somebody has that somebody near.

    :param was_alarm: whether it was said the last time; then it is said until the draws are calm.
    """
    if len(draws) < FEWEST_PEOPLE:
        return was_alarm
    together = 2 if tail is Tail.OTHERS else 1
    found = sum(draw.is_in_tail for draw in draws) // together
    share = max(draw.share for draw in draws)
    rare = at_least(found, of=math.ceil(len(draws) / together), share=share)
    return rare < (CALM if was_alarm else ALARM)


def at_least(found: int, *, of: int, share: float) -> float:
    """How likely ``found`` or more of so many are, if each is with the chance ``share``: the binomial's upper tail."""
    if found <= 0 or share >= 1:
        return 1.0
    if share <= 0:
        return 0.0
    each = (
        math.lgamma(of + 1) - math.lgamma(k + 1) - math.lgamma(of - k + 1) + k * math.log(share)
        + (of - k) * math.log1p(-share)
        for k in range(found, of + 1)
    )  # fmt: skip
    return min(1.0, math.fsum(map(math.exp, each)))


def _any_of(references: int, fmr: float) -> float:
    return -math.expm1(references * math.log1p(-fmr)) if fmr < 1 else 1.0


def _draw(*, is_in_tail: bool, of: float, among: float) -> Draw:
    return Draw(is_in_tail, 1.0 if among <= 0 else min(1.0, max(0.0, of / among)))
