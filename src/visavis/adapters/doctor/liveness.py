"""Liveness: which modes can be checked here, what was measured of them, and whether purposes ask for others."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from visavis.adapters.attestation import read_roots
from visavis.adapters.cards import read_pad_card
from visavis.adapters.doctor.check import Check
from visavis.adapters.doctor.database import first_of
from visavis.adapters.pad_report import read_active_report
from visavis.liveness.attestation import Roots
from visavis.liveness.modes import Checkable
from visavis.model.pad import Instruments, PadReport
from visavis.model.purpose import LivenessMode
from visavis.settings import Settings

_SIMULATED_MEND: Final = "Have it tested with real attack instruments: simulated ones say nothing of those."
_SOON: Final = timedelta(days=60)
_ROOTS_MEND: Final = "Get the next certificate and add it to 'attestation_roots' before stations stop."
_ASKED_MEND: Final = (
    "No session opens for those purposes: install what the mode needs ('pad_card' names a model for 'passive'), or end "
    "them and state others."
)


_COUNT_OTHERS: Final = (
    "SELECT count(*) FROM purposes WHERE liveness NOT IN (?, ?, ?, ?) AND (ends_at IS NULL OR ends_at > ?)"
)


def liveness(settings: Settings) -> Iterator[Check]:
    """The modes, the report on each, and the purposes whose mode cannot be checked."""
    reports = []
    if settings.pad_card is not None:
        reports.append(read_pad_card(settings.pad_card).report.report())
    if settings.pad_report is not None:
        reports.append(read_active_report(settings.pad_report))
    roots = None if settings.attestation_roots is None else read_roots(settings.attestation_roots)
    checkable = Checkable.by(active=True, passive=settings.pad_card is not None, reports=reports, roots=roots)
    yield Check("liveness", "ok", f"Can be checked: {', '.join(checkable.names)}.")
    yield from (_reported(report) for report in reports)
    if roots is not None:
        yield _lasting(roots)
    if (asked := _asked(settings, checkable)) is not None:
        yield asked


def _reported(report: PadReport) -> Check:
    name, worst = f"pad report {report.mode.value}", report.worst
    message = (
        f"Worst species {worst.name} (level {worst.level.value}): APCER {worst.apcer:.2%} of {worst.presentations}; "
        f"BPCER {report.bona_fide.bpcer:.2%} of {report.bona_fide.presentations}; measured by {report.measured_by}, "
        f"{report.measured_on}."
    )
    if report.instruments is Instruments.SIMULATED:
        return Check(name, "warn", f"{message} With simulated attacks only.", _SIMULATED_MEND)
    return Check(name, "ok", message)


def _lasting(roots: Roots) -> Check:
    told = f"{len(roots)} certificates may vouch for stations' devices; the first ends on {roots.until:%Y-%m-%d}."
    if roots.until < datetime.now(UTC) + _SOON:
        return Check("attestation roots", "warn", told, _ROOTS_MEND)
    return Check("attestation roots", "ok", told)


def _asked(settings: Settings, checkable: Checkable) -> Check | None:
    """The finding about purposes that ask for what cannot be checked, if there are any."""
    first, *others = checkable.names
    names = (first, *others, *[first] * (len(LivenessMode) - len(checkable.names)))  # as many as there are places
    count = int(first_of(settings, _COUNT_OTHERS, *names, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"))
    if not count:
        return None
    return Check("liveness asked", "warn", f"{count} purposes ask for a mode that cannot be checked here.", _ASKED_MEND)
