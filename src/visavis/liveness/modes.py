"""Which liveness modes this installation can check, and what others measured of how well it does."""

from dataclasses import dataclass, field

from visavis.model.purpose import LivenessMode, LivenessUnavailable


@dataclass(frozen=True, slots=True)
class Checkable:
    """What this installation can check; a mode that it cannot is refused, never skipped.

    ``modes`` has ``attended`` always: a person watches, and nothing has to be installed for that. ``active+attested``
    is in it nowhere, since no station proves what it is yet.
    """

    modes: frozenset[LivenessMode] = field(default=frozenset({LivenessMode.ATTENDED}))

    @staticmethod
    def by(*, active: bool = False, passive: bool = False) -> "Checkable":
        """What can be checked with what is installed.

        :param active: whether films can be looked at. :param passive: whether a model finds attacks in a single photo.
        """
        modes = {LivenessMode.ATTENDED}
        modes |= {LivenessMode.ACTIVE} if active else set()
        modes |= {LivenessMode.PASSIVE} if passive else set()
        return Checkable(frozenset(modes))

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

    def require_pad(self, mode: LivenessMode) -> None:
        """Refuse a mode in which no machine detects presentation attacks, where a standard asks for that.

        :raises LivenessUnavailable: it is one, or cannot be checked here.
        """
        if mode is LivenessMode.ATTENDED:
            raise LivenessUnavailable(
                "The preset asks for presentation attack detection (ISO/IEC 30107-3); a person who watches is none. "
                f"Here {self._told()} can be checked."
            )
        self.require(mode)

    @property
    def names(self) -> tuple[str, ...]:
        """The modes as they are written, in the order in which they are listed everywhere."""
        return tuple(mode.value for mode in LivenessMode if mode in self.modes)

    def _told(self) -> str:
        first, *others = (f"'{name}'" for name in self.names)
        return first if not others else f"{', '.join([first, *others[:-1]])} and {others[-1]}"
