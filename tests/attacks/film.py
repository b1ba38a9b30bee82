"""Films of heads that move, as a camera takes them."""

from __future__ import annotations

import io
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from attacks.heads import HEIGHT, WIDTH, Head, Stance, room
from visavis.model.challenge import Done

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from visavis.model.challenge import Challenge

NAMES: Final = ("yaw", "pitch", "roll", "size", "x", "y", "eyes")


@dataclass(frozen=True)
class Camera:
    """What a camera adds: noise that is fresh in each picture, light that drifts, and compression.

    ``noise`` is its standard deviation, 0 to 255; ``flicker`` by how much the light differs from picture to picture, as
    a share; ``quality`` that of the JPEG.
    """

    noise: float = 2.0
    flicker: float = 0.01
    quality: int = 88
    seed: int = 0


@dataclass(frozen=True)
class Film:
    """Pictures, shape (480, 640, 3), and when each was taken, milliseconds since the first."""

    at_ms: Sequence[int]
    pictures: Sequence[NDArray[np.uint8]] = field(repr=False)

    def files(self, camera: Camera) -> list[bytes]:
        """The pictures as a camera gives them: JPEG."""
        drawn = np.random.default_rng(camera.seed)
        return [_taken(picture, camera, drawn) for picture in self.pictures]


def keyed(keys: Sequence[tuple[float, Stance]]) -> Callable[[float], Stance]:
    """A motion through stances at their times, in milliseconds, as muscles go: with the least jerk between two."""
    times = np.array([at for at, _ in keys])
    values = np.array([[getattr(stance, name) for name in NAMES] for _, stance in keys])

    def at(time_ms: float) -> Stance:
        after = int(np.searchsorted(times, time_ms))
        if after in (0, len(times)):
            return keys[min(after, len(keys) - 1)][1]
        part = (time_ms - times[after - 1]) / (times[after] - times[after - 1])
        eased = part**3 * (10 - 15 * part + 6 * part**2)
        between = values[after - 1] + (values[after] - values[after - 1]) * eased
        return Stance(**dict(zip(NAMES, (float(value) for value in between), strict=True)))

    return at


def swaying(motion: Callable[[float], Stance], *, seed: int) -> Callable[[float], Stance]:
    """The same, by somebody who does not stand like a statue."""
    drawn = np.random.default_rng(seed)
    phases, speeds = drawn.uniform(0, 6.28, 5), drawn.uniform(0.6, 1.6, 5)
    sizes = np.array([1.2, 0.8, 0.7, 3.0, 2.0])

    def at(time_ms: float) -> Stance:
        stance = motion(time_ms)
        yaw, pitch, roll, x, y = sizes * np.sin(phases + speeds * time_ms / 1000.0)
        return replace(
            stance,
            yaw=stance.yaw + yaw,
            pitch=stance.pitch + pitch,
            roll=stance.roll + roll,
            x=stance.x + x,
            y=stance.y + y,
        )

    return at


DONE: Final = {
    "left": Stance(yaw=28),
    "right": Stance(yaw=-28),
    "up": Stance(pitch=15),
    "down": Stance(pitch=-16),
    "upper_left": Stance(yaw=19, pitch=11),
    "upper_right": Stance(yaw=-19, pitch=11),
    "lower_left": Stance(yaw=19, pitch=-12),
    "lower_right": Stance(yaw=-19, pitch=-12),
    "closer": Stance(size=1.32),
}
"""How far somebody goes who does what they are asked. A person's left is on a picture's right."""


def performed(steps: Sequence[Done], *, seed: int = 0, delay_ms: float = 300.0) -> Callable[[float], Stance]:
    """The motion of somebody who does every step in its time, and comes back to the middle."""
    rest = Stance()
    keys: list[tuple[float, Stance]] = [(0.0, rest)]
    for done in steps:
        begin = done.shown_ms + delay_ms
        end = max(done.done_ms, begin + 200.0)
        keys.append((begin, rest))
        if done.step.blinks:
            each = (end - begin) / done.step.blinks
            for number in range(done.step.blinks):
                at = begin + number * each
                keys += [(at + 0.25 * each, replace(rest, eyes=0.0)), (at + 0.65 * each, replace(rest, eyes=0.0))]
                keys.append((at + 0.95 * each, rest))
        else:
            keys += [(begin + 0.7 * (end - begin), DONE[done.step.value]), (end, DONE[done.step.value])]
            keys.append((end + 280.0, rest))
    return swaying(keyed(keys), seed=seed)


def filmed(
    head: Head, motion: Callable[[float], Stance], at_ms: Sequence[int], background: NDArray[np.uint8] | None = None
) -> Film:
    """A film of a head."""
    behind = room(1) if background is None else background
    return Film(tuple(at_ms), [head.seen(motion(at), behind) for at in at_ms])


def _taken(picture: NDArray[np.uint8], camera: Camera, drawn: np.random.Generator) -> bytes:
    light = 1.0 + camera.flicker * drawn.normal()
    noise = drawn.normal(0.0, camera.noise, (HEIGHT, WIDTH, 3)).astype(np.float32) if camera.noise else 0.0
    seen = np.clip(picture.astype(np.float32) * light + noise + 0.5, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(seen).save(file, "JPEG", quality=camera.quality)
    return file.getvalue()


def timed(challenge: Challenge, *, seed: int = 0) -> tuple[tuple[Done, ...], tuple[int, ...]]:
    """When a page shows the steps of a challenge to somebody who is quick at it, and when it takes frames."""
    drawn = np.random.default_rng(seed)
    steps: list[Done] = []
    at = 0
    for asked in challenge.steps:
        shown = at + asked.pause_ms + int(drawn.integers(20, 120))
        lasts = 500 + 800 * asked.step.blinks if asked.step.blinks else int(drawn.integers(1000, 1500))
        at = shown + lasts
        steps.append(Done(asked.step, shown, at))
    times = [0]
    while times[-1] < at + 150:
        eyes = any(done.step.blinks and done.shown_ms <= times[-1] <= done.done_ms for done in steps)
        times.append(times[-1] + (100 if eyes else 200) + int(drawn.integers(-12, 13)))
    return tuple(steps), tuple(times)
