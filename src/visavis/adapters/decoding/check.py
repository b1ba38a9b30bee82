"""Whether this machine decodes every format, for ``visavis doctor``."""

from dataclasses import dataclass

import numpy as np

from visavis.adapters.decoding.pool import DecodingPool
from visavis.adapters.decoding.samples import COLOUR, SAMPLES
from visavis.capture.decoder import Decoder
from visavis.model.errors import ImageRefused
from visavis.model.image import DecoderUnavailable

_TOLERANCE = 8
"""What a codec may change a colour by, out of 255."""


@dataclass(frozen=True, slots=True)
class FormatCheck:
    """What became of one format's sample. ``mend`` is empty where there is nothing to do."""

    format: str
    ok: bool
    message: str
    mend: str = ""


def check_decoding() -> list[FormatCheck]:
    """Start a worker as the server does, and have it decode a tiny photo of each format."""
    pool = DecodingPool(at_once=1)
    try:
        return [_check(form.value, sample, pool) for form, sample in SAMPLES.items()]
    finally:
        pool.close()


def _check(name: str, sample: bytes, decoder: Decoder) -> FormatCheck:
    try:
        pixels = decoder(sample).pixels
    except DecoderUnavailable:
        mend = "Raise this user's limits on processes and memory, or free some: every photo is refused until then."
        return FormatCheck(name, ok=False, message="A process to decode in could not be started.", mend=mend)
    except ImageRefused as refusal:
        mend = "Install the packages that Visavis needs again, as pinned."
        return FormatCheck(name, ok=False, message=f"{name} photos are refused ({refusal.code}).", mend=mend)
    if np.abs(pixels.astype(int) - COLOUR).max() > _TOLERANCE:
        mend = "Install the packages that Visavis needs again, as pinned."
        return FormatCheck(name, ok=False, message=f"{name} photos come out in other colours.", mend=mend)
    return FormatCheck(name, ok=True, message=f"{name} photos are decoded, in a process of their own.")
