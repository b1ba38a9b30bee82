"""A photo on paper with holes through which living eyes look."""

from __future__ import annotations

from dataclasses import replace

from attacks.film import Camera, filmed, performed
from attacks.heads import Head, Stance, room
from attacks.species import Asked, Shown, Victim
from attacks.species.printed_photo import halftone, handled


def cut_out_eyes(victim: Victim, asked: Asked, seed: int) -> Shown:
    """See the module."""
    sheet = Head.of(halftone(victim.picture, seed), victim.mesh, depth=0.0)
    paper, living = handled(asked, seed), performed(asked.steps, seed=seed)

    def at(time_ms: float) -> Stance:
        return replace(paper(time_ms), eyes=living(time_ms).eyes)

    return Shown(filmed(sheet, at, asked.at_ms, room(seed)), Camera(seed=seed))
