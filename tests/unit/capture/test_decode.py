"""Untrusted bytes to one upright picture."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from visavis.capture.decode import decode
from visavis.model.image import (
    MAX_BYTES,
    MAX_PIXELS,
    ImageAnimated,
    ImageFormatUnsupported,
    ImageTooLarge,
    ImageUnreadable,
    TooManyPixels,
)


def corners() -> Image.Image:
    """Wider than high, each corner another colour, in blocks that survive JPEG."""
    image = Image.new("RGB", (64, 32))
    for colour, place in [("red", (0, 0)), ("lime", (32, 0)), ("blue", (0, 16)), ("white", (32, 16))]:
        image.paste(colour, (*place, place[0] + 32, place[1] + 16))
    return image


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, form, **options)
    return target.getvalue()


def oriented(image: Image.Image, form: str, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(image, form, exif=exif)


STORED_AS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", STORED_AS)
def test_every_orientation_comes_out_upright(orientation: int, form: str) -> None:
    turn = STORED_AS[orientation]
    stored = corners() if turn is None else corners().transpose(turn)
    frame = decode(oriented(stored, form, orientation))
    assert (frame.width, frame.height) == (64, 32)
    for colour, (x, y) in {(255, 0, 0): (8, 8), (0, 255, 0): (56, 8), (0, 0, 255): (8, 24)}.items():
        assert np.abs(frame.pixels[y, x].astype(int) - colour).max() <= 3


def test_an_orientation_the_standard_does_not_know_means_as_stored() -> None:
    assert decode(oriented(corners(), "PNG", 9)).width == 64


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("L", (4, 4), 200), (200, 200, 200)),
        (Image.new("1", (4, 4), 1), (255, 255, 255)),
        (Image.new("LA", (4, 4), (0, 0)), (255, 255, 255)),
        (Image.new("RGBA", (4, 4), (9, 8, 7, 255)), (9, 8, 7)),
        (Image.new("RGBA", (4, 4), (0, 0, 0, 0)), (255, 255, 255)),
        (Image.new("RGB", (4, 4), (9, 8, 7)).quantize(2), (9, 8, 7)),
        (Image.fromarray(np.full((4, 4), 0x8001, np.uint16)), (128, 128, 128)),
    ],
    ids=["grey", "bilevel", "grey-alpha", "opaque", "transparent", "palette", "grey-16"],
)
def test_every_png_mode_becomes_rgb(image: Image.Image, expected: tuple[int, int, int]) -> None:
    pixels = decode(saved(image, "PNG")).pixels
    assert pixels.shape == (4, 4, 3)
    assert pixels.dtype == np.uint8
    assert (pixels == expected).all()


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_every_jpeg_mode_becomes_rgb(mode: str) -> None:
    pixels = decode(saved(Image.new("RGB", (16, 16), (120, 120, 120)).convert(mode), "JPEG", quality=100)).pixels
    assert pixels.shape == (16, 16, 3)
    assert np.abs(pixels.astype(int) - 120).max() <= 3


def srgb_profile() -> bytes:
    return bytes(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())


def test_a_colour_profile_is_applied() -> None:
    # sRGB with the primaries of red and blue exchanged, under another name: what it calls red is our blue.
    exchanged = srgb_profile().replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")
    exchanged = exchanged.replace("sRGB".encode("utf-16-be"), "xRGB".encode("utf-16-be"))
    red = Image.new("RGB", (4, 4), "red")
    assert np.abs(decode(saved(red, "PNG", icc_profile=exchanged)).pixels.astype(int) - (0, 0, 255)).max() <= 2


@pytest.mark.parametrize("kind", ["sRGB", "LAB", "broken"])
def test_a_profile_that_changes_nothing_or_does_not_fit_leaves_the_colours_alone(kind: str) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    profile = {"sRGB": srgb_profile(), "LAB": lab, "broken": b"not a profile"}[kind]
    plain = decode(saved(corners(), "PNG")).pixels
    assert (decode(saved(corners(), "PNG", icc_profile=profile)).pixels == plain).all()


def test_of_a_jpeg_with_several_pictures_the_first_is_taken() -> None:
    both = saved(corners(), "MPO", save_all=True, append_images=[Image.new("RGB", (8, 8))])
    assert decode(both).width == 64


def test_too_many_bytes_are_refused_unread() -> None:
    with pytest.raises(ImageTooLarge):
        decode(b"\xff\xd8\xff" + bytes(MAX_BYTES))


@pytest.mark.parametrize("side", [int(MAX_PIXELS**0.5) + 1, 14_000, 2**31 - 1])
def test_too_many_pixels_are_refused_before_decoding(side: int) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    # There are no pixels in it: whoever tried to decode would fail otherwise.
    hollow = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    with pytest.raises(TooManyPixels):
        decode(hollow)


@pytest.mark.parametrize("form", ["GIF", "BMP", "TIFF", "WEBP", "PPM"])
def test_other_formats_are_refused(form: str) -> None:
    with pytest.raises(ImageFormatUnsupported):
        decode(saved(corners(), form))


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"GIF89a", b"<svg/>"])
def test_no_image_is_refused(content: bytes) -> None:
    with pytest.raises(ImageFormatUnsupported):
        decode(content)


def test_an_animation_is_refused() -> None:
    with pytest.raises(ImageAnimated):
        decode(saved(corners(), "PNG", save_all=True, append_images=[Image.new("RGB", (64, 32))]))


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_refused(form: str, share: float) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    whole = saved(Image.fromarray(noise), form)
    with pytest.raises(ImageUnreadable):
        decode(whole[: int(len(whole) * share)])


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    with pytest.raises(ImageUnreadable):
        decode(saved(corners(), "JPEG") + b"\xff\xda" * 200)


def test_what_the_parser_says_of_a_file_goes_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    def leak(*_: object, **__: object) -> Image.Image:
        raise ValueError("Jane Doe, 12 High Street")

    monkeypatch.setattr(Image, "open", leak)
    with pytest.raises(ImageUnreadable) as refused:
        decode(saved(corners(), "PNG"))
    assert "Jane" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__
