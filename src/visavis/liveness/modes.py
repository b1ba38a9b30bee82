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
