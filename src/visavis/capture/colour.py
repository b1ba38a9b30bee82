"""Any colour mode and profile to sRGB."""

import io
import struct
from typing import Final

import numpy as np
from PIL import Image, ImageCms

_SRGB: Final = ImageCms.createProfile("sRGB")

_SPACES: Final = {"L": "GRAY", "RGB": "RGB ", "CMYK": "CMYK"}
"""The colour space that a profile must be for, by the mode of what it is applied to."""

# ISO/IEC 23091-2, table 2: chromaticities x and y of red, green and blue, adapted to the D50 of profiles and given as
# XYZ by ICC.1, annex E (the values are those of the profiles that phones and cameras embed).
_PRIMARIES: Final = {
    9: ("BT.2020", (0.67348, 0.27904, -0.00194), (0.16566, 0.67534, 0.02998), (0.12505, 0.04561, 0.79686)),
    12: ("Display P3", (0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)),
}
_D50: Final = (0.96420, 1.0, 0.82491)


def flat(image: Image.Image) -> Image.Image:
    """``image`` in mode L, RGB or CMYK; transparency is laid on white, 16-bit greys keep their high byte.

    :param image: a loaded image of any mode that the formats we decode can hold.
    """
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
    is_grey = image.mode in {"1", "L", "LA", "La"}
    if image.has_transparency_data:
        overlay = image.convert("RGBA") if image.mode != "La" else image.convert("LA").convert("RGBA")
        image = Image.new("RGBA", overlay.size, "white")
        image.alpha_composite(overlay)
    if is_grey:
        return image if image.mode == "L" else image.convert("L")
    return image if image.mode in _SPACES else image.convert("RGB")


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """``image`` in mode RGB with sRGB colours.

    A colour profile that does not parse, or that is for another colour mode than the picture's, is ignored, as
    browsers do: a shift in colour is no reason to send somebody away.

    :param image: a flat image.
    :param profile: the ICC profile that came with it, if any.
    """
    if profile:
        image = _apply(profile, image)
    return image if image.mode == "RGB" else image.convert("RGB")


def profile_of(primaries: int | None) -> bytes | None:
    """An ICC profile for the colour primaries that a file names without a profile of its own.

    The curve is sRGB's, whatever the file says of it: a face is recognised as well on a picture that is a little too
    bright, and the curves of high dynamic range would need to know the screen.

    :param primaries: the code of ISO/IEC 23091-2. :returns: None where sRGB's are as good a guess as any.
    """
    if primaries not in _PRIMARIES:
        return None
    name, red, green, blue = _PRIMARIES[primaries]
    # IEC 61966-2-1 as a parametric curve of type 3: gamma, a, b, c, d.
    curve = b"para" + bytes(4) + struct.pack(">HH", 3, 0) + _fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    text = name.encode("utf-16-be")
    title = b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(text), 28) + text
    tags = {b"desc": title, b"cprt": title, b"wtpt": _xyz(_D50)}
    tags |= {b"rXYZ": _xyz(red), b"gXYZ": _xyz(green), b"bXYZ": _xyz(blue)}
    tags |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    return _packed(tags)


def _apply(profile: bytes, image: Image.Image) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space != _SPACES[image.mode]:
            return image
        # Most files say sRGB; the transform would only cost time and rounding.
        if source.profile.profile_description and source.profile.profile_description.startswith("sRGB"):
            return image
        changed = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return changed if changed is not None else image


def _packed(tags: dict[bytes, bytes]) -> bytes:
    """A display profile of version 4 (ICC.1:2022, 7)."""
    place = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += struct.pack(">4sII", name, place + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    kinds = struct.pack(">4s4s4s4s", bytes.fromhex("04300000"), b"mntr", b"RGB ", b"XYZ ")
    head = struct.pack(">I4x", place + len(body)) + kinds + struct.pack(">12x4s28x", b"acsp") + _fixed(*_D50)
    return head.ljust(128, b"\0") + table + body


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(*values)


def _fixed(*values: float) -> bytes:
    """Numbers as ICC profiles write them (s15Fixed16Number)."""
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))
