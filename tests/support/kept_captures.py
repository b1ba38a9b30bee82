"""Captures in the folders where ``visavis evaluate pad`` looks for them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from attacks.film import timed
from sim.films import film

from visavis.client import Taken, keep_capture
from visavis.model.challenge import Asked, Challenge, Done, Step
from visavis.wire.deciding import AskedStep, ChallengeAnswer

DRAWN: Final = Challenge(
    "AAECAwQFBgcICQoLDA0ODxAR",
    tuple(Asked(step, 500) for step in (Step.LEFT, Step.UP, Step.RIGHT)),
    datetime(2027, 1, 15, 8, tzinfo=UTC),
)
ASKED: Final = ChallengeAnswer(
    session_id="ses_aaaqeayeaudaocajbifqydiob4",
    nonce=DRAWN.nonce,
    steps=[AskedStep(do=one.step.value, pause_ms=one.pause_ms, within_ms=one.within_ms) for one in DRAWN.steps],
    expires_at=DRAWN.expires_at,
)
STEPS, AT_MS = timed(DRAWN)


def taken(name: str, *, done: Sequence[Done] = STEPS, depth: float = 1.0, still: bool = False) -> Taken:
    """What a device takes of somebody of the simulated world who does ``done``.

    :param depth: 0 of a picture that is turned. :param still: whether nothing beside the face differs between frames.
    """
    frames = film(name, done, AT_MS, depth=depth, still=still)
    times = [(step.shown_ms, step.done_ms) for step in STEPS]
    return Taken(ASKED, 1_800_000_000_000, times, list(zip(AT_MS, frames, strict=True)))


def without_moving() -> list[Done]:
    """Steps for somebody who does none of those that were asked, and blinks instead."""
    return [replace(step, step=Step.BLINK) for step in STEPS]


def keep(root: Path, inside: str, *shown: Taken) -> None:
    """Keep each as a capture of its own."""
    for number, one in enumerate(shown):
        keep_capture(one, root / inside / f"{number}.bundle")
