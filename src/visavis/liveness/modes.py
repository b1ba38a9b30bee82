"""Which liveness modes this installation can check, and what others measured of how well it does."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from visavis.liveness.attestation import Roots
from visavis.model.attestation import Attestation, AttestationRefused
from visavis.model.pad import Instruments, PadReport, PadReportMissing
from visavis.model.preset import Asked
from visavis.model.purpose import LivenessMode, LivenessUnavailable
from visavis.model.station import Station


@dataclass(frozen=True, slots=True)
class Checkable:
    """What this installation can check; a mode that it cannot is refused, never skipped.

    ``modes`` has ``attended`` always: a person watches, and nothing has to be installed for that. ``reports`` has what
    others measured, one for a mode. ``roots`` are those whose word is taken that a key is in a device.
    """

    modes: frozenset[LivenessMode] = field(default=frozenset({LivenessMode.ATTENDED}))
    reports: tuple[PadReport, ...] = ()
    roots: Roots | None = field(default=None, compare=False, repr=False)

    @staticmethod
    def by(
        *,
        active: bool = False,
        passive: bool = False,
        reports: Iterable[PadReport] = (),
        roots: Roots | None = None,
    ) -> "Checkable":
        """What can be checked with what is installed.

        :param active: whether films can be looked at. :param passive: whether a model finds attacks in a single photo.
        :param reports: what others measured of either. :param roots: who vouches for devices, if anybody does.
        """
        modes = {LivenessMode.ATTENDED}
        modes |= {LivenessMode.ACTIVE} if active else set()
        modes |= {LivenessMode.PASSIVE} if passive else set()
        modes |= {LivenessMode.ACTIVE_ATTESTED} if active and roots is not None else set()
        return Checkable(frozenset(modes), tuple(reports), roots)

    def attested(self, station: Station, *, now: datetime) -> Attestation:
        """Who vouches for the device that holds a station's key, at this moment.

        :raises LivenessUnavailable: nobody's word is taken here. :raises AttestationRefused: nobody does.
        """
        if self.roots is None:
            raise LivenessUnavailable("Nobody's word is taken here for a device: 'attestation_roots' is not set.")
        if station.attestation is None:
            raise AttestationRefused("Nobody vouched for the station's device.")
        return self.roots.attested(station.attestation, public_key=station.public_key, now=now)

    def require_at(self, station: Station, mode: LivenessMode, *, now: datetime) -> None:
        """Refuse a mode that cannot be checked at a station at this moment.

        1. It can be checked here, and somebody watches where it asks for that.
        2. Where it asks for a device that somebody vouches for, the station's is one.

        :raises LivenessUnavailable: either does not hold.
        """
        # 1
        self.require(mode, attended=station.attended)
        # 2
        if mode is LivenessMode.ACTIVE_ATTESTED:
            try:
                self.attested(station, now=now)
            except AttestationRefused as refused:
                raise LivenessUnavailable(
                    f"The purpose asks for a station whose device is vouched for. {refused.detail}"
                ) from None

    def require(self, mode: LivenessMode, *, attended: bool = True, own_device: bool = False) -> None:
        """Refuse a mode that cannot be checked here and now.

        :param attended: whether the operator declared that a person watches the capture. :param own_device: whether the
            person's own device takes it, for which nobody vouches.
        :raises LivenessUnavailable: it cannot.
        """
        if mode is LivenessMode.ACTIVE_ATTESTED and own_device:
            raise LivenessUnavailable("The purpose asks for a station whose device is vouched for, not one's own.")
        if mode not in self.modes:
            raise LivenessUnavailable(
                f"The purpose asks for liveness '{mode.value}'. Here {self._told()} can be checked."
            )
        if mode is LivenessMode.ATTENDED and not attended:
            raise LivenessUnavailable("The purpose asks that a person watches the capture, and nobody does here.")

    def require_pad(self, mode: LivenessMode, *, asked: Asked) -> None:
        """Refuse a mode that is not what a standard asks of presentation attack detection.

        1. A machine detects attacks, and can do so here.
        2. Somebody who neither made nor uses it measured the whole system with real attack instruments.
        3. Of every species the share that was accepted is below what the standard allows. The rates of our own kit,
           which simulates attacks, are none of these.

        :raises LivenessUnavailable: 1. :raises PadReportMissing: 2 or 3; it says what is missing.
        """
        if asked.iapar_below is None:
            return
        # 1
        if mode is LivenessMode.ATTENDED:
            raise LivenessUnavailable(
                "The preset asks for presentation attack detection (ISO/IEC 30107-3); a person who watches is none. "
                f"Here {self._told()} can be checked."
            )
        self.require(mode)
        # 2, 3
        # Whose key it is changes nothing about what a camera is shown: what holds of 'active' holds with it.
        measured = LivenessMode.ACTIVE if mode.is_active else mode
        missing = _missing(next((one for one in self.reports if one.mode is measured), None), below=asked.iapar_below)
        if missing:
            raise PadReportMissing(f"{asked.source} asks for a report on '{mode.value}': {missing}.")

    @property
    def names(self) -> tuple[str, ...]:
        """The modes as they are written, in the order in which they are listed everywhere."""
        return tuple(mode.value for mode in LivenessMode if mode in self.modes)

    def _told(self) -> str:
        first, *others = (f"'{name}'" for name in self.names)
        return first if not others else f"{', '.join([first, *others[:-1]])} and {others[-1]}"


def _missing(report: PadReport | None, *, below: float) -> str:
    """What a report lacks; empty where it lacks nothing."""
    if report is None:
        return "there is none"
    if report.instruments is not Instruments.PHYSICAL:
        return "what is there was measured with simulated attacks"
    if not report.independent:
        return "what is there was not measured independently"
    if report.iapar is None:
        return "what is there does not say of every species how often it was accepted (IAPAR)"
    if not report.iapar < below:
        return f"its IAPAR is {report.iapar:.3g}, and has to be below {below:g}"
    return ""
