"""Everything a user can get wrong, checked. (Placeholder shape; the checks are being written.)"""

from dataclasses import dataclass

from visavis.settings import Settings


@dataclass(frozen=True, slots=True)
class Check:
    """One finding."""

    name: str
    state: str
    message: str
    mend: str = ""


def diagnose(settings: Settings) -> list[Check]:
    """Check everything."""
    return [Check("data directory", "ok", str(settings.data_dir))]
