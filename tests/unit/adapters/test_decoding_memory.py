"""A 48-megapixel phone photo is decoded in bounded memory: measured at the worker, by the system."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fixtures.heif_grid import heic_grid
from fixtures.images import SAVED_AS
from PIL import Image

from visavis.adapters.decoding.confinement import MEMORY
from visavis.adapters.decoding.pool import DecodingPool
from visavis.adapters.decoding.samples import SAMPLES
from visavis.capture.formats import Format

SIZE = (8064, 6048)
MIB = 1024

# What a worker took at most, and some room: MiB resident.
BOUNDS = {"JPEG": 200, "progressive JPEG": 420, "PNG": 420, "HEIC": 460, "AVIF": 560, "WebP": 900}
"""The peak of a worker that decodes 48 megapixels in a format, MiB."""


def photo_of_48_megapixels(form: str) -> bytes:
    if form == "HEIC":
        return heic_grid(*SIZE)
    blocks = np.random.default_rng(0).integers(0, 256, (6, 8, 3), np.uint8)
    image = Image.fromarray(blocks).resize(SIZE, Image.Resampling.NEAREST)
    options: dict[str, dict[str, Any]] = {
        "JPEG": {},
        "progressive JPEG": {"progressive": True, "subsampling": 0},
        "PNG": {"compress_level": 1},
        "WebP": {"method": 0},
        "AVIF": {"speed": 10},
    }
    target = io.BytesIO()
    image.save(target, SAVED_AS[form.removeprefix("progressive ")], **options[form])
    return target.getvalue()


@pytest.fixture
def peak_mib() -> Iterator[Callable[[bytes], float]]:
    """Decodes, and says how much memory the worker had at most."""
    pool = DecodingPool(at_once=1)

    def measured(photo: bytes) -> float:
        pool(SAMPLES[Format.PNG])
        frame = pool(photo)
        assert (frame.width, frame.height) == (SIZE[0] // 2, SIZE[1] // 2)
        return max(status_mib(pid, "VmHWM") for pid in pool.pids())

    yield measured
    pool.close()


def status_mib(pid: int, field: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / MIB


SLOW = [pytest.param(form, marks=pytest.mark.slow) for form in ("progressive JPEG", "AVIF", "WebP")]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "HEIC", *SLOW])
@pytest.mark.slow
def test_48_megapixels_fit_into_the_memory_stated(form: str, peak_mib: Callable[[bytes], float]) -> None:
    assert BOUNDS[form] < MEMORY / MIB**2
    assert peak_mib(photo_of_48_megapixels(form)) <= BOUNDS[form]


def test_what_a_photo_took_goes_back_to_the_system() -> None:
    pool = DecodingPool(at_once=1)
    try:
        pool(SAMPLES[Format.PNG])
        small = max(status_mib(pid, "VmRSS") for pid in pool.pids())
        pool(heic_grid(4096, 3072))
        pool(SAMPLES[Format.PNG])
        assert max(status_mib(pid, "VmHWM") for pid in pool.pids()) > small + 50
        assert max(status_mib(pid, "VmRSS") for pid in pool.pids()) < small + 30
    finally:
        pool.close()
