"""A film of the steps that are asked, whose times were scaled: it runs faster than they are shown."""

from __future__ import annotations

from typing import Final

from attacks.film import Camera, filmed, performed
from attacks.heads import room
from attacks.species import Asked, Shown, Victim

PACE: Final = 2.0
"""How many times as fast."""


def sped_up(victim: Victim, asked: Asked, seed: int) -> Shown:
    """See the module."""
    motion = performed(asked.steps, seed=seed)
    film = filmed(victim.head, lambda at: motion(PACE * at), asked.at_ms, room(seed))
    return Shown(film, Camera(seed=seed))
