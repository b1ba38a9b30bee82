"""What somebody measured of how well attack presentations are told from living people (ISO/IEC 30107-3:2023).

Reports hold counts, from which every rate follows, so that none of them contradicts another.
"""

from dataclasses import dataclass
from datetime import date
from enum import Enum

from visavis.model.errors import LivenessRefused, PolicyRefused, StartupError
from visavis.model.purpose import LivenessMode


class Level(Enum):
    """How much an attack instrument takes to make, as the FIDO Alliance's laboratories grade it."""

    A = "A"
    """Immediate and easy: a photo on paper or on a telephone."""
    B = "B"
    """Some days, a good photo or video, some skill: a mask of paper, a video on a display."""
    C = "C"
    """A specialist, and a scan of the person: a mask of silicone."""


class Instruments(Enum):
    """What was held before the camera."""

    PHYSICAL = "physical"
    """The real things: paper, displays, masks."""
    SIMULATED = "simulated"
    """Pictures that a program made of faces, as our own attack kit does; no standard takes them for a test."""


@dataclass(frozen=True, slots=True)
class Species:
    """One species of attack instrument in a report.

    ``presentations`` is how often one was presented, ``errors`` how often it passed for a living person. ``accepted``
    is how often the whole system, comparison included, took it for whom it shows; None where that was not measured.
    """

    name: str
    level: Level
    presentations: int
    errors: int
    accepted: int | None = None

    @property
    def apcer(self) -> float:
        """Attack presentation classification error rate."""
        return self.errors / self.presentations

    @property
    def iapar(self) -> float | None:
        """Impostor attack presentation accept rate; None where it was not measured."""
        return None if self.accepted is None else self.accepted / self.presentations


@dataclass(frozen=True, slots=True)
class BonaFide:
    """Living people in a report.

    ``errors`` is how often one was taken for an attack, ``rejected`` how often the whole system, comparison included,
    did not take one for themselves; None where that was not measured.
    """

    presentations: int
    errors: int
    rejected: int | None = None

    @property
    def bpcer(self) -> float:
        """Bona fide presentation classification error rate."""
        return self.errors / self.presentations

    @property
    def frr(self) -> float | None:
        """False reject rate of the whole system; None where it was not measured."""
        return None if self.rejected is None else self.rejected / self.presentations


@dataclass(frozen=True, slots=True)
class PadReport:
    """What was measured of one liveness mode.

    ``data`` says on what, ``measured_by`` who did it and ``measured_on`` when. ``independent`` says whether that was
    neither whoever made what was tested nor whoever uses it. ``species`` come worst first.
    """

    mode: LivenessMode
    data: str
    measured_by: str
    measured_on: date
    standard: str
    independent: bool
    instruments: Instruments
    species: tuple[Species, ...]
    bona_fide: BonaFide

    @property
    def worst(self) -> Species:
        """The species that passed for a living person most often: a PAD subsystem is as good as that (13.2)."""
        return self.species[0]

    @property
    def iapar(self) -> float | None:
        """The highest of all species; None where one of them was not measured with the comparison."""
        found = [one.iapar for one in self.species]
        known = [one for one in found if one is not None]
        return max(known) if len(known) == len(found) else None

    @property
    def riapar(self) -> float | None:
        """Relative IAPAR: the highest IAPAR and the FRR together (30107-3:2023); None where either is not known."""
        iapar, frr = self.iapar, self.bona_fide.frr
        return None if iapar is None or frr is None else iapar + frr


def worst_first(species: tuple[Species, ...]) -> tuple[Species, ...]:
    """As the standard wants species told: the highest APCER first, then by name."""
    return tuple(sorted(species, key=lambda one: (-one.apcer, one.name)))


class AttackSuspected(LivenessRefused):
    """The picture looks as if a photo, a screen or a mask was before the camera."""

    code = "attack_suspected"
    mend = "Show your own face, in even light and without a picture or a screen in view; or use your PIN or QR code."


class PadReportMissing(PolicyRefused):
    """A standard asks for a report on presentation attack detection, and there is none that says enough."""

    code = "pad_report_missing"
    mend = (
        "Have it tested by a laboratory and bring its report ('pad_card' or 'pad_report'), or state the rates without "
        "the preset."
    )


class PadReportInvalid(StartupError):
    """A report on presentation attack detection lacks something, or contradicts itself."""

    code = "pad_report_invalid"
    mend = "Complete the report; docs/reference/model-cards.md explains each field."
