"""A set of attack and bona fide presentations, and why one cannot be measured on.

As in ``visavis.model.evaluation`` a person is a number, and names stay with whoever read the folders. Species are no
people: they keep their names.
"""

from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from visavis.model.evaluation import EvaluationRefused


class Form(Enum):
    """What a presentation was kept as. Each has its own way of being looked at."""

    STILL = "still"
    """One photo."""
    CAPTURE = "capture"
    """What was taken while somebody did what a challenge asks: a manifest, and the frames that it names."""


@dataclass(frozen=True, slots=True)
class Presentations:
    """What is in a set; arrays have one entry for each photo or capture, in an order that is the same on every machine.

    ``species`` is the place in ``names`` of the species that was presented, -1 where it was a living person. ``person``
    is whom it shows: of an attack its target. ``is_reference`` marks the photos that targets are compared with, at most
    one a person; they are no presentations. ``form`` is that of all presentations; references are stills.
    ``left_out`` counts files that are neither photos nor in their place.
    """

    names: tuple[str, ...]
    species: NDArray[np.int64] = field(repr=False)
    person: NDArray[np.int64] = field(repr=False)
    is_reference: NDArray[np.bool_] = field(repr=False)
    form: Form = Form.STILL
    left_out: int = 0

    @property
    def is_bona_fide(self) -> NDArray[np.bool_]:
        """Which are presentations of living people."""
        return (self.species < 0) & ~self.is_reference


class PresentationsMisplaced(EvaluationRefused):
    """A set does not have both kinds of presentations where they are looked for."""

    code = "presentations_misplaced"
    mend = "Put photos into bona_fide/PERSON and attacks/SPECIES/TARGET; bona_fide/PERSON/reference.jpg is optional."


class PresentationsMixed(EvaluationRefused):
    """A set has photos and captures: modes of liveness are measured one at a time."""

    code = "presentations_mixed"
    mend = "Measure photos in one set and captures in another; references are photos in both."
