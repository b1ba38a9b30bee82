"""A square cut out of a frame, turned and scaled."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visavis.model.image import Frame


def cut(frame: Frame, *, turn: complex, shift: complex, side: int) -> NDArray[np.uint8]:
    """The square whose point x + iy lies in ``frame`` at turn * (x + iy) + shift; pixel centres count from 0.

    :param side: width and height of what is returned, pixels.
    :returns: shape (side, side, 3), uint8, red, green, blue; black where the square reaches outside the picture.
    """
    left, top, right, bottom = _box(turn, shift, frame, side)
    if right <= left or bottom <= top:
        return np.zeros((side, side, 3), dtype=np.uint8)
    part = Image.fromarray(np.ascontiguousarray(frame.pixels[top:bottom, left:right]))
    # Bilinear sampling looks at four pixels; of a face much larger than the square it would skip the rest and alias.
    factor = max(1, int(abs(turn)))
    if factor > 1:
        part = part.reduce(factor)
    # Landmarks count pixel centres from 0, Pillow from 0.5: with p the former, Pillow's input and output are p + 0.5.
    turn, shift = turn / factor, (shift - complex(left, top) + (0.5 + 0.5j)) / factor
    shift -= turn * (0.5 + 0.5j)
    coefficients = (turn.real, -turn.imag, shift.real, turn.imag, turn.real, shift.imag)
    seen = part.transform((side, side), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)
    return np.array(seen, dtype=np.uint8)


def _box(turn: complex, shift: complex, frame: Frame, side: int) -> tuple[int, int, int, int]:
    """The part of the frame that the square can see, with a margin for interpolation: left, top, right, bottom."""
    corners = [turn * corner + shift for corner in (0, side, side * 1j, side * (1 + 1j))]
    margin = 2 + 2 * abs(turn)
    across, down = [c.real for c in corners], [c.imag for c in corners]
    left, right = (round(min(max(x, 0), frame.width)) for x in (min(across) - margin, max(across) + margin))
    top, bottom = (round(min(max(y, 0), frame.height)) for y in (min(down) - margin, max(down) + margin))
    return left, top, right, bottom
