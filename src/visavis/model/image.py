"""Images as the stages see them, and why one is refused."""

from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from visavis.model.errors import ImageRefused, Kind

MAX_BYTES: Final = 12 * 1024 * 1024
"""Largest file accepted, in bytes; phones write 3 to 10 MiB."""

MAX_PIXELS: Final = 50_000_000
"""Most pixels accepted, from the header, before anything is decoded: a 48-megapixel phone photo fits."""

FRAME_PIXELS: Final = 4096 * 3072
"""Most pixels a ``Frame`` has; a photo with more is halved until it fits. It is what a 12-megapixel camera writes, and
a quarter of ``MAX_PIXELS``, so that halving once is enough; a face in a hundredth of it is still three times as wide as
what the embedder sees. It bounds what a photo takes in memory to 38 MB."""

FORMATS: Final = "JPEG, PNG, WebP, HEIC or AVIF"
"""What is taken, as people are told."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One upright picture without metadata.

    ``pixels`` has shape (height, width, 3), dtype uint8, channels red, green, blue, 0-255 in sRGB; height times width
    is at most ``FRAME_PIXELS``.
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

    size: tuple[int, int] = (0, 0)
    """Width and height, as the photo announces them."""

    @classmethod
    def of(cls, width: int, height: int) -> Self:
        """The refusal of a photo that announces ``width`` x ``height`` pixels."""
        refusal = cls(f"The photo has {width} x {height} pixels.")
        refusal.size = (width, height)
        return refusal


class ImageFormatUnsupported(ImageRefused):
    """Not one of the formats we decode."""

    code = "image_format_unsupported"
    mend = f"Send a {FORMATS} photo."


class ImageAnimated(ImageRefused):
    """Several pictures in one file: a film is not a photo."""

    code = "image_animated"
    mend = "Send one still photo, not an animation."


class ImageUnreadable(ImageRefused):
    """Broken, truncated or hostile."""

    code = "image_unreadable"
    mend = "The file is damaged: take or export the photo again."


class ImageTooDemanding(ImageRefused):
    """Decoding it takes more time or memory than a photo needs."""

    code = "image_too_demanding"
    mend = "Export the photo again as an ordinary JPEG, or take another."


class DecoderUnavailable(ImageRefused):
    """The photo was not looked at: no process to decode it in was to be had."""

    code = "decoder_unavailable"
    kind = Kind.UNAVAILABLE
    mend = "Try again in a moment; if it stays, the operator runs 'visavis doctor' on the server."
