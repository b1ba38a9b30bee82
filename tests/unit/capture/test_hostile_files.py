"""Files that lie, burst or end too early are refused by name, before they cost anything."""

import struct
import time
import zlib

import numpy as np
import pytest
from fixtures.images import FORMATS, chunk, corners, exif_of, png, portrait, saved, small_files
from PIL import Image

from visavis.capture import decode as decoding
from visavis.capture.announced import MAX_PARTS, MAX_SCANS
from visavis.capture.boxes import MAX_ITEMS
from visavis.capture.decode import decode
from visavis.capture.formats import Format
from visavis.model.errors import ImageRefused
from visavis.model.image import (
    FRAME_PIXELS,
    MAX_BYTES,
    MAX_PIXELS,
    ImageAnimated,
    ImageFormatUnsupported,
    ImageTooDemanding,
    ImageTooLarge,
    ImageUnreadable,
    TooManyPixels,
)

HOLLOW = chunk(b"IDAT", b"")
SKIPPED = b"\xff\xf0\xff\xff" + bytes(65_533)
SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"


def test_too_many_bytes_are_refused_unread() -> None:
    with pytest.raises(ImageTooLarge):
        decode(b"\xff\xd8\xff" + bytes(MAX_BYTES))


# Formats


@pytest.mark.parametrize("form", ["GIF", "BMP", "TIFF", "PPM", "ICO", "JPEG2000", "TGA", "PDF"])
def test_other_formats_are_refused_and_told_which_are_taken(form: str) -> None:
    with pytest.raises(ImageFormatUnsupported) as refused:
        decode(saved(corners(), form))
    assert all(name in refused.value.mend for name in FORMATS)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff\xd8", b"GIF89a", b"<svg/>", b"%PDF-1.7", b"RIFF\0\0\0\0AVI LIST", b"\x1aE\xdf\xa3",
        b"\0\0\0\x18ftypisom\0\0\0\0isommp41", b"\0\0\0\x18ftypqt  \0\0\0\0qt  qt  ", b"\0\0\0\x0cftyp",
        b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", b"\0\0\0\x14ftypmif1\0\0\0\0mif1", b"\0\0\0\x0cJXL \r\n\x87\n",
    ],
)  # fmt: skip
def test_what_is_no_photo_is_refused(content: bytes) -> None:
    with pytest.raises(ImageFormatUnsupported):
        decode(content)


@pytest.mark.parametrize("form", ["PNG", "WebP", "AVIF"])
def test_an_animation_is_refused(form: str) -> None:
    with pytest.raises(ImageAnimated):
        decode(saved(corners(), form, save_all=True, append_images=[Image.new("RGB", (64, 32))]))


@pytest.mark.parametrize("brand", [b"hevc", b"hevx", b"msf1", b"avis"])
def test_a_sequence_is_refused_by_its_brand_and_by_its_tracks(brand: bytes) -> None:
    still = saved(corners(), "HEIC")
    with pytest.raises(ImageAnimated):
        decode(still[:8] + brand + still[12:])
    with pytest.raises(ImageAnimated):
        decode(still + struct.pack(">I4s", 8, b"moov"))


def test_a_brand_that_leaves_it_open_is_settled_by_the_others() -> None:
    for form in ("HEIC", "AVIF"):
        still = saved(corners(), form)
        major, rest = still[8:12], still[12:16]
        end = int.from_bytes(still[:4])
        changed = still[:8] + b"mif1" + rest + still[16:end].replace(b"mif1", major) + still[end:]
        assert decode(changed).width == 64


# What is announced


@pytest.mark.parametrize("side", [int(MAX_PIXELS**0.5) + 1, 14_000, 50_000, 2**31 - 1])
def test_too_many_pixels_are_refused_before_decoding(side: int) -> None:
    # There are no pixels in it: whoever tried to decode would fail otherwise.
    with pytest.raises(TooManyPixels) as refused:
        decode(png(side, side, HOLLOW))
    assert f"{side} x {side}" in refused.value.detail


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_measured_by_what_it_announces(form: str) -> None:
    content = bytearray(saved(corners(), form))
    width, height = 12_000, 8_000
    if form == "JPEG":
        struct.pack_into(">HH", content, content.index(b"\xff\xc0") + 5, height, width)
    elif form == "PNG":
        content[16:33] = (header := struct.pack(">II5B", width, height, 8, 2, 0, 0, 0)) + crc(b"IHDR" + header)
    elif form == "WebP":
        struct.pack_into("<HH", content, 26, width, height)
    else:
        struct.pack_into(">II", content, content.index(b"ispe") + 8, width, height)
    with pytest.raises(TooManyPixels):
        decode(bytes(content))


def crc(content: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(content))


@pytest.mark.parametrize(("width", "height"), [(8000, 6000), (16, 16), (1, 1), (0, 0), (64, 33)])
@pytest.mark.parametrize("form", ["extended WebP", "lossy WebP", "HEIC", "tiled HEIC", "tile of HEIC", "JPEG", "PNG"])
def test_a_file_that_lies_about_its_size_gives_what_it_announced_or_nothing(form: str, width: int, height: int) -> None:
    content = lying(form, width, height)
    begun = time.process_time()
    try:
        frame = decode(content)
    except ImageRefused:
        pass
    else:
        half = (width // 2, height // 2)
        assert (frame.width, frame.height) == (half if width * height > FRAME_PIXELS else (width, height))
    assert time.process_time() - begun < 3


def lying(form: str, width: int, height: int) -> bytes:
    if form == "PNG":
        return png(width, height, chunk(b"IDAT", zlib.compress(bytes(1000))))
    if "WebP" in form:
        content = bytearray(saved(corners(), "WebP", **({"exif": exif_of(1)} if "extended" in form else {})))
        if "extended" in form:
            content[24:30] = ((width - 1) % 2**24).to_bytes(3, "little") + ((height - 1) % 2**24).to_bytes(3, "little")
        else:
            struct.pack_into("<HH", content, 26, width, height)
        return bytes(content)
    if form == "JPEG":
        content = bytearray(saved(corners(), form))
        struct.pack_into(">HH", content, content.index(b"\xff\xc0") + 5, height, width)
        return bytes(content)
    tiled = {"tile_size": 64} if "tile" in form else {}
    content = bytearray(saved(portrait(130), "HEIC", **tiled))
    place = content.index(b"ispe")
    if form == "tile of HEIC":
        place = content.index(b"ispe", place + 4)
    struct.pack_into(">II", content, place + 8, width, height)
    return bytes(content)


def test_a_grid_that_is_larger_than_its_item_says_is_refused() -> None:
    content = bytearray(saved(portrait(130), "HEIC", tile_size=64))
    place = content.index(struct.pack(">HH", 130, 130))
    for width, height in ((8000, 6000), (16, 16), (65535, 65535)):
        struct.pack_into(">HH", content, place, width, height)
        with pytest.raises(ImageUnreadable):
            decode(bytes(content))


def test_two_answers_to_one_question_are_refused() -> None:
    # Of two property boxes the limits might be read from one, and the picture made by the other.
    content = saved(corners(), "HEIC")
    start = content.index(b"iprp") - 4
    twice = content[start : start + int.from_bytes(content[start : start + 4])]
    meta = content.index(b"meta") - 4
    size = int.from_bytes(content[meta : meta + 4])
    content = content[:start] + twice + content[start:]
    content = content[:meta] + struct.pack(">I", size + len(twice)) + content[meta + 4 :]
    with pytest.raises(ImageUnreadable):
        decode(content)


def test_a_heif_file_of_more_items_than_a_camera_writes_is_refused() -> None:
    content = bytearray(saved(corners(), "HEIC"))
    struct.pack_into(">H", content, content.index(b"iinf") + 8, MAX_ITEMS + 1)
    with pytest.raises(ImageUnreadable):
        decode(bytes(content))


# Bombs


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    whole = saved(corners(), "JPEG", progressive=True)
    assert whole.endswith(b"\xff\xd9")
    with pytest.raises(ImageUnreadable):
        decode(whole[:-2] + SCAN * (MAX_SCANS + 1) + whole[-2:])


def test_what_a_camera_appends_to_a_jpeg_is_not_taken_for_scans() -> None:
    # Moving photos carry a film behind the picture, in which anything may stand.
    film = np.random.default_rng(0).bytes(2_000_000) + SCAN * 1000
    assert decode(saved(corners(), "JPEG") + film).width == 64


@pytest.mark.parametrize(
    "filling", [b"\xff", b"\xff\x01", b"\xff\xe0\0\2", b"\xff\0", b"\xff\xd0", b"\xff\xd9", SKIPPED]
)
def test_a_jpeg_of_nothing_but_markers_does_not_hold_a_core(filling: bytes) -> None:
    content = b"\xff\xd8\xff" + filling * (MAX_BYTES // len(filling) - 8)
    begun = time.process_time()
    with pytest.raises(ImageUnreadable):
        decode(content[:MAX_BYTES])
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
def test_compressed_notes_of_a_png_do_not_burst(kind: bytes) -> None:
    bomb = zlib.compress(bytes(64 * 1024 * 1024), 9)
    content = {b"zTXt": b"k\0\0", b"iTXt": b"k\0\1\0\0\0", b"iCCP": b"p\0\0"}[kind] + bomb
    begun = time.process_time()
    with pytest.raises(ImageUnreadable):
        decode(png(1, 1, chunk(kind, content), chunk(b"IDAT", zlib.compress(bytes(4)))))
    assert time.process_time() - begun < 3


def test_pixels_that_go_on_after_the_last_are_not_unpacked() -> None:
    bomb = zlib.compress(bytes(64 * 1024 * 1024), 9)
    begun = time.process_time()
    assert decode(png(8, 8, chunk(b"IDAT", bomb))).width == 8
    assert time.process_time() - begun < 1


def test_a_png_of_nothing_but_chunks_is_refused() -> None:
    with pytest.raises(ImageUnreadable):
        decode(png(1, 1, *[chunk(b"tEXt", b"")] * (MAX_PARTS + 1), chunk(b"IDAT", zlib.compress(bytes(4)))))


def test_boxes_that_do_not_end_are_refused() -> None:
    whole = saved(corners(), "HEIC")
    with pytest.raises(ImageUnreadable):
        decode(whole + struct.pack(">I4s", 8, b"free") * 10_000)
    for size in (b"\0\0\0\2", b"\0\0\0\1", b"\xff\xff\xff\xff"):
        with pytest.raises(ImageUnreadable):
            decode(whole[:28] + size + whole[32:])


# Truncated, spliced


@pytest.mark.parametrize("number", range(len(small_files())))
def test_a_truncated_file_is_refused_or_already_complete(number: int) -> None:
    whole = small_files()[number]
    try:
        complete = decode(whole).pixels
    except ImageAnimated:
        complete = None
    for end in sorted({*range(64), *range(64, len(whole), 29), len(whole) - 2, len(whole) - 1}):
        try:
            frame = decode(whole[:end])
        except ImageRefused:
            continue
        assert complete is not None
        assert np.array_equal(frame.pixels, complete)
        assert end > len(whole) / 2


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_that_is_something_else_as_well_is_only_a_picture(form: str) -> None:
    plain = saved(corners(), form)
    archive = b"PK\x03\x04" + bytes(26) + b"<script>alert(1)</script>" + b"%PDF-1.7\n"
    assert np.array_equal(decode(plain + archive).pixels, decode(plain).pixels)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("other", FORMATS)
def test_the_head_of_one_format_on_the_body_of_another(form: str, other: str) -> None:
    if form == other:
        return
    with pytest.raises(ImageRefused):
        decode(saved(corners(), form)[:12] + saved(corners(), other)[12:])


# What is told


def test_what_the_parser_says_of_a_file_goes_no_further(monkeypatch: pytest.MonkeyPatch) -> None:
    def leak(*_: object, **__: object) -> Image.Image:
        raise ValueError("Jane Doe, 12 High Street")

    monkeypatch.setitem(decoding._PLUGINS, Format.PNG, leak)
    with pytest.raises(ImageUnreadable) as refused:
        decode(saved(corners(), "PNG"))
    assert "Jane" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


def test_want_of_memory_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def hungry(*_: object, **__: object) -> Image.Image:
        raise MemoryError

    monkeypatch.setitem(decoding._PLUGINS, Format.PNG, hungry)
    with pytest.raises(ImageTooDemanding):
        decode(saved(corners(), "PNG"))
