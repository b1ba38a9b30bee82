"""A photo on paper that is bent around an upright axis, so that it has some depth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from attacks.film import Camera, filmed
from attacks.heads import Head, room
from attacks.species import Asked, Shown, Victim
from attacks.species.printed_photo import halftone, handled


def bent_photo(victim: Victim, asked: Asked, seed: int) -> Shown:
    """See the module."""
    sheet = Head.of(halftone(victim.picture, seed), victim.mesh, depth=0.0)
    radius = np.random.default_rng(seed).uniform(1.6, 3.5)
    across = np.clip(sheet.places[:, 0] / radius, -1.4, 1.4)
    places = sheet.places.copy()
    places[:, 0], places[:, 2] = radius * np.sin(across), radius * (1.0 - np.cos(across))
    bent = replace(sheet, places=places)
    return Shown(filmed(bent, handled(asked, seed), asked.at_ms, room(seed)), Camera(seed=seed))
