"""The film of an earlier session, with steps of its own, put in the place of a camera."""

from __future__ import annotations

from attacks.film import Camera, filmed, performed
from attacks.heads import room
from attacks.species import Asked, Shown, Victim
from attacks.species.earlier import earlier_steps


def replayed(victim: Victim, asked: Asked, seed: int) -> Shown:
    """See the module."""
    motion = performed(earlier_steps(asked.steps, seed), seed=seed)
    return Shown(filmed(victim.head, motion, asked.at_ms, room(seed)), Camera(seed=seed))
