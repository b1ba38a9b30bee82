"""A photo on paper that is worn on a living head: it has some of the head's depth, and holes for the eyes."""

from __future__ import annotations

import numpy as np

from attacks.film import Camera, filmed, performed
from attacks.heads import Head, room
from attacks.species import Asked, Shown, Victim
from attacks.species.printed_photo import halftone


def paper_mask(victim: Victim, asked: Asked, seed: int) -> Shown:
    """See the module."""
    depth = float(np.random.default_rng(seed).uniform(0.15, 0.5))
    mask = Head.of(halftone(victim.picture, seed), victim.mesh, depth=depth)
    return Shown(filmed(mask, performed(asked.steps, seed=seed), asked.at_ms, room(seed)), Camera(seed=seed))
