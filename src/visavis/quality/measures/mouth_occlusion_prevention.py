"""Mouth occlusion prevention (ISO/IEC 29794-5:2025): whether something covers the mouth.

The standard asks how much of the mouth's region a segmenting network calls covered; see ``visavis.quality.skin`` for
what is asked here, and for what it does not find.
"""

from typing import Final

from visavis.model.quality import Component
from visavis.quality.measure import Measure
from visavis.quality.skin import Skin
from visavis.quality.view import View

_AROUND: Final = (98, 206, 216, 212, 202, 204, 194, 201, 200, 421, 418, 424, 422, 432, 436, 426, 327, 2)
_LIPS: Final = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
_BLACK: Final = 0.1
"""Darker than this share of the face's skin, in linear light, few beards are."""


def _raw(view: View) -> float | None:
    """The share of the skin around the lips, 0 to 1, that shows none."""
    return Skin(view).covered(view.region(_AROUND) & ~view.region(_LIPS), black=_BLACK)


def _value(raw: float) -> float:
    return 100.0 * (1.0 - raw)


MEASURE: Final = Measure(Component.MOUTH_OCCLUSION, _raw, _value)
