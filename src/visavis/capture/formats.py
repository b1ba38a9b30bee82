"""Which format a file claims to be, from its first bytes."""

from enum import Enum
from typing import Final

from visavis.model.image import ImageAnimated, ImageFormatUnsupported

_BRANDS_READ: Final = 64
"""Brands looked at; phones write about ten."""


class Format(Enum):
    """The formats that are decoded."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WebP"
    HEIC = "HEIC"
    AVIF = "AVIF"


_SEQUENCES: Final = frozenset({b"avis", b"hevc", b"hevx", b"hevm", b"hevs", b"msf1"})
"""Major brands of films in HEIF files (ISO/IEC 23008-12, annex B; AV1 Image File Format, 6.3)."""

_HEIC: Final = frozenset({b"heic", b"heix", b"heim", b"heis"})
_AVIF: Final = frozenset({b"avif"})
_EITHER: Final = frozenset({b"mif1", b"mif2", b"miaf"})
"""Brands that leave open what the picture is coded with."""


def format_of(photo: bytes) -> Format:
    """What the signature says; whether the rest is that is for the decoder to find out.

    :raises ImageFormatUnsupported: no format that is decoded.
    :raises ImageAnimated: a film in a format that is decoded.
    """
    if photo.startswith(b"\xff\xd8\xff"):
        return Format.JPEG
    if photo.startswith(b"\x89PNG\r\n\x1a\n"):
        return Format.PNG
    if photo[:4] == b"RIFF" and photo[8:12] == b"WEBP":
        return Format.WEBP
    if photo[4:8] == b"ftyp":
        return _coded_with(photo)
    raise ImageFormatUnsupported


def _coded_with(photo: bytes) -> Format:
    """HEIC or AVIF, by the brands (ISO/IEC 14496-12, 4.3): the major one counts most."""
    major = photo[8:12]
    if major in _SEQUENCES:
        raise ImageAnimated
    end = min(int.from_bytes(photo[:4]), 16 + 4 * _BRANDS_READ)
    compatible = {photo[place : place + 4] for place in range(16, end - 3, 4)}
    for brands in ({major}, compatible if major in _EITHER else set()):
        if brands & _HEIC:
            return Format.HEIC
        if brands & _AVIF:
            return Format.AVIF
    raise ImageFormatUnsupported
