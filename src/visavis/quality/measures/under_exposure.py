"""Under-exposure prevention (ISO/IEC 29794-5:2025): whether much of a face is black."""

from typing import Final

from visavis.model.quality import Component
from visavis.quality.measure import Measure, rising
from visavis.quality.view import View

_DARK: Final = slice(0, 26)


def _raw(view: View) -> float | None:
    """The share of the face whose luminance is at most 25 of 255."""
    return float(view.histogram[_DARK].sum()) if view.histogram.any() else None


def _value(raw: float) -> float:
    return 120.0 * (0.832 - rising(raw, middle=0.92, width=0.05))


MEASURE: Final = Measure(Component.UNDER_EXPOSURE, _raw, _value)
