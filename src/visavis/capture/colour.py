"""Any colour mode and profile to sRGB."""

import io
from typing import Final

import numpy as np
from PIL import Image, ImageCms

_SRGB: Final = ImageCms.createProfile("sRGB")


def to_srgb(image: Image.Image) -> Image.Image:
    """``image`` in mode RGB with sRGB colours; transparency is laid on white, 16-bit greys keep their high byte.

    A colour profile that does not parse, or that is for another colour mode than the picture's, is ignored, as
    browsers do: a shift in colour is no reason to send somebody away.

    :param image: a loaded image of any mode that JPEG and PNG can hold.
    """
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        overlay = image.convert("RGBA")
        image = Image.new("RGBA", overlay.size, "white")
        image.alpha_composite(overlay)
    if profile and image.mode in {"RGB", "RGBA", "P", "CMYK"}:
        image = _apply(profile, image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _apply(profile: bytes, image: Image.Image) -> Image.Image:
    if image.mode != "CMYK":
        image = image.convert("RGB")
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        # Most files say sRGB; the transform would only cost time and rounding.
        if source.profile.profile_description and source.profile.profile_description.startswith("sRGB"):
            return image
        changed = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return changed if changed is not None else image
