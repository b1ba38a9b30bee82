"""Untrusted bytes to one upright picture.

Pillow does the parsing, kept to two formats. Whatever it raises on hostile bytes becomes a named refusal here,
so that nothing behind this door meets a broken file.
"""

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np
from PIL import Image

from visavis.capture.colour import to_srgb
from visavis.model.image import (
    MAX_BYTES,
    MAX_PIXELS,
    Frame,
    ImageAnimated,
    ImageFormatUnsupported,
    ImageTooLarge,
    ImageUnreadable,
    TooManyPixels,
)

_SIGNATURES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")

_ORIENTATION_TAG: Final = 0x0112

# Exif 2.32, 4.6.4.A: what to do with the stored picture to see it upright. 1, and any value the standard does not
# know, means as stored.
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_MAX_SCANS: Final = 100
"""Most scans in a JPEG. Progressive photos have about ten; each scan is a pass over all pixels, so that a few
kilobytes of empty ones could hold a core for minutes (libjpeg-turbo, "Two Issues with the JPEG Standard")."""

_START_OF_SCAN: Final = b"\xff\xda"


def decode(photo: bytes) -> Frame:
    """The picture in ``photo``, upright and in sRGB, without any metadata.

    1. At most ``MAX_BYTES`` bytes.
    2. A JPEG or PNG signature, then a header that says the same; no more scans than a camera writes.
    3. At most ``MAX_PIXELS`` pixels announced, before any pixel is decoded.
    4. One picture, not an animation. Of a JPEG that carries more (a depth or gain map) the first is taken.
    5. All pixels decode.
    6. The Exif orientation is applied, the colour profile too, transparency is laid on white; everything else a
       file can carry is dropped.

    :param photo: the bytes of one JPEG or PNG file.
    :raises ImageTooLarge: check 1.
    :raises ImageFormatUnsupported: the signature of check 2.
    :raises TooManyPixels: check 3.
    :raises ImageAnimated: check 4.
    :raises ImageUnreadable: the file is truncated, damaged or hostile.
    """
    # 1
    if len(photo) > MAX_BYTES:
        raise ImageTooLarge(f"The file has {len(photo)} bytes.")
    # 2
    if not photo.startswith(_SIGNATURES):
        raise ImageFormatUnsupported
    if photo.startswith(_SIGNATURES[0]) and photo.count(_START_OF_SCAN) > _MAX_SCANS:
        raise ImageUnreadable
    try:
        return _decode(photo)
    except (TooManyPixels, ImageAnimated):
        raise
    except Image.DecompressionBombError:
        # Pillow's own pixel limit is above ours and comes first for the very largest.
        raise TooManyPixels from None
    except Exception:  # noqa: BLE001 -- hostile bytes make a parser raise nearly anything; none of it may pass here
        # "from None": the parser's message can quote the file, and nothing of a photo belongs in a log.
        raise ImageUnreadable from None


def _decode(photo: bytes) -> Frame:
    with _quietly():
        image: Image.Image = Image.open(io.BytesIO(photo), formats=("JPEG", "PNG"))
    # 3
    if image.width * image.height > MAX_PIXELS:
        raise TooManyPixels(f"The photo has {image.width} x {image.height} pixels.")
    # 4
    if image.format == "PNG" and getattr(image, "is_animated", False):
        raise ImageAnimated
    # 5
    image.load()
    # 6
    with _quietly():
        orientation = image.getexif().get(_ORIENTATION_TAG)
    image = to_srgb(image)
    if orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[orientation])
    return Frame(pixels=np.array(image, dtype=np.uint8))


_warning_filters = threading.Lock()


@contextmanager
def _quietly() -> Iterator[None]:
    """Pillow warns of odd metadata, which we drop anyhow; a stranger's file must not write into our log.

    The filters of the warnings module are global to the process, so one thread at a time may swap them.
    """
    with _warning_filters, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
