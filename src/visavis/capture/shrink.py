"""Large pictures made small enough, in bounded memory."""

from typing import Final

from PIL import Image

from visavis.capture.colour import flat
from visavis.model.image import FRAME_PIXELS

_STRIP_ROWS: Final = 256
"""Rows of the small picture that are made at once."""


def halvings(width: int, height: int) -> int:
    """By how much both sides are divided for a frame: the smallest power of two that is enough."""
    factor = 1
    while -(-width // factor) * -(-height // factor) > FRAME_PIXELS:
        factor *= 2
    return factor


def shrunk(image: Image.Image) -> Image.Image:
    """``image`` flat, and of at most ``FRAME_PIXELS`` pixels.

    What is small enough is not touched. Of a larger one, every pixel of the result is the mean of a square. It is made
    strip by strip: transparency, palettes and 16 bits each need a copy, which would otherwise be of the whole picture.

    :param image: a loaded image of any mode.
    """
    factor = halvings(image.width, image.height)
    if factor == 1:
        return flat(image)
    small: Image.Image | None = None
    for top in range(0, image.height, _STRIP_ROWS * factor):
        bottom = min(image.height, top + _STRIP_ROWS * factor)
        strip = flat(image.crop((0, top, image.width, bottom))).reduce(factor)
        if small is None:
            small = Image.new(strip.mode, (strip.width, -(-image.height // factor)))
        small.paste(strip, (0, top // factor))
    if small is None:
        raise ValueError
    return small
