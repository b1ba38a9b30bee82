"""Which liveness modes this installation can check, and what others measured of how well it does."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from visavis.model.pad import Instruments, PadReport, PadReportMissing
from visavis.model.preset import Asked
from visavis.model.purpose import LivenessMode, LivenessUnavailable


@dataclass(frozen=True, slots=True)
class Checkable:
    """What this installation can check; a mode that it cannot is refused, never skipped.

    ``modes`` has ``attended`` always: a person watches, and nothing has to be installed for that. ``active+attested``
    is in it nowhere, since no station proves what it is yet. ``reports`` has what others measured, one for a mode.
    """

    modes: frozenset[LivenessMode] = field(default=frozenset({LivenessMode.ATTENDED}))
    reports: tuple[PadReport, ...] = ()

    @staticmethod
    def by(*, active: bool = False, passive: bool = False, reports: Iterable[PadReport] = ()) -> "Checkable":
        """What can be checked with what is installed.

        :param active: whether films can be looked at. :param passive: whether a model finds attacks in a single photo.
        :param reports: what others measured of either.
        """
        modes = {LivenessMode.ATTENDED}
        modes |= {LivenessMode.ACTIVE} if active else set()
        modes |= {LivenessMode.PASSIVE} if passive else set()
        return Checkable(frozenset(modes), tuple(reports))

    def require(self, mode: LivenessMode, *, attended: bool = True) -> None:
        """Refuse a mode that cannot be checked here and now.

        :param attended: whether the operator declared that a person watches the capture.
        :raises LivenessUnavailable: it cannot.
        """
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
        missing = _missing(next((one for one in self.reports if one.mode is mode), None), below=asked.iapar_below)
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
