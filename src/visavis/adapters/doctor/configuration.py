"""Where the settings come from."""

from collections.abc import Iterator

from visavis.adapters.doctor.check import Check
from visavis.settings import Settings, unknown_variables


def settings_file(settings: Settings) -> Iterator[Check]:
    """Which file was read. One that is not safe, or not understood, was refused before this."""
    yield Check("settings", "ok", f"{settings.file or 'No file: the environment and defaults'}.")


def variables(_settings: Settings) -> Iterator[Check]:
    """No variable looks like a setting without being one."""
    unread = unknown_variables()
    for variable, nearest in unread:
        meant = f"Is {nearest} meant? " if nearest else ""
        mend = f"{meant}Unset it; 'visavis settings show' lists every variable."
        yield Check("variables", "warn", f"Nothing reads the environment variable {variable}.", mend)
    if not unread:
        yield Check("variables", "ok", "Every VISAVIS_ variable is one that something reads.")
