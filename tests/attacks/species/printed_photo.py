"""A photo on paper, which is turned, tilted and brought closer as the steps ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attacks.film import Camera, filmed, performed
from attacks.heads import Head, Stance, room
from attacks.species import Asked, Shown, Victim

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_FURTHER = 1.5
"""Paper is turned further than a head would be, since it hides what it is."""


def printed_photo(victim: Victim, asked: Asked, seed: int) -> Shown:
    """See the module."""
    sheet = Head.of(halftone(victim.picture, seed), victim.mesh, depth=0.0)
    return Shown(filmed(sheet, handled(asked, seed), asked.at_ms, room(seed)), Camera(seed=seed))


def handled(asked: Asked, seed: int) -> Callable[[float], Stance]:
    """A sheet in somebody's hands: it cannot blink, and is turned further than a head."""
    motion = performed(asked.steps, seed=seed)

    def at(time_ms: float) -> Stance:
        stance = motion(time_ms)
        return Stance(
            _FURTHER * stance.yaw, _FURTHER * stance.pitch, stance.roll, stance.size, 2 * stance.x, 2 * stance.y
        )

    return at


def halftone(picture: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """As a printer gives it: dots of ink, less contrast, and the paper's own white."""
    drawn = np.random.default_rng(seed)
    angle, pitch = drawn.uniform(0.2, 1.2), drawn.uniform(2.2, 3.5)
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    turned = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    dots = np.cos(2 * np.pi * turned[0] / pitch) * np.cos(2 * np.pi * turned[1] / pitch)
    printed: NDArray[np.uint8] = np.clip(28 + 0.80 * picture.astype(np.float32) + 9.0 * dots[..., None], 0, 255).astype(
        np.uint8
    )
    return printed
