"""A film of the steps that are asked, of which each frame is sent several times over, to the last bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from attacks.film import Camera
from attacks.species import Asked, Shown, Victim

HELD: Final = 3
"""How many times."""


@dataclass(frozen=True)
class Held(Shown):
    """The same files again: a camera would have added other noise each time."""

    def files(self) -> list[bytes]:
        """As the server gets it."""
        taken = super().files()
        return [taken[number - number % HELD] for number in range(len(taken))]


def frozen(victim: Victim, asked: Asked, seed: int) -> Shown:
    """See the module."""
    film = victim.doing(asked, seed)
    return Held(film, Camera(seed=seed))
