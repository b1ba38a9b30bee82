"""Every format that is taken, in every mode, becomes one upright picture in sRGB."""

import struct
import zlib

import numpy as np
import pytest
from fixtures.images import (
    FORMATS,
    STORED_AS,
    chunk,
    corners,
    exchanged_profile,
    exif_of,
    oriented,
    png,
    portrait,
    saved,
    srgb_profile,
)
from PIL import Image, ImageCms

from visavis.capture.colour import profile_of
from visavis.capture.decode import decode

TOLERANCE = {"JPEG": 4, "PNG": 0, "WebP": 8, "HEIC": 5, "AVIF": 6}
"""What each codec may change a value of 255 by, at the quality the tests save with."""


def distance(pixels: np.ndarray, expected: object) -> int:
    return int(np.abs(pixels.astype(int) - np.asarray(expected).astype(int)).max())


@pytest.mark.parametrize("form", FORMATS)
def test_a_picture_is_the_same_in_every_format(form: str) -> None:
    assert distance(decode(saved(portrait(), form)).pixels, portrait()) <= TOLERANCE[form]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("orientation", STORED_AS)
def test_every_orientation_comes_out_upright_in_every_format(orientation: int, form: str) -> None:
    frame = decode(oriented(corners(), form, orientation))
    assert (frame.width, frame.height) == (64, 32)
    for colour, (x, y) in {(255, 0, 0): (8, 8), (0, 255, 0): (56, 8), (0, 0, 255): (8, 24)}.items():
        assert np.abs(frame.pixels[y, x].astype(int) - colour).max() <= 8


def test_heic_and_avif_say_themselves_how_they_are_turned_and_exif_does_not_count() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    # Given as an object, the encoder copies the note and does not turn the picture.
    as_stored = saved(corners(), "HEIC", exif=exif)
    assert b"irot" not in as_stored
    assert decode(as_stored).width == 64
    turned = oriented(corners(), "AVIF", 6)
    assert b"irot\x03" in turned
    assert decode(turned.replace(b"irot\x03", b"irot\x00")).width == 32


def test_an_orientation_the_standard_does_not_know_means_as_stored() -> None:
    assert decode(saved(corners(), "PNG", exif=exif_of(9))).width == 64


@pytest.mark.parametrize("note", [b"", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff", bytes(200)])
def test_damaged_metadata_does_not_spoil_a_picture(note: bytes) -> None:
    assert decode(saved(corners(), "JPEG", exif=b"Exif\0\0" + note)).width == 64
    assert decode(png(1, 1, chunk(b"eXIf", note), IDAT)).width == 1


IDAT = chunk(b"IDAT", b"\x78\x9c\x63\x60\x60\x60\x00\x00\x00\x04\x00\x01")


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("L", (4, 4), 200), (200, 200, 200)),
        (Image.new("1", (4, 4), 1), (255, 255, 255)),
        (Image.new("LA", (4, 4), (0, 0)), (255, 255, 255)),
        (Image.new("LA", (4, 4), (77, 255)), (77, 77, 77)),
        (Image.new("RGBA", (4, 4), (9, 8, 7, 255)), (9, 8, 7)),
        (Image.new("RGBA", (4, 4), (0, 0, 0, 0)), (255, 255, 255)),
        (Image.new("RGB", (4, 4), (9, 8, 7)).quantize(2), (9, 8, 7)),
        (Image.new("RGBA", (4, 4), (9, 8, 7, 0)).quantize(2), (255, 255, 255)),
        (Image.fromarray(np.full((4, 4), 0x8001, np.uint16)), (128, 128, 128)),
    ],
    ids=["grey", "bilevel", "clear-grey", "grey-alpha", "opaque", "clear", "palette", "clear-palette", "grey-16"],
)
def test_every_png_mode_becomes_rgb(image: Image.Image, expected: tuple[int, int, int]) -> None:
    pixels = decode(saved(image, "PNG")).pixels
    assert pixels.shape == (4, 4, 3)
    assert pixels.dtype == np.uint8
    assert (pixels == expected).all()


@pytest.mark.parametrize(
    ("colour_type", "values"), [(2, 3), (6, 4), (4, 2)], ids=["rgb-16", "rgba-16", "grey-alpha-16"]
)
def test_of_sixteen_bits_the_high_byte_is_kept(colour_type: int, values: int) -> None:
    row = b"\0" + struct.pack(f">{values}H", *[0x40FF, 0x80FF, 0xC0FF, 0xFFFF][:values])
    expected = {3: (0x40, 0x80, 0xC0), 4: (0x40, 0x80, 0xC0)}.get(values)
    if expected is None:
        # Grey 0x40 under an alpha of 0x80, laid on white.
        expected = (255 - (255 - 0x40) * 0x80 // 255,) * 3
    data = chunk(b"IDAT", zlib.compress(row))
    assert distance(decode(png(1, 1, data, colour_type=colour_type, depth=16)).pixels, [[expected]]) <= 1


@pytest.mark.parametrize("form", ["WebP", "HEIC", "AVIF"])
def test_transparency_is_laid_on_white_in_every_format(form: str) -> None:
    image = portrait()
    image.putalpha(Image.new("L", image.size, 0))
    image.paste((10, 20, 30, 255), (0, 0, 48, 96))
    pixels = decode(saved(image, form)).pixels
    assert distance(pixels[8:88, 8:40], (10, 20, 30)) <= 12
    assert distance(pixels[8:88, 56:88], 255) <= 12


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 2}, {"restart_marker_blocks": 1}])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_every_jpeg_mode_becomes_rgb(mode: str, options: dict[str, object]) -> None:
    grey = Image.new("RGB", (16, 16), (120, 120, 120)).convert(mode)
    pixels = decode(saved(grey, "JPEG", **options)).pixels
    assert pixels.shape == (16, 16, 3)
    assert distance(pixels, 120) <= 3


def test_ycck_is_what_adobe_says_it_is() -> None:
    # The library writes CMYK; the transform flag of the Adobe segment makes it YCCK (T.872, 6.5.3).
    cmyk = saved(Image.new("CMYK", (16, 16), (0, 0, 0, 64)), "JPEG")
    place = cmyk.index(b"Adobe") + 11
    assert cmyk[place] in {0, 2}
    for flag in (0, 2):
        decode(cmyk[:place] + bytes([flag]) + cmyk[place + 1 :])
    assert distance(decode(cmyk).pixels, 191) <= 3


@pytest.mark.parametrize("form", ["HEIC", "AVIF", "WebP", "JPEG"])
def test_grey_becomes_rgb(form: str) -> None:
    assert distance(decode(saved(portrait().convert("L"), form)).pixels, portrait().convert("L").convert("RGB")) <= 6


def test_ten_bits_become_eight() -> None:
    assert distance(decode(saved(portrait(), "AVIF", codec="auto", range="limited")).pixels, portrait()) <= 8


@pytest.mark.parametrize("form", FORMATS)
def test_a_colour_profile_is_applied_in_every_format(form: str) -> None:
    red = saved(Image.new("RGB", (64, 64), "red"), form, icc_profile=exchanged_profile())
    assert distance(decode(red).pixels, (0, 0, 255)) <= 4


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_a_grey_profile_is_applied(mode: str) -> None:
    bright = grey_profile(gamma=1.0)
    image = Image.fromarray(np.full((4, 4), 0x4040, np.uint16)) if mode == "I;16" else Image.new("L", (4, 4), 0x40)
    if mode == "LA":
        image = image.convert("LA")
    # A quarter of the light is about half of sRGB's scale.
    assert distance(decode(saved(image, "PNG", icc_profile=bright)).pixels, 137) <= 2


def grey_profile(*, gamma: float) -> bytes:
    """ICC.1:2001, 6.3.1.1: a monochrome profile with a gray tone curve."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    tags = [(b"kTRC", curve), (b"wtpt", white)]
    place = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags:
        table += struct.pack(">4sII", name, place + len(body), len(content))
        body += content
    head = struct.pack(">I4x", place + len(body)) + bytes.fromhex("02100000") + b"mntrGRAYXYZ "
    head += struct.pack(">12x4s28x3i", b"acsp", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + body


@pytest.mark.parametrize("kind", ["sRGB", "LAB", "grey", "broken"])
def test_a_profile_that_changes_nothing_or_does_not_fit_leaves_the_colours_alone(kind: str) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    grey = grey_profile(gamma=1.0)
    profile = {"sRGB": srgb_profile(), "LAB": lab, "grey": grey, "broken": b"not a profile"}[kind]
    plain = decode(saved(corners(), "PNG")).pixels
    assert (decode(saved(corners(), "PNG", icc_profile=profile)).pixels == plain).all()


@pytest.mark.parametrize("form", ["HEIC", "AVIF"])
def test_colours_named_by_a_number_are_applied(form: str) -> None:
    plain = saved(Image.new("RGB", (64, 64), (200, 120, 80)), form)
    before = b"nclx" + struct.pack(">HH", 1, 13)
    assert before in plain
    display_p3 = plain.replace(before, b"nclx" + struct.pack(">HH", 12, 13))
    assert distance(decode(plain).pixels, (200, 120, 80)) <= 3
    assert distance(decode(display_p3).pixels, (213, 115, 70)) <= 4


def test_the_profiles_made_here_leave_greys_alone() -> None:
    for primaries in (9, 12):
        profile = profile_of(primaries)
        assert distance(decode(saved(Image.new("RGB", (4, 4), (9, 9, 9)), "PNG", icc_profile=profile)).pixels, 9) <= 1
    assert profile_of(None) is None
    assert profile_of(1) is None


@pytest.mark.parametrize("form", ["MPO", "HEIC"])
def test_of_a_file_with_several_pictures_the_first_is_taken(form: str) -> None:
    both = saved(corners(), form, save_all=True, append_images=[Image.new("RGB", (128, 128))])
    assert decode(both).width == 64
