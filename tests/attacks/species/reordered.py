"""A film of the steps that are asked, whose frames were put into another order."""

from __future__ import annotations

import numpy as np

from attacks.film import Camera, Film
from attacks.species import Asked, Shown, Victim


def reordered(victim: Victim, asked: Asked, seed: int) -> Shown:
    """See the module. No frame keeps its place."""
    film = victim.doing(asked, seed)
    places = np.random.default_rng(seed).permutation(len(film.pictures))
    pictures = list(film.pictures)
    for one, other in zip(places, np.roll(places, 1), strict=True):
        pictures[one] = film.pictures[other]
    return Shown(Film(film.at_ms, pictures), Camera(seed=seed))
