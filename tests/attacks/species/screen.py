"""What a display adds to what is shown on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attacks.heads import HEIGHT, WIDTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BEZEL = 26


def on_screen(picture: NDArray[np.uint8], time_ms: float, seed: int) -> NDArray[np.uint8]:
    """A picture of the whole view as a camera sees it on a display.

    Another gamma, a grid of pixels that interferes with the camera's own, bands that roll since the two are not in
    step, a reflection of a lamp, and the edge of the display.
    """
    drawn = np.random.default_rng(seed)
    gamma, angle, pitch = drawn.uniform(0.8, 1.25), drawn.uniform(-0.05, 0.05), drawn.uniform(2.03, 2.3)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    shown = 255.0 * (picture.astype(np.float32) / 255.0) ** gamma
    grid = np.cos(2 * np.pi * (x * np.cos(angle) + y * np.sin(angle)) / pitch)
    grid = grid + np.cos(2 * np.pi * (y * np.cos(angle) - x * np.sin(angle)) / pitch)
    band = 1.0 + 0.04 * np.sin(2 * np.pi * (y / HEIGHT * 1.7 + time_ms / 430.0))
    lamp_x, lamp_y = drawn.uniform(0, WIDTH), drawn.uniform(0, HEIGHT / 3)
    lamp = 60.0 * np.exp(-((x - lamp_x) ** 2 + (y - lamp_y) ** 2) / 2500.0)
    shown = shown * band[..., None] * (1.0 + 0.03 * grid[..., None]) + lamp[..., None]
    shown[:_BEZEL] = shown[-_BEZEL:] = 18.0
    shown[:, :_BEZEL] = shown[:, -_BEZEL:] = 18.0
    seen: NDArray[np.uint8] = np.clip(shown + 0.5, 0, 255).astype(np.uint8)
    return seen
