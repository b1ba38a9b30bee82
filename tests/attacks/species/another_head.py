"""The attacker does the steps; the victim's photo is shown before, between and after them."""

from __future__ import annotations

from dataclasses import dataclass

from attacks.film import Camera, Film, filmed, performed
from attacks.heads import Head, Stance, room
from attacks.species import Asked, Shown, Victim


@dataclass(frozen=True)
class AnotherHead:
    """By that attacker."""

    attacker: Victim

    def __call__(self, victim: Victim, asked: Asked, seed: int) -> Shown:
        """See the module."""
        living = filmed(self.attacker.head, performed(asked.steps, seed=seed), asked.at_ms, room(seed))
        sheet = Head.of(victim.picture, victim.mesh, depth=0.0)
        still = filmed(sheet, lambda _: Stance(), asked.at_ms, room(seed))
        asks = [any(done.shown_ms <= at <= done.done_ms + 300 for done in asked.steps) for at in asked.at_ms]
        pictures = [
            one if now else other for now, one, other in zip(asks, living.pictures, still.pictures, strict=True)
        ]
        return Shown(Film(asked.at_ms, pictures), Camera(seed=seed))
