"""Simulated species of attack presentations, one file each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from attacks.film import Camera, Film, filmed, performed
from attacks.heads import Head, room

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from visavis.model.challenge import Done
    from visavis.model.mesh import Mesh


@dataclass(frozen=True)
class Victim:
    """Whose photo an attacker has: the photo, shape (height, width, 3), and the points of the face in it."""

    picture: NDArray[np.uint8] = field(repr=False)
    mesh: Mesh = field(repr=False)

    @cached_property
    def head(self) -> Head:
        """The living head."""
        return Head.of(self.picture, self.mesh)

    def doing(self, asked: Asked, seed: int) -> Film:
        """What a camera takes of them while they do what is asked; drawn once, since several attacks begin with it."""
        key = (tuple(asked.steps), tuple(asked.at_ms), seed)
        if key not in self._films:
            motion = performed(asked.steps, seed=seed)
            self._films[key] = filmed(self.head, motion, asked.at_ms, room(seed))
        return self._films[key]

    @cached_property
    def _films(self) -> dict[tuple[tuple[Done, ...], tuple[int, ...], int], Film]:
        return {}


@dataclass(frozen=True)
class Asked:
    """What a server asked, as a page shows it: the steps, and when frames are taken."""

    steps: Sequence[Done]
    at_ms: Sequence[int]


@dataclass(frozen=True)
class Shown:
    """What an attacker shows the camera, or puts in its place; and what camera takes it."""

    film: Film
    camera: Camera

    def files(self) -> list[bytes]:
        """As the server gets it."""
        return self.film.files(self.camera)


Species = Callable[[Victim, Asked, int], Shown]
"""An attack on a challenge with somebody's photo; the number makes it another one each time."""
