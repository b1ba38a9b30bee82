"""Face occlusion prevention (ISO/IEC 29794-5:2025): whether something covers much of the face.

The standard asks how much of the face a segmenting network calls covered; see ``visavis.quality.skin`` for what is
asked here, and for what it does not find.
"""

from typing import Final

from visavis.model.quality import Component
from visavis.quality.measure import Measure
from visavis.quality.skin import Skin
from visavis.quality.view import View

_BLACK: Final = 0.1
"""Darker than this share of the face's skin, in linear light, brows and few beards are."""


def _raw(view: View) -> float | None:
    """The share of the face, 0 to 1, that shows no skin."""
    return Skin(view).covered(view.face_region, black=_BLACK)


def _value(raw: float) -> float:
    return 100.0 * (1.0 - raw)


MEASURE: Final = Measure(Component.FACE_OCCLUSION, _raw, _value)
