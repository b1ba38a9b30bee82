"""Illumination uniformity (ISO/IEC 29794-5:2025): whether light falls on both cheeks alike."""

from typing import Final

import numpy as np

from visavis.model.quality import Component
from visavis.quality.cheeks import cheeks
from visavis.quality.measure import Measure
from visavis.quality.view import View


def _raw(view: View) -> float | None:
    """How much of the two cheeks' histograms of luminance they have in common, 0 to 1."""
    places = cheeks(view)
    if not all(view.inside[place].size and view.inside[place].all() for place in places):
        return None
    both = [view.luminance[place] for place in places]
    left, right = (np.bincount(cheek.ravel(), minlength=256) / cheek.size for cheek in both)
    return float(np.minimum(left, right).sum())


def _value(raw: float) -> float:
    return float(100.0 * raw**0.3)


MEASURE: Final = Measure(Component.ILLUMINATION_UNIFORMITY, _raw, _value)
