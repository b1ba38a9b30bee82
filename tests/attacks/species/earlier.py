"""What an attacker has of an earlier session: somebody doing what was asked then."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from attacks.film import timed
from visavis.model.challenge import PAUSES, Asked, Challenge, Done, Step

if TYPE_CHECKING:
    from collections.abc import Sequence

_LENGTH: Final = 4
_ANY_TIME: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Nothing here depends on when a challenge was drawn."""


def earlier_steps(now: Sequence[Done], seed: int) -> tuple[Done, ...]:
    """Steps that were asked in that session, and are not those that are asked ``now``.

    They are drawn by ``seed``, not as the product draws them, so that a film is the same each time.
    """
    drawn = np.random.default_rng(seed)
    asked = [done.step for done in now]
    steps = asked
    while steps[: len(asked)] == asked[: len(steps)]:
        steps = [list(Step)[int(number)] for number in drawn.permutation(len(Step))[:_LENGTH]]
    pauses = [int(pause) for pause in drawn.integers(PAUSES[0], PAUSES[1] + 1, _LENGTH)]
    drawn_then = tuple(Asked(step, pause) for step, pause in zip(steps, pauses, strict=True))
    return timed(Challenge("earlier", drawn_then, _ANY_TIME), seed=seed)[0]
