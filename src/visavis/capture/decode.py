"""Untrusted bytes to one upright picture.

Pillow and libheif do the parsing. Whatever they raise on hostile bytes becomes a named refusal here, so that nothing
behind this door meets a broken file. What they do to the process they run in, they should do elsewhere than in a
server: there this function runs in a worker process (``visavis.adapters.decoding``).
"""

import io
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np
import pillow_heif

# Named here, or Pillow would load every plugin it has to find these.
from PIL import AvifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from visavis.capture.announced import require_jpeg, require_pixels, require_png, require_webp
from visavis.capture.boxes import require_boxes
from visavis.capture.colour import profile_of, to_srgb
from visavis.capture.formats import Format, format_of
from visavis.capture.shrink import halvings, shrunk
from visavis.model.image import (
    MAX_BYTES,
    Frame,
    ImageAnimated,
    ImageTooDemanding,
    ImageTooLarge,
    ImageUnreadable,
    TooManyPixels,
)

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

_PLUGINS: Final[dict[Format, Callable[[io.BytesIO], Image.Image]]] = {
    Format.JPEG: JpegImagePlugin.JpegImageFile,
    Format.PNG: PngImagePlugin.PngImageFile,
    Format.WEBP: WebPImagePlugin.WebPImageFile,
    Format.AVIF: AvifImagePlugin.AvifImageFile,
}

# Several photos are decoded at once, each on one core: threads beneath them would only cost memory. Nothing but the
# picture itself is wanted.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
pillow_heif.options.DECODE_THREADS = 1
pillow_heif.options.THUMBNAILS = False
pillow_heif.options.DEPTH_IMAGES = False
pillow_heif.options.AUX_IMAGES = False


def decode(photo: bytes) -> Frame:
    """The picture in ``photo``, upright and in sRGB, without any metadata.

    1. At most ``MAX_BYTES`` bytes.
    2. The signature of a JPEG, PNG, WebP, HEIC or AVIF file; no more scans, chunks or items than a camera writes.
    3. At most ``MAX_PIXELS`` pixels announced, before any pixel is decoded.
    4. One picture, not an animation. Of a file that carries more (a depth or gain map, a burst) the first, or the one
       that the file calls primary, is taken.
    5. All pixels decode, and are as many as were announced. A picture of more than ``FRAME_PIXELS`` is made smaller:
       a JPEG while it is decoded, others right after.
    6. The orientation is applied, the colour profile too, transparency is laid on white; everything else a file can
       carry is dropped. HEIC and AVIF files state the orientation themselves, and what their Exif says of it does not
       count (ISO/IEC 23008-12, 6.5.10 and 6.5.12).

    :param photo: the bytes of one image file.
    :raises ImageTooLarge: check 1.
    :raises ImageFormatUnsupported: the signature of check 2.
    :raises TooManyPixels: check 3.
    :raises ImageAnimated: check 4.
    :raises ImageTooDemanding: there is not enough memory for it.
    :raises ImageUnreadable: the file is truncated, damaged or hostile.
    """
    # 1
    if len(photo) > MAX_BYTES:
        raise ImageTooLarge(f"The file has {len(photo)} bytes.")
    # 2
    form = format_of(photo)
    try:
        return _decode(photo, form)
    except (TooManyPixels, ImageAnimated):
        raise
    except Image.DecompressionBombError:
        # Pillow's own pixel limit is above ours and comes first for the very largest.
        raise TooManyPixels from None
    except MemoryError:
        raise ImageTooDemanding from None
    except Exception:  # noqa: BLE001 -- hostile bytes make a parser raise nearly anything; none of it may pass here
        # "from None": the parser's message can quote the file, and nothing of a photo belongs in a log.
        raise ImageUnreadable from None


def _decode(photo: bytes, form: Format) -> Frame:
    image, profile = _heic(photo) if form is Format.HEIC else _by_pillow(photo, form)
    # 5
    orientation = None if form is Format.HEIC else _orientation(image)
    image = shrunk(image)
    # 6
    image = to_srgb(image, profile)
    if orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[orientation])
    return Frame(pixels=np.array(image, dtype=np.uint8))


def _by_pillow(photo: bytes, form: Format) -> tuple[Image.Image, bytes | None]:
    """The loaded picture and its colour profile."""
    # 2, 3, 4
    primaries = None
    if form is Format.AVIF:
        primaries = require_boxes(photo)
    else:
        {Format.JPEG: require_jpeg, Format.PNG: require_png, Format.WEBP: require_webp}[form](photo)
    with _quietly():
        image = _PLUGINS[form](io.BytesIO(photo))
    require_pixels(image.width, image.height)
    if form is not Format.JPEG and getattr(image, "is_animated", False):
        raise ImageAnimated
    # 5
    factor = halvings(image.width, image.height)
    if form is Format.JPEG and factor > 1:
        image.draft(None, (image.width // factor, image.height // factor))
    announced = image.size
    image.load()
    if image.size != announced:
        raise ImageUnreadable
    return image, image.info.get("icc_profile") or profile_of(primaries)


def _heic(photo: bytes) -> tuple[Image.Image, bytes | None]:
    """The picture, turned as the file says, and its colour profile."""
    # 2, 3, 4
    primaries = require_boxes(photo)
    opened = pillow_heif.open_heif(photo)
    announced = opened.size
    require_pixels(*announced)
    # 5
    image = opened.to_pillow()
    if image.size != announced:
        raise ImageUnreadable
    return image, opened.info.get("icc_profile") or profile_of(primaries)


def _orientation(image: Image.Image) -> int | None:
    """What Exif says, or what stands in for it; damaged metadata says nothing."""
    try:
        with _quietly():
            orientation = image.getexif().get(_ORIENTATION_TAG)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 -- as above: nearly anything; a broken note is no broken picture
        return None
    return orientation if isinstance(orientation, int) else None


_warning_filters = threading.Lock()


@contextmanager
def _quietly() -> Iterator[None]:
    """Pillow warns of odd metadata, which we drop anyhow; a stranger's file must not write into our log.

    The filters of the warnings module are global to the process, so one thread at a time may swap them.
    """
    with _warning_filters, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
