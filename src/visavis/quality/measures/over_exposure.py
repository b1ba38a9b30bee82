"""Over-exposure prevention (ISO/IEC 29794-5:2025): whether much of a face is burnt out."""

from typing import Final

from visavis.model.quality import Component
from visavis.quality.measure import Measure
from visavis.quality.view import View

_BURNT: Final = slice(247, 256)


def _raw(view: View) -> float | None:
    """The share of the face whose luminance is at least 247 of 255."""
    return float(view.histogram[_BURNT].sum()) if view.histogram.any() else None


def _value(raw: float) -> float:
    return 1.0 / (raw + 0.01)


MEASURE: Final = Measure(Component.OVER_EXPOSURE, _raw, _value)
