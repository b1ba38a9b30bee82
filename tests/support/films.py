"""What a camera shows, made from the demo's portraits: files that Chromium's fake camera plays over and over."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from PIL import Image, ImageFilter

from support.reader import PORTRAITS

FACES: Final = {
    "obama.jpg": (372, 89, 231, 337),
    "obama2.jpg": (202, 245, 278, 386),
    "biden.jpg": (430, 182, 275, 381),
}
"""Where the face is: left, top, width and height in pixels."""

STRAIGHT: Final = "obama.jpg"
TURNED_RIGHT: Final = "obama2.jpg"
"""Turned a little to the person's own right."""
SOMEBODY_ELSE: Final = "biden.jpg"

LINES: Final = 720
_OVAL: Final = 0.54
"""Width of the oval, in heights of a picture that is wider than high: ``oval`` in ``browser/src/capture/guide.ts``."""


def placed(
    picture: Image.Image,
    name: str,
    *,
    fills: float = 0.72,
    at: tuple[float, float] = (0.5, 0.5),
    mirrored: bool = False,
) -> Image.Image:
    """``picture`` with the portrait ``name`` pasted into it.

    :param fills: width of the face, in widths of the oval.
    :param at: middle of the face, in widths and heights of the picture.
    :raises pytest.skip.Exception: the portraits are not on this machine.
    """
    if not (PORTRAITS / name).is_file():
        pytest.skip(f"There is no {PORTRAITS / name}: 'make demo' fetches it.")
    left, top, width, height = FACES[name]
    with Image.open(PORTRAITS / name) as opened:
        portrait = opened.convert("RGB")
    if mirrored:
        portrait = portrait.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        left = portrait.width - left - width
    factor = fills * _OVAL * picture.height / width
    portrait = portrait.resize((round(portrait.width * factor), round(portrait.height * factor)))
    middle = ((left + width / 2) * factor, (top + height / 2) * factor)
    whole = picture.copy()
    whole.paste(portrait, (round(at[0] * picture.width - middle[0]), round(at[1] * picture.height - middle[1])))
    return whole


def wall(*, lines: int = LINES, grey: int = 128) -> Image.Image:
    """A picture 16:9 of nothing but a wall."""
    return Image.new("RGB", (lines * 16 // 9, lines), (grey, grey, grey))


def dimmed(picture: Image.Image, light: float) -> Image.Image:
    """``picture`` with so much of its light."""
    return picture.point(lambda value: round(value * light))


def blurred(picture: Image.Image, pixels: float) -> Image.Image:
    """``picture`` out of focus."""
    return picture.filter(ImageFilter.GaussianBlur(pixels))


def turning_head() -> list[Image.Image]:
    """Straight ahead, to the left, to the right: at one picture a second, each is long enough to be held."""
    left, right = (placed(wall(lines=360), TURNED_RIGHT, mirrored=is_left) for is_left in (True, False))
    seen = [placed(wall(lines=360), STRAIGHT), left, right]
    return [picture for picture in seen for _ in range(6)]


def film(path: Path, pictures: Sequence[Image.Image], *, per_second: int = 10) -> Path:
    """Write ``pictures`` as YUV4MPEG2, which is what the fake camera reads, and nothing more than planes of pixels."""
    width, height = pictures[0].size
    with path.open("wb") as file:
        file.write(b"YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420\n" % (width, height, per_second))
        for picture in pictures:
            luma, blue, red = (np.asarray(plane, np.float32) for plane in picture.convert("YCbCr").split())
            # Video has black at 16 and white at 235; JPEG's planes go from 0 to 255.
            file.write(b"FRAME\n" + np.round(16 + luma * 219 / 255).astype(np.uint8).tobytes())
            for plane in (blue, red):
                half = plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
                file.write(np.round(128 + (half - 128) * 224 / 255).astype(np.uint8).tobytes())
    return path
