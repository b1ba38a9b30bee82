"""Whatever bytes arrive, the answer is a picture or a named refusal."""

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from visavis.capture.decode import decode
from visavis.model.errors import ImageRefused


def seeds() -> list[bytes]:
    """Small files with all the parts a parser can trip over: Exif, profile, text, several scans."""
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (24, 16, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "description"
    files = []
    kinds: list[tuple[str, dict[str, Any]]] = [
        ("JPEG", {"exif": exif, "progressive": True, "comment": b"comment"}),
        ("JPEG", {"icc_profile": b"\0" * 128, "dpi": (72, 72)}),
        ("PNG", {"exif": exif, "icc_profile": b"\0" * 128}),
        ("PNG", {"save_all": True, "append_images": [picture]}),
        ("MPO", {"save_all": True, "append_images": [picture]}),
    ]
    for form, options in kinds:
        target = io.BytesIO()
        picture.save(target, form, **options)
        files.append(target.getvalue())
    return files


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    content = bytearray(draw(st.sampled_from(seeds())))
    for place, value in draw(st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=8)):
        content[place] = value
    start = draw(st.integers(0, len(content)))
    content[start : start + draw(st.integers(0, 16))] = draw(st.binary(max_size=16))
    return bytes(content[: draw(st.integers(len(content) // 2, len(content)))])


def refused_or_seen(content: bytes) -> None:
    try:
        frame = decode(content)
    except ImageRefused:
        return
    assert frame.pixels.ndim == 3
    assert frame.pixels.dtype == np.uint8


@settings(max_examples=400, deadline=None)
@given(mutated())
def test_a_damaged_file_is_seen_or_refused_by_name(content: bytes) -> None:
    refused_or_seen(content)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b""]), st.binary(max_size=200))
def test_noise_behind_a_signature_is_refused_by_name(signature: bytes, noise: bytes) -> None:
    refused_or_seen(signature + noise)


@pytest.mark.parametrize("content", seeds(), ids=["progressive", "profile", "png", "animated", "several"])
def test_the_undamaged_files_are_what_they_claim(content: bytes) -> None:
    refused_or_seen(content)
