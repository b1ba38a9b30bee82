"""Eyes visible (ISO/IEC 29794-5:2025): whether something covers an eye.

The standard asks how much of the eyes' region a segmenting network calls covered; this asks how much of the eyes and of
the skin below them does not look like the face's skin. Dark and coloured glasses and bandages are found; clear glasses,
and their frames, are not.
"""

from typing import Final

from visavis.model.quality import Component
from visavis.quality.measure import Measure
from visavis.quality.skin import Skin
from visavis.quality.view import View

_LEFT: Final = (226, 31, 228, 229, 230, 231, 232, 233, 244, 133, 173, 157, 158, 159, 160, 161, 246, 33)
_RIGHT: Final = (446, 261, 448, 449, 450, 451, 452, 453, 464, 362, 398, 384, 385, 386, 387, 388, 466, 263)
"""From the upper lid down to the rim of the eye's socket."""
_BLACK: Final = 0.15
"""Darker than this share of the cheek below it, in linear light, few eyes and few shadows are."""


def _raw(view: View) -> float | None:
    """The share of the eye that is more covered, 0 to 1, that shows neither skin nor an eye."""
    skin = Skin(view)
    both = [
        skin.eye_covered(view.region(outline), cheek=cheek, black=_BLACK)
        for outline, cheek in ((_LEFT, "left"), (_RIGHT, "right"))
    ]
    known = [one for one in both if one is not None]
    return max(known) if len(known) == len(both) else None


def _value(raw: float) -> float:
    return 100.0 * (1.0 - raw)


MEASURE: Final = Measure(Component.EYES_VISIBLE, _raw, _value)
