"""What every decoder promises (visavis.capture.decoder), of the function itself and of the pool of workers."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from fixtures.heif_grid import heic_grid
from fixtures.images import FORMATS, chunk, corners, oriented, png, portrait, saved, small_files
from PIL import Image

from visavis.adapters.decoding.pool import DecodingPool
from visavis.capture.decode import decode
from visavis.capture.decoder import Decoder
from visavis.model.errors import ImageRefused
from visavis.model.image import FRAME_PIXELS, MAX_BYTES

REFUSED = {
    "image_too_large": b"\xff\xd8\xff" + bytes(MAX_BYTES),
    "too_many_pixels": png(50_000, 50_000, chunk(b"IDAT", b"")),
    "image_format_unsupported": b"GIF89a",
    "image_animated": saved(corners(), "PNG", save_all=True, append_images=[Image.new("RGB", (64, 32))]),
    "image_unreadable": saved(corners(), "JPEG")[:200],
}


@pytest.fixture(scope="module", params=["function", "pool"])
def decoder(request: pytest.FixtureRequest) -> Iterator[Decoder]:
    if request.param == "function":
        yield decode
        return
    pool = DecodingPool()
    yield pool
    pool.close()


@pytest.mark.parametrize("form", FORMATS)
def test_the_same_bytes_give_the_same_pixels(decoder: Decoder, form: str) -> None:
    photo = oriented(portrait(), form, 6)
    frame = decoder(photo)
    assert frame.pixels.dtype == np.uint8
    assert frame.pixels.flags.c_contiguous
    assert np.array_equal(frame.pixels, decode(photo).pixels)
    assert np.array_equal(frame.pixels, decoder(photo).pixels)


@pytest.mark.parametrize("code", REFUSED)
def test_the_same_bytes_give_the_same_refusal_in_the_same_words(decoder: Decoder, code: str) -> None:
    with pytest.raises(ImageRefused) as expected:
        decode(REFUSED[code])
    with pytest.raises(ImageRefused) as refused:
        decoder(REFUSED[code])
    assert type(refused.value) is type(expected.value)
    assert refused.value.code == code
    assert str(refused.value) == str(expected.value)
    assert refused.value.detail == expected.value.detail


def test_a_frame_has_no_more_pixels_than_its_limit(decoder: Decoder) -> None:
    frame = decoder(heic_grid(4608, 4096))
    assert (frame.width, frame.height) == (2304, 2048)
    assert decoder(heic_grid(4096, 3072)).pixels.size == 3 * FRAME_PIXELS


def test_a_frame_is_the_callers_own(decoder: Decoder) -> None:
    photo = saved(corners(), "PNG")
    decoder(photo).pixels[:] = 0
    assert decoder(photo).pixels.any()


def test_a_refusal_says_nothing_of_the_file(decoder: Decoder) -> None:
    for photo in (b"\x89PNG\r\n\x1a\nJane Doe", b"\xff\xd8\xffJane Doe", png(1, 1, chunk(b"IDAT", b"Jane Doe"))):
        with pytest.raises(ImageRefused) as refused:
            decoder(photo)
        assert "Jane" not in repr(refused.value)
        assert refused.value.__cause__ is None


def test_several_threads_at_once_get_their_own(decoder: Decoder) -> None:
    wrong: list[object] = []

    def look(shade: int) -> None:
        photo = saved(Image.new("RGB", (32, 32), (shade, shade, shade)), "PNG")
        for _ in range(20):
            pixels = decoder(photo).pixels
            if not (pixels == shade).all():
                wrong.append((shade, pixels))

    threads = [threading.Thread(target=look, args=(20 * number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_damaged_files_get_the_same_answer_from_both(decoder: Decoder) -> None:
    rng = np.random.default_rng(7)
    for file in small_files():
        damaged = bytearray(file)
        for place in rng.integers(0, len(file), 3):
            damaged[place] = rng.integers(0, 256)
        assert answer(decoder, bytes(damaged)) == answer(decode, bytes(damaged))


def answer(decoder: Decoder, photo: bytes) -> object:
    try:
        return decoder(photo).pixels.tobytes()
    except ImageRefused as refusal:
        return refusal.code
