"""A still that a program moves as the steps ask, put in the place of a camera: nothing in it has a sensor's noise."""

from __future__ import annotations

from attacks.film import Camera
from attacks.species import Asked, Shown, Victim


def puppet(victim: Victim, asked: Asked, seed: int) -> Shown:
    """See the module."""
    film = victim.doing(asked, seed)
    return Shown(film, Camera(noise=0.0, flicker=0.0, seed=seed))
