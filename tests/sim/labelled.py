"""A labelled set without faces: a "photo" is a colour that says whom it shows, and the stages read the colour.

Run as a program it is ``visavis evaluate`` on such stages: ``python -m sim.labelled [--die-after N] DATASET ...``.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from fixtures.painted import FixedLandmarker
from numpy.typing import NDArray

from sim.pad import REPORT
from visavis.capture.align import REFERENCE_POINTS
from visavis.flows.extract import Extractor
from visavis.model.face import Face
from visavis.model.image import Frame, ImageUnreadable
from visavis.model.pad import AttackSuspected
from visavis.model.template import Template, UsualLength
from visavis.quality.gate import PROBE, Gate

ANYTHING = Gate("anything", {})
"""One colour all over is no picture of a face."""
DIMENSION = 128
NOISE = 0.75
SIDE = 160
ONE, NOBODY, CROWD, BROKEN = b"1", b"0", b"2", b"?"
_MARGIN = 24
FIRST_ATTACK = 200


def photo(person: int, number: int, kind: bytes = ONE) -> bytes:
    """The bytes of a file: whom it shows, and how many stand there."""
    return b"SIM" + bytes([person // 256, person % 256, number]) + kind


class SimDecoder:
    """A ``Decoder`` and, since it is put in the place of the pool, something that can be closed."""

    def __init__(self, *, at_once: int = 1, die_after: int | None = None) -> None:
        self.at_once, self.seen, self._die_after = at_once, 0, die_after

    def __call__(self, content: bytes, /) -> Frame:
        self.seen += 1
        if self._die_after is not None and self.seen > self._die_after:
            os.kill(os.getpid(), signal.SIGKILL)
        if len(content) != len(photo(0, 0)) or not content.startswith(b"SIM") or content.endswith(BROKEN):
            raise ImageUnreadable
        pixels = np.empty((SIDE, SIDE, 3), np.uint8)
        pixels[:] = list(content[3:6])
        pixels[0, 0] = content[6]  # outside every crop
        return Frame(pixels)

    def close(self) -> None:
        """Nothing is open."""


class SimDetector:
    """A ``Detector`` that finds as many faces as the first pixel says, the one in the centre last."""

    def detect(self, frame: Frame) -> list[Face]:
        """See ``Detector.detect``."""
        landmarks = (REFERENCE_POINTS + _MARGIN).astype(np.float32)
        faces = [Face(_MARGIN, _MARGIN, 112, 112, landmarks, 0.9), Face(0, 0, 100, 100, landmarks - 9, 0.8)]
        # A second look is shown a part of the picture, whose corner says nothing.
        return {ONE: faces[:1], CROWD: faces[::-1]}.get(bytes([frame.pixels[0, 0, 0]]), [])


class SimEmbedder:
    """An ``Embedder`` whose vectors follow from the colour: a direction for each person, and noise for each photo."""

    model_id = "sface-2021dec-centred"
    dimension = DIMENSION
    usual_length: UsualLength | None = None

    def embed(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """See ``Embedder.embed``."""
        return np.stack([self._one(crop[56, 56].tolist()) for crop in crops])

    def _one(self, colour: list[int]) -> NDArray[np.float32]:
        own, noise = (np.random.default_rng(seed).normal(size=DIMENSION) for seed in (colour[:2], [9, *colour]))
        return np.asarray(own + NOISE * noise, np.float32)


class SimPad:
    """A ``PassivePad`` that takes photos from number 200 on for attacks."""

    report = REPORT

    def require_bona_fide(self, frame: Frame, face: Face) -> None:
        """See ``PassivePad.require_bona_fide``."""
        if frame.pixels[int(face.top) + 50, int(face.left) + 50, 2] >= FIRST_ATTACK:
            raise AttackSuspected


class Ungated(Extractor):
    """Asks nothing of a picture."""

    def extract(self, photo: bytes, *, gate: Gate = PROBE, passive: bool = False) -> Template:  # noqa: ARG002 -- as above
        """See ``Extractor.extract``."""
        return super().extract(photo, gate=ANYTHING, passive=passive)


def labelled_folder(root: Path, people: int, *, each: int = 3) -> list[str]:
    """A folder for each person, and their names; of the first three one photo shows nobody, two people or nothing."""
    names = [f"Nemo_Quidam_{person:03}" for person in range(people)]
    for person, name in enumerate(names):
        (root / name).mkdir(parents=True)
        for number in range(each):
            kind = (NOBODY, CROWD, BROKEN)[person] if person < 3 and number == each - 1 else ONE
            (root / name / f"{name}_{number + 1:04}.jpg").write_bytes(photo(person, number, kind))
    return names


def simulated(*, decoder: SimDecoder | None = None) -> Any:
    """These stages in the place of the networks, while the block lasts."""
    return patch.multiple(
        "visavis.bootstrap_evaluate",
        DecodingPool=lambda at_once: decoder or SimDecoder(at_once=at_once),
        open_detector=lambda *_args, **_more: SimDetector(),
        open_landmarker=lambda *_args, **_more: FixedLandmarker(),
        open_embedder=lambda *_args, **_more: SimEmbedder(),
        open_extractor=lambda *_args, pad_card, **_more: Ungated(
            decoder=decoder or SimDecoder(),
            detector=SimDetector(),
            landmarker=FixedLandmarker(),
            embedder=SimEmbedder(),
            pad=None if pad_card is None else SimPad(),
        ),
        PROBE=ANYTHING,
    )


if __name__ == "__main__":
    from visavis.cli.main import program

    arguments = sys.argv[1:]
    dying = int(arguments.pop(1)) if arguments[0] == "--die-after" else None
    del arguments[: dying is not None]
    with simulated(decoder=SimDecoder(die_after=dying)):
        program(["evaluate", *arguments], prog_name="visavis")
