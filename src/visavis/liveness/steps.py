"""Whether each step was done while it was asked, and nothing else."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.liveness.motion import Motion
from visavis.model.challenge import ChallengeNotDone, Done, Step

TURN: Final = 18.0
"""Degrees that a head has to turn to a side, where only that is asked."""
NOD: Final = 8.0
"""Degrees up or down, likewise: necks bend less that way, and points say less of it."""
DIAGONAL: Final = (11.0, 6.0)
"""Degrees to the side, and up or down, where both are asked at once."""
SIDEWAYS: Final = 0.38
"""Of what a head turns to a side it may go up or down where only the side is asked."""
INTO_CORNER: Final = 0.3
"""Of what it turns to a side it goes up or down at least where a corner is asked. Of rendered heads that followed a dot
six in ten would pass for a mere turn without these two."""
ASIDE: Final = 14.0
"""Degrees of yaw or pitch that do not count as another movement."""
CLOSER: Final = 1.18
"""How much larger a head is that came closer."""
STEADY: Final = 1.4
"""How much larger or smaller it may become where that is not asked."""
SHUT: Final = 0.8
"""Eyes that are never open less than this share of their usual were not shut: of rendered heads those that were shut
had 0.3 to 0.75, and of 1,789 frames of heads that turned with open eyes five in a thousand had less."""
_BETWEEN: Final = (0.4, 0.75)
"""Of the way from shut to usual, where eyes count as shut and where as open again."""
_REACTION_MS: Final = 150
"""Nobody does anything sooner after they are asked; whoever does knew before."""
_AFTER_MS: Final = 250
"""A frame that was taken when a page already took a step for done may show it."""


def require_steps(moved: Motion, steps: Sequence[Done]) -> list[int]:
    """Refuse a film in which the person does anything but what was asked.

    For each step, in frames that were taken while it was shown:

    1. It is not done yet when it is shown, and not sooner than anybody can do it.
    2. It is done by the end.
    3. Nothing else is: no turn to another side, no other number of blinks.

    :returns: for each step, the number of the frame that shows it most clearly.
    :raises ChallengeNotDone: one of them does not hold.
    """
    only_eyes = all(done.step.blinks for done in steps)
    return [_shown(moved, done, exactly=only_eyes) for done in steps]


def _shown(moved: Motion, done: Done, *, exactly: bool) -> int:
    until = done.done_ms + _AFTER_MS
    before = moved.within(done.shown_ms - _AFTER_MS, done.shown_ms + _REACTION_MS)
    during = moved.within(done.shown_ms + _REACTION_MS, until)
    if not before.any() or not during.any():
        raise ChallengeNotDone
    amount = _amount(moved, done.step, reference=before)
    if not done.step.blinks and (amount[before] >= 1.0).any():  # 1
        raise ChallengeNotDone
    if not _is_done(moved, done.step, amount, during, exactly=exactly):  # 2
        raise ChallengeNotDone
    whole = moved.within(done.shown_ms, done.done_ms)
    if whole.any() and not _only(moved, done.step, whole):  # 3
        raise ChallengeNotDone
    places = np.flatnonzero(during)
    return int(places[np.argmax(amount[places])])


def _amount(moved: Motion, step: Step, *, reference: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How far a step is done in each frame: 1 is enough."""
    if step.blinks:
        shut: NDArray[np.float64] = SHUT / np.maximum(moved.opened, 1e-3)
        return shut
    if step is Step.CLOSER:
        grown: NDArray[np.float64] = np.log(moved.size / np.median(moved.size[reference])) / np.log(CLOSER)
        return grown
    across, up = _needed(step)
    parts = [value / needed for value, needed in ((moved.yaw, across), (moved.pitch, up)) if needed]
    found: NDArray[np.float64] = np.min(parts, axis=0)
    return np.where(_heads_there(moved, across, up), found, np.minimum(found, 0.0))


def _heads_there(moved: Motion, across: float, up: float) -> NDArray[np.bool_]:
    """Where a head goes to the side and not into a corner, or the other way round, as it is asked."""
    share = np.abs(moved.pitch) / np.maximum(np.abs(moved.yaw), 1e-6)
    if not across:
        return np.ones(len(share), np.bool_)
    fits: NDArray[np.bool_] = share >= INTO_CORNER if up else share <= SIDEWAYS
    return fits


def _is_done(
    moved: Motion, step: Step, amount: NDArray[np.float64], during: NDArray[np.bool_], *, exactly: bool
) -> bool:
    """Whether a step was done.

    :param exactly: whether the number of blinks is all that is asked; else whoever is asked to shut their eyes once may
        blink besides, as everybody does.
    """
    if not step.blinks:
        return bool((amount[during] >= 1.0).any())
    times = blinks(moved.opened[during])
    return times == step.blinks or (not exactly and times == step.blinks + 1)


def blinks(opened: NDArray[np.float64]) -> int:
    """How often eyes are shut, and open again or shut to the end; lids that tremble count once.

    :param opened: how far they are open, as a share of what is usual.
    """
    lowest = float(opened.min())
    if lowest > SHUT:
        return 0
    falls, rises = (lowest + part * (1.0 - lowest) for part in _BETWEEN)
    times, shut = 0, False
    for value in opened:
        if not shut and value < falls:
            times, shut = times + 1, True
        elif shut and value > rises:
            shut = False
    return times


def _only(moved: Motion, step: Step, whole: NDArray[np.bool_]) -> bool:
    across, up = _needed(step)
    for values, needed in ((moved.yaw[whole], across), (moved.pitch[whole], up)):
        if needed >= 0 and values.min() < -ASIDE:
            return False
        if needed <= 0 and values.max() > ASIDE:
            return False
    sizes = moved.size[whole]
    return step is Step.CLOSER or float(sizes.max() / sizes.min()) < STEADY


def _needed(step: Step) -> tuple[float, float]:
    """Degrees of yaw and pitch, with their signs: a camera sees a person's left on its right, where yaw grows."""
    across, up = step.heading or (0, 0)
    if across and up:
        return across * DIAGONAL[0], up * DIAGONAL[1]
    return across * TURN, up * NOD
