"""What standards ask of a biometric system, as far as it can be stated in a purpose."""

from dataclasses import dataclass
from enum import Enum

from visavis.model.purpose import TargetKind


@dataclass(frozen=True, slots=True)
class Asked:
    """What a standard asks for: rates, and how well presentation attacks are detected."""

    kind: TargetKind
    target: float
    max_fnmr: float | None
    """None where it states none."""
    iapar_below: float | None
    """Presentation attacks have to be detected, and of no species so large a share may be accepted; None where it asks
    for nothing of the kind."""
    source: str


class Preset(Enum):
    """Requirements by the name of where they stand; ``docs/concepts/thresholds.md`` says what was read there."""

    NIST_63B = "63b"
    """A face as one of two factors in a log-in."""
    NIST_63A_IDENTIFY = "63a-identify"
    """Looking for one applicant among those who are there already."""
    FIDO = "fido"
    """A component that FIDO certifies."""

    @property
    def asks(self) -> Asked:
        """What it asks for."""
        return _ASKED[self]


@dataclass(frozen=True, slots=True)
class Promised:
    """The rates that a purpose states, or the preset that they follow from; what is None follows."""

    target_kind: TargetKind | None = None
    target: float | None = None
    max_fnmr: float | None = None
    preset: Preset | None = None


_ASKED = {
    Preset.NIST_63B: Asked(TargetKind.FMR, 1e-4, 0.05, iapar_below=0.07, source="NIST SP 800-63B-4, 3.2.3"),
    Preset.NIST_63A_IDENTIFY: Asked(TargetKind.FPIR, 1e-3, None, iapar_below=None, source="NIST SP 800-63A-4, 3.11"),
    Preset.FIDO: Asked(TargetKind.FMR, 1e-4, 0.03, iapar_below=0.15, source="FIDO Biometrics Requirements"),
}
