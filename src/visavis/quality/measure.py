"""What a measure is."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from visavis.model.quality import BEST, FAILED_TO_ASSESS, Assessed, Component
from visavis.quality.view import View

SURE: Final = 0.5
"""A mesh whose presence is less lies on something that is no face, or on one that is covered. Of 1,100 photos of
lfw-dev none was below 0.95; of faces painted over with a mask one in six was below this."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One component: ``raw`` measures it, None where it cannot; ``value`` says how good that is, 0 to 100."""

    component: Component
    raw: Callable[[View], float | None]
    value: Callable[[float], float]
    by_points: bool = True
    """Whether it looks where the mesh says; without a face in the mesh it then cannot be told."""

    def assess(self, view: View) -> Assessed:
        """The component of ``view``."""
        raw = None if self.by_points and view.mesh.presence < SURE else self.raw(view)
        if raw is None or not math.isfinite(raw):
            return Assessed(FAILED_TO_ASSESS)
        return Assessed(rounded(self.value(raw)), raw)


def rounded(value: float) -> int:
    """``value`` as the standard writes it: a whole number, halves away from zero, from 0 to 100."""
    return int(max(0.0, min(float(BEST), math.floor(value + 0.5))))


def rising(raw: float, *, middle: float, width: float) -> float:
    """From 0 to 1: a half at ``middle``, three quarters about one ``width`` further (logistic function)."""
    exponent = max(-700.0, min(700.0, (middle - raw) / width))
    return 1.0 / (1.0 + math.exp(exponent))
