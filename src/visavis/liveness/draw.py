"""Drawing a challenge that nobody can know before."""

import secrets
from datetime import datetime
from typing import Final

from visavis.model.challenge import PAUSES, Asked, Challenge, Step, Variant

_TURNS: Final = (Step.LEFT, Step.RIGHT)
_HEAD: Final = (*_TURNS, *(s for s in Step if s.heading is not None and s not in _TURNS), Step.CLOSER)
_BLINKS: Final = (Step.BLINK, Step.BLINK_TWICE, Step.BLINK_THRICE)
_DRAWN_FROM: Final = {
    Variant.WHOLE: (*_HEAD, Step.BLINK),
    Variant.HEAD: _HEAD,
    Variant.BLINK: _BLINKS,
}
_MOST_BLINKS: Final = 9
"""A page asks for so many in at most 18 seconds of the 20 that there are, with ten frames in each."""
_LENGTHS: Final = {Variant.WHOLE: 4, Variant.HEAD: 4, Variant.BLINK: 5}
"""Of rows of steps there are 3,360, 2,184 and 84: so many would have to be guessed or filmed ahead."""


def draw(variant: Variant, *, now: datetime) -> Challenge:
    """A fresh challenge.

    1. Each step is as likely as any other, but none comes twice, nor do blinks read the same backwards: else a film
       that is played backwards, or in pieces that were exchanged, might show what is asked.
    2. Where the head takes part it is turned to the left or right at least once: only that shows depth well.
    3. Before each step nothing is asked for a time that is drawn as well.
    """
    steps: list[Step] = []
    while not _serves(steps, variant):
        steps = [secrets.choice(_DRAWN_FROM[variant]) for _ in range(_LENGTHS[variant])]  # 1
    first, last = PAUSES
    asked = tuple(Asked(step, first + secrets.randbelow(last - first + 1)) for step in steps)  # 3
    return Challenge(secrets.token_urlsafe(18), asked, now)


def _serves(steps: list[Step], variant: Variant) -> bool:
    if variant is Variant.BLINK:
        return 0 < sum(step.blinks for step in steps) <= _MOST_BLINKS and steps != steps[::-1]  # 1
    return len(set(steps)) == _LENGTHS[variant] and any(step in _TURNS for step in steps)  # 1, 2
