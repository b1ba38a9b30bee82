"""Pictures larger than a frame."""

import numpy as np
import pytest
from fixtures.images import FORMATS, oriented, portrait, saved, srgb_profile
from PIL import Image

from visavis.capture import shrink
from visavis.capture.decode import decode
from visavis.capture.shrink import halvings
from visavis.model.image import FRAME_PIXELS, MAX_PIXELS


@pytest.fixture
def small_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames of a few thousand pixels, so that small files stand for large ones."""
    monkeypatch.setattr(shrink, "FRAME_PIXELS", 64 * 64)
    monkeypatch.setattr(shrink, "_STRIP_ROWS", 8)


@pytest.mark.parametrize(
    ("size", "factor"),
    [((1, 1), 1), ((4096, 3072), 1), ((4097, 3072), 2), ((8064, 6048), 2), ((8192, 6103), 2), ((1, 50_000_000), 4)],
)
def test_no_frame_is_larger_than_the_limit(size: tuple[int, int], factor: int) -> None:
    assert size[0] * size[1] <= MAX_PIXELS
    assert halvings(*size) == factor
    assert -(-size[0] // factor) * -(-size[1] // factor) <= FRAME_PIXELS


@pytest.mark.usefixtures("small_frames")
@pytest.mark.parametrize("form", FORMATS)
def test_a_large_picture_becomes_its_own_half_in_every_format(form: str) -> None:
    frame = decode(saved(portrait(127), form))
    expected = np.asarray(portrait(127).reduce(2)).astype(int)
    assert frame.pixels.shape == (64, 64, 3)
    assert np.abs(frame.pixels - expected).max() <= 10


@pytest.mark.usefixtures("small_frames")
@pytest.mark.parametrize("form", FORMATS)
def test_a_large_picture_is_turned_as_well(form: str) -> None:
    tall = portrait(127).crop((0, 0, 80, 127))
    assert decode(oriented(tall, form, 6)).pixels.shape == (64, 40, 3)


@pytest.mark.usefixtures("small_frames")
@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "RGBA", "I;16"])
def test_strips_give_what_the_whole_would(mode: str) -> None:
    picture = portrait(200)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
    elif mode == "RGBA":
        image = picture.convert("RGBA")
        image.putalpha(portrait(200).convert("L").rotate(90))
    else:
        image = picture.convert(mode) if mode != "P" else picture.quantize(32)
    file = saved(image, "PNG", icc_profile=srgb_profile())
    shown = image.convert("L") if mode == "1" else image
    if mode == "RGBA":
        shown = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    elif mode == "I;16":
        shown = picture.convert("L")
    expected = np.asarray(shown.convert("RGB").reduce(4)).astype(int)
    assert np.abs(decode(file).pixels - expected).max() <= 1
