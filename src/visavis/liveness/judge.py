"""The verdict over an active capture: checks 9 to 12 of ``spec/capture-bundle.md``."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from visavis.liveness.continuity import require_continuous
from visavis.liveness.depth import flatness_error
from visavis.liveness.motion import Motion, motion
from visavis.liveness.sensor import require_sensor
from visavis.liveness.steps import require_steps
from visavis.model.challenge import Done, FaceFlat, FaceLost, Step
from visavis.model.film import Look

LEAST_PRESENCE: Final = 0.5
"""How sure the landmarker has to be of each frame's face."""
LEAST_DEPTH: Final = 0.05
"""Flatness error from which what turned was no plane; see ``flatness_error``. Rendered heads that turned had 0.059 to
0.116, photos on a screen at most 0.046, photos that were bent 0.035 to 0.081."""
_OPEN: Final = 0.8


def judged(looks: Sequence[Look], *, steps: Sequence[Done], same_person: float) -> int:
    """Which frame is to be compared, of a film that shows a living person doing what was asked.

    The frame is the one in which the face looks most nearly straight ahead, with open eyes.

    :param looks: all frames, in the order of time. :param steps: as they were shown. :param same_person: the least
        cosine of two templates of one person.
    :returns: its number.
    :raises FaceLost: a face is hardly one. :raises FramesUnlikeSensor: 9, no sensor took them.
    :raises FaceChanged: 10, they are not of one film of one person. :raises ChallengeNotDone: 11, something else was
        done than was asked. :raises FaceFlat: 12, what turned has no depth.
    """
    if min(look.mesh.presence for look in looks) < LEAST_PRESENCE:
        raise FaceLost
    moved = motion(looks)
    still = most_frontal(looks, moved)
    # 9
    require_sensor(looks)
    # 10
    require_continuous(looks, moved, same_person=same_person, still=still)
    # 11
    shown = require_steps(moved, steps)
    # 12
    for step, place in zip(steps, shown, strict=True):
        if step.step in (Step.LEFT, Step.RIGHT) and flatness_error(looks[still].mesh, looks[place].mesh) < LEAST_DEPTH:
            raise FaceFlat
    return still


def most_frontal(looks: Sequence[Look], moved: Motion) -> int:
    """The number of the frame in which the face looks most nearly straight ahead, with open eyes."""
    away = np.array([abs(look.pose.yaw) + abs(look.pose.pitch) for look in looks])
    return int(np.argmin(np.where(moved.opened >= _OPEN, away, away + 180.0)))
