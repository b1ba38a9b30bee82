"""The port through which a model looks for attack presentations in a single photo."""

from typing import Protocol

from visavis.model.face import Face
from visavis.model.image import Frame
from visavis.model.pad import PadReport


class PassivePad(Protocol):
    """Tells a living person from a photo, a screen or a mask, in one picture and before anything is embedded.

    Every implementation

    * has a report of how often it errs, and refuses to start without one;
    * decides by a bar of its own, which no request and no purpose moves, and tells nobody how near to it a face came;
    * refuses where it cannot tell: numbers that are none do not pass;
    * keeps nothing of the picture and may be called from several threads at once.
    """

    @property
    def report(self) -> PadReport:
        """What was measured of it."""
        ...

    def require_bona_fide(self, frame: Frame, face: Face) -> None:
        """Let ``face`` pass as a living person's.

        :raises AttackSuspected: it looks like an attack, or cannot be told from one.
        """
        ...
