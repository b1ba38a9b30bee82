"""The clock: requests are signed with the time, and consent ends by it."""

import ctypes
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from visavis.adapters.doctor.check import Check
from visavis.settings import Settings

_BEFORE_THIS_RELEASE: Final = datetime(2026, 11, 1, tzinfo=UTC)
_MEND: Final = "Set the clock, and keep it by NTP: stations and people sign with the time, 30 seconds either way."
_TIMEX_BYTES: Final = 512
_CLOCK_IS_UNSET: Final = 5
"""``TIME_ERROR`` of adjtimex(2): the kernel was not told the right time for a while."""
_LOOK_S: Final = 0.02
_STEP_S: Final = 0.5


def plausible(settings: Settings) -> Iterator[Check]:
    """The clock is not behind this release, nor behind the data, and does not jump."""
    now = datetime.now(UTC)
    database = settings.data_dir / "visavis.db"
    written = datetime.fromtimestamp(database.stat().st_mtime, UTC) if database.is_file() else now
    if now < _BEFORE_THIS_RELEASE:
        yield Check("clock", "fail", f"It says {now:%Y-%m-%d %H:%M} UTC, before this release was made.", _MEND)
    elif written > now + timedelta(minutes=5):
        yield Check("clock", "fail", f"It says {now:%Y-%m-%d %H:%M} UTC, but the database is newer.", _MEND)
    elif abs(_jump_s()) > _STEP_S:
        yield Check("clock", "warn", "It was set while it was looked at: it jumps.", _MEND)
    else:
        yield Check("clock", "ok", f"{now:%Y-%m-%d %H:%M:%S} UTC.")


def kept(_settings: Settings) -> Iterator[Check]:
    """Something keeps the clock right."""
    state = _kernel_clock()
    if state is None:
        yield Check("clock kept", "warn", "This machine does not say whether its clock is kept by NTP.", _MEND)
    elif state == _CLOCK_IS_UNSET:
        yield Check("clock kept", "warn", "Nothing keeps the clock right.", _MEND)
    else:
        yield Check("clock kept", "ok", "It is kept right.")


def _kernel_clock() -> int | None:
    """What adjtimex(2) answers when nothing is to be changed; None where it may not be asked."""
    # A structure of zeros asks for nothing: its first field says what to change.
    state = int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))
    return None if state < 0 else state


def _jump_s() -> float:
    """How much further the clock went than time did, in seconds."""
    wall, steady = time.time(), time.monotonic()
    time.sleep(_LOOK_S)
    return (time.time() - wall) - (time.monotonic() - steady)
