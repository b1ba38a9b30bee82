"""Attacks found without a model: a picture that is red is one."""

from datetime import date
from typing import Final

from visavis.model.face import Face
from visavis.model.image import Frame
from visavis.model.pad import AttackSuspected, BonaFide, Instruments, Level, PadReport, Species
from visavis.model.purpose import LivenessMode

REPORT: Final = PadReport(
    mode=LivenessMode.PASSIVE,
    data="Pictures that nobody took",
    measured_by="A test",
    measured_on=date(2026, 3, 1),
    standard="ISO/IEC 30107-3:2023",
    independent=True,
    instruments=Instruments.PHYSICAL,
    species=(Species("screen", Level.B, 100, 9, 6), Species("paper", Level.A, 200, 4, 3)),
    bona_fide=BonaFide(200, 5, 8),
)


class SimPad:
    """A ``PassivePad``."""

    @property
    def report(self) -> PadReport:
        return REPORT

    def require_bona_fide(self, frame: Frame, face: Face) -> None:
        left, top = max(0, int(face.left)), max(0, int(face.top))
        red, green, blue = frame.pixels[top : top + int(face.height), left : left + int(face.width)].mean(axis=(0, 1))
        if not red < max(green, blue) + 1:
            raise AttackSuspected
