"""A head in three dimensions from one frontal photo, so that how it is turned is known.

The photo is laid over the depth that the landmarker gives its points, and over a skull that is made up around them.
That is a crude head, and yet what the judge measures of it moves as it does of a real one: the nose before the ears.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageFilter

from visavis.quality.view import LEFT_EYE, OVAL, RIGHT_EYE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from visavis.model.mesh import Mesh

WIDTH: Final = 640
HEIGHT: Final = 480
EYES: Final = 72.0
"""Pixels between the centres of the eyes of a head at rest."""
CAMERA: Final = 9.5
"""How far away it is then, in distances between the eyes: 60 cm."""
PIVOT: Final = (0.0, 1.6, 1.3)
"""About what it turns, from the middle between the eyes: x to the picture's right, y down, z away from the camera."""
LIDS: Final = (
    ((246, 7), (161, 163), (160, 144), (159, 145), (158, 153), (157, 154), (173, 155)),
    ((466, 249), (388, 390), (387, 373), (386, 374), (385, 380), (384, 381), (398, 382)),
)
"""Of each eye, points of the upper lid and those of the lower one beneath them."""
RINGS: Final = ((0.18, 0.30), (0.42, 0.95), (0.75, 1.9))
"""How far a made-up ring lies outside the face, in its half width, and how much further back, in eye distances."""
_INSIDE: Final = 0.98
_ABOVE: Final = 0.06
"""How far above the upper lid a lid's own skin begins, in eye distances."""
_LASHES: Final = 0.12
"""How thick lashes are, in heights of the eye."""
_STEP: Final = 0.012
"""Distance of two samples of the surface, in eye distances: nearer than pixels of a head that came closer."""


@dataclass(frozen=True)
class Stance:
    """How a head is held: degrees as in ``Pose``, as it is at rest being 0.

    ``size`` is how large it is, 1 at rest; ``x`` and ``y`` how far from the middle, in pixels; ``eyes`` how far they
    are open, 0 to 1.
    """

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    size: float = 1.0
    x: float = 0.0
    y: float = 0.0
    eyes: float = 1.0


@dataclass(frozen=True)
class Head:
    """Samples of a surface.

    ``places`` are in eye distances from the middle between the eyes, shape (n, 3), ``colours`` 0 to 255, shape (n, 3).
    ``lids`` says how far down the eye a sample of it lies, from 0, above the upper lid, to 1, the lower one; NaN
    elsewhere. ``skin`` is the colour of a lid, shape (n, 3).
    """

    places: NDArray[np.float32] = field(repr=False)
    colours: NDArray[np.float32] = field(repr=False)
    lids: NDArray[np.float32] = field(repr=False)
    skin: NDArray[np.float32] = field(repr=False)

    @staticmethod
    def of(picture: NDArray[np.uint8], mesh: Mesh, *, depth: float = 1.0) -> Head:
        """The head in ``picture``, which looks straight ahead, by its points.

        :param depth: 1 for a head, 0 for a flat picture of one.
        """
        points = mesh.points.astype(np.float64)
        eyes = np.stack([points[list(eye)].mean(axis=0) for eye in (LEFT_EYE, RIGHT_EYE)])
        unit = float(np.linalg.norm(eyes[1, :2] - eyes[0, :2]))
        middle = eyes.mean(axis=0)
        face = (points - middle) / unit
        known = np.concatenate([face, _skull(face)])
        across, down = np.abs(known[:, :2]).max(axis=0)
        flat, back = _surface(known, float(across), float(down))
        colours = _sampled(picture, flat * unit + middle[:2])
        lids, skin = np.full(len(flat), np.nan, np.float32), colours.copy()
        for pairs, corners in zip(LIDS, (LEFT_EYE, RIGHT_EYE), strict=True):
            _lid(flat, colours, face, (pairs, corners), lids, skin)
        places = np.concatenate([flat, back * depth], axis=1)
        return Head(places.astype(np.float32), colours, lids, skin)

    def seen(self, stance: Stance, background: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A picture of the head before ``background``, shape (480, 640, 3)."""
        pivot = np.array(PIVOT, np.float32)
        turned = (self.places - pivot) @ rotation(stance).T.astype(np.float32) + pivot
        away = CAMERA / stance.size
        scale = EYES * CAMERA / np.maximum(away + turned[:, 2], 0.5)
        column = np.rint(turned[:, 0] * scale + WIDTH / 2 + stance.x).astype(np.int64)
        row = np.rint(turned[:, 1] * scale + HEIGHT * 0.46 + stance.y).astype(np.int64)
        inside = (column >= 0) & (column < WIDTH) & (row >= 0) & (row < HEIGHT)
        order = _farthest_first(turned[inside, 2])
        row, column, colours = row[inside][order], column[inside][order], self._coloured(stance.eyes)[inside][order]
        # Each sample covers its neighbours as well, so that no pixel of the surface stays without one; what is written
        # last is nearest. A pixel's three colours are one number meanwhile: that writes once in place of three times.
        rows = np.minimum(row[:, None] + (1, 1, 0, 0), HEIGHT - 1)
        columns = np.minimum(column[:, None] + (1, 0, 1, 0), WIDTH - 1)
        shown = _packed(background)
        shown.reshape(-1)[(rows * WIDTH + columns).ravel()] = np.repeat(_packed(_levels(colours)), 4)
        seen: NDArray[np.uint8] = np.stack([(shown >> shift).astype(np.uint8) for shift in (16, 8, 0)], axis=-1)
        return seen

    def _coloured(self, opened: float) -> NDArray[np.float32]:
        """The colours with the lids that far down, and lashes at their edges."""
        shut = 1.0 - opened
        if shut <= 0.0:
            return self.colours
        below = np.nan_to_num(self.lids, nan=2.0)
        colours = np.where((below < shut)[:, None], self.skin, self.colours)
        lashes = np.abs(below - shut) < _LASHES
        colours[lashes] = self.skin[lashes] * 0.35
        return colours


def rotation(stance: Stance) -> NDArray[np.float64]:
    """The rotation of a head, shape (3, 3): first the tilt, then up or down, then to the side."""
    yaw, pitch, roll = np.radians([stance.yaw, stance.pitch, stance.roll])
    aside = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    up = np.array([[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]])
    tilt = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    turned: NDArray[np.float64] = aside @ up @ tilt
    return turned


def room(seed: int) -> NDArray[np.uint8]:
    """A background: a wall with light that falls off, and some things before it."""
    drawn = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(-1, 1, WIDTH), np.linspace(-1, 1, HEIGHT))
    wall = drawn.uniform(110, 190, 3)[None, None] * (1 - 0.25 * (x * drawn.uniform(-1, 1) + y * 0.5))[..., None]
    picture = Image.fromarray(np.clip(wall, 0, 255).astype(np.uint8))
    for _ in range(9):
        size = drawn.integers(30, 160, 2)
        left, top = int(drawn.integers(0, WIDTH)), int(drawn.integers(0, HEIGHT))
        picture.paste(tuple(int(c) for c in drawn.integers(40, 220, 3)), (left, top, left + size[0], top + size[1]))
    return np.asarray(picture.filter(ImageFilter.GaussianBlur(4)))


def _farthest_first(away: NDArray[np.float32]) -> NDArray[np.int64]:
    """The order by depth, of equals by place: as a stable sort of ``-away``, in an eighth of its time."""
    bits = (np.float32(0.0) - away).view(np.uint32)
    ascending = np.where(bits >> 31, ~bits, bits | 0x80000000).astype(np.uint64)
    keys = ascending << np.uint64(32) | np.arange(len(away), dtype=np.uint64)
    keys.sort()
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _levels(colours: NDArray[np.float32]) -> NDArray[np.uint8]:
    levels: NDArray[np.uint8] = np.clip(colours + 0.5, 0, 255).astype(np.uint8)
    return levels


def _packed(levels: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Red, green and blue of each pixel as one number."""
    red, green, blue = (levels[..., place].astype(np.uint32) for place in range(3))
    return np.asarray(red << 16 | green << 8 | blue, np.uint32)


def _skull(known: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points around the face, further and further back."""
    outline = known[list(OVAL)]
    middle = outline.mean(axis=0)
    half = float(np.ptp(outline[:, 0])) / 2
    rings = []
    for out, back in RINGS:
        away = outline[:, :2] - middle[:2]
        length = np.linalg.norm(away, axis=1, keepdims=True)
        ring = outline.copy()
        ring[:, :2] += away / length * out * half
        ring[:, 2] += back
        rings.append(ring)
    return np.concatenate(rings)


def _lid(
    flat: NDArray[np.float64],
    colours: NDArray[np.float32],
    face: NDArray[np.float64],
    eye: tuple[tuple[tuple[int, int], ...], tuple[int, int]],
    lids: NDArray[np.float32],
    skin: NDArray[np.float32],
) -> None:
    """Fill in what a lid that goes down covers, and with which colour."""
    pairs, corners = eye
    upper = face[[corners[0], *(pair[0] for pair in pairs), corners[1]], :2]
    lower = face[[corners[0], *(pair[1] for pair in pairs), corners[1]], :2]
    upper, lower = upper[np.argsort(upper[:, 0])], lower[np.argsort(lower[:, 0])]
    top = np.interp(flat[:, 0], upper[:, 0], upper[:, 1]) - _ABOVE
    bottom = np.interp(flat[:, 0], lower[:, 0], lower[:, 1]) + 0.01
    across = (flat[:, 0] > upper[0, 0]) & (flat[:, 0] < upper[-1, 0])
    part = (flat[:, 1] - top) / np.maximum(bottom - top, 1e-3)
    inside = across & (part >= 0) & (part <= 1)
    lids[inside] = part[inside]
    above = across & (flat[:, 1] < top) & (flat[:, 1] > top - _ABOVE)
    skin[inside] = np.median(colours[above], axis=0)


def _surface(known: NDArray[np.float64], across: float, down: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places all over an ellipse, shape (n, 2), and how far back the surface is there, shape (n, 1)."""
    coarse = 4 * _STEP
    x, y = np.arange(-across, across + coarse, coarse), np.arange(-down, down + coarse, coarse)
    grid = np.stack([part.ravel() for part in np.meshgrid(x, y)], axis=1)
    back = _interpolated(grid, known[:, :2], known[:, 2:]).reshape(len(y), len(x))
    x, y = np.meshgrid(np.arange(-across, across, _STEP), np.arange(-down, down, _STEP))
    flat = np.stack([x.ravel(), y.ravel()], axis=1)
    flat = flat[np.hypot(flat[:, 0] / across, flat[:, 1] / down) < _INSIDE]
    column, row = ((flat + np.array([across, down])) / coarse).T
    left, top = column.astype(np.int64), row.astype(np.int64)
    right, below = column - left, row - top
    upper = back[top, left] * (1 - right) + back[top, left + 1] * right
    lower = back[top + 1, left] * (1 - right) + back[top + 1, left + 1] * right
    return flat, (upper * (1 - below) + lower * below)[:, None]


def _interpolated(
    at: NDArray[np.float64], known: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Means of what is known around each place, the nearest weighing most (Shepard, ACM 1968)."""
    found = np.empty((len(at), values.shape[1]))
    for begin in range(0, len(at), 4096):
        some = at[begin : begin + 4096]
        squared = ((some[:, None] - known[None]) ** 2).sum(axis=2) + 1e-6
        weights = 1.0 / (squared * squared * np.sqrt(squared))
        found[begin : begin + 4096] = weights @ values / weights.sum(axis=1, keepdims=True)
    return found


def _sampled(picture: NDArray[np.uint8], at: NDArray[np.float64]) -> NDArray[np.float32]:
    """Colours at places of a picture, between pixels."""
    height, width = picture.shape[:2]
    x, y = np.clip(at[:, 0], 0, width - 1.001), np.clip(at[:, 1], 0, height - 1.001)
    column, row = x.astype(np.int64), y.astype(np.int64)
    right, down = (x - column)[:, None], (y - row)[:, None]
    source = picture.astype(np.float64)
    top = source[row, column] * (1 - right) + source[row, column + 1] * right
    bottom = source[row + 1, column] * (1 - right) + source[row + 1, column + 1] * right
    return (top * (1 - down) + bottom * down).astype(np.float32)
