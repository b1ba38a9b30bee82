"""Images as the stages see them, and why one is refused."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.model.errors import ImageRefused, Kind

MAX_BYTES: Final = 12 * 1024 * 1024
"""Largest file accepted, in bytes; phones write 3 to 10 MiB."""

MAX_PIXELS: Final = 50_000_000
"""Most pixels accepted, from the header, before anything is decoded: a 48-megapixel phone photo fits."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One upright picture without metadata.

    ``pixels`` has shape (height, width, 3), dtype uint8, channels red, green, blue, 0-255 in sRGB.
    """

    pixels: NDArray[np.uint8] = field(repr=False)

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.pixels.shape[0])


class ImageTooLarge(ImageRefused):
    """More bytes than a photograph needs."""

    code = "image_too_large"
    kind = Kind.TOO_LARGE
    mend = "Send a smaller photo: at most 12 MiB."


class TooManyPixels(ImageRefused):
    """The header announces more pixels than we decode."""

    code = "too_many_pixels"
    kind = Kind.TOO_LARGE
    mend = "Send a photo of at most 50 megapixels."


class ImageFormatUnsupported(ImageRefused):
    """Not one of the formats we decode."""

    code = "image_format_unsupported"
    mend = "Send a JPEG or PNG photo."


class ImageAnimated(ImageRefused):
    """Several pictures in one file: a film is not a photo."""

    code = "image_animated"
    mend = "Send one still photo, not an animation."


class ImageUnreadable(ImageRefused):
    """Broken, truncated or hostile."""

    code = "image_unreadable"
    mend = "The file is damaged: take or export the photo again."
