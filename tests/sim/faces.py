"""Faces without pictures: a "photo" names whom it shows, and its template follows from the name.

``photo("ann", 2)`` is Ann's second photo. Two photos of one person have a cosine of about 0.8, of two people about 0.
``photo("ann", twin_of="bea")`` shows somebody the model can hardly tell from Bea. A photo that ends with ``ATTACK``
shows a screen with the person on it. Of a frame of ``sim.films`` the part counts that is such a photo.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from visavis.capture.decoder import Decoder
from visavis.flows.extract import Extractor
from visavis.model.calibration import Calibration, CalibrationPoint, Misses, MissPoint
from visavis.model.errors import Refusal
from visavis.model.face import NoFace, SeveralFaces
from visavis.model.image import ImageUnreadable
from visavis.model.pad import AttackSuspected, PadReport
from visavis.model.purpose import LivenessUnavailable
from visavis.model.template import Template
from visavis.quality.gate import PROBE, Gate

MODEL = "sim-1"
DIMENSION = 128
NOBODY = b"SIM nobody"
CROWD = b"SIM crowd"
BROKEN = b"not an image"
ATTACK = b" on-a-screen"

CALIBRATION = Calibration(
    model_id=MODEL,
    points=tuple(CalibrationPoint(fmr, at, fmr / 2, fmr * 2) for fmr, at in ((1e-1, 0.15), (1e-3, 0.37), (1e-5, 0.53))),
    fmr_floor=1e-5,
    people=10_000_000,
    misses=(
        Misses(1, 10_000, (MissPoint(0.15, 0.001, 0, 0.002), MissPoint(0.53, 0.02, 0.01, 0.03))),
        Misses(3, 10_000, (MissPoint(0.15, 0.0001, 0, 0.001), MissPoint(0.53, 0.002, 0.001, 0.003))),
    ),
)


def photo(name: str, number: int = 1, *, twin_of: str = "") -> bytes:
    return f"SIM {name} {number} {twin_of}".encode()


class SimExtractor(Extractor):
    """Makes the template that a photo names; ``seen`` counts what was looked at."""

    def __init__(self, *, pad_report: PadReport | None = None) -> None:
        self.seen: list[bytes] = []
        self._report = pad_report

    @property
    def pad_report(self) -> PadReport | None:
        return self._report

    @property
    def model_id(self) -> str:
        return MODEL

    @property
    def dimension(self) -> int:
        return DIMENSION

    def extract(self, photo: bytes, *, gate: Gate = PROBE, passive: bool = False) -> Template:  # noqa: ARG002 -- every one passes
        self.seen.append(photo)
        if passive and self._report is None:
            raise LivenessUnavailable
        if passive and photo.endswith(ATTACK):
            raise AttackSuspected
        photo = photo.removeprefix(b"\xff\xd8\xff").partition(b"|")[0]
        refusals: dict[bytes, type[Refusal]] = {NOBODY: NoFace, CROWD: SeveralFaces}
        if photo in refusals:
            raise refusals[photo]
        if not photo.startswith(b"SIM "):
            raise ImageUnreadable
        _, name, number, twin_of = photo.removesuffix(ATTACK).decode().split(" ")
        vector = _unit(twin_of or name) + 0.5 * _unit(f"{name} {number}")
        return Template((vector / np.linalg.norm(vector)).astype(np.float32), MODEL)


class SeeingExtractor(SimExtractor):
    """Decodes photos for real and makes up only the faces: the same pixels show the same person."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self._decoder = decoder

    def extract(self, photo: bytes, *, gate: Gate = PROBE, passive: bool = False) -> Template:
        if photo.startswith(b"SIM "):
            return super().extract(photo, gate=gate, passive=passive)
        shown = hashlib.sha256(self._decoder(photo).pixels.tobytes()).hexdigest()
        return Template(_unit(shown).astype(np.float32), MODEL)


def _unit(seed: str) -> NDArray[np.float64]:
    digest = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big")
    vector = np.random.default_rng(digest).normal(size=DIMENSION)
    return np.asarray(vector / np.linalg.norm(vector))
