"""Which liveness modes this installation can check."""

from typing import Final

from visavis.model.purpose import LivenessMode, LivenessUnavailable

CHECKABLE: Final = frozenset({LivenessMode.ATTENDED})
"""The others need a challenge or a model that is not here; a mode that cannot be checked is refused, never skipped."""


def require_checkable(mode: LivenessMode, *, attended: bool = True) -> None:
    """Refuse a mode that cannot be checked here and now.

    :param attended: whether the operator declared that a person watches the capture.
    :raises LivenessUnavailable: it cannot.
    """
    if mode not in CHECKABLE:
        raise LivenessUnavailable(f"The purpose asks for liveness '{mode.value}'.")
    if mode is LivenessMode.ATTENDED and not attended:
        raise LivenessUnavailable("The purpose asks that a person watches the capture, and nobody does here.")


def require_pad(mode: LivenessMode) -> None:
    """Refuse a mode in which no machine detects presentation attacks, where a standard asks for that.

    :raises LivenessUnavailable: it is one, or this installation has no other.
    """
    if mode is LivenessMode.ATTENDED:
        raise LivenessUnavailable(
            "The preset asks for presentation attack detection (ISO/IEC 30107-3); a person who watches is none."
        )
    require_checkable(mode)
