"""Single face present (ISO/IEC 29794-5:2025): how much smaller any other face is."""

from typing import Final

from visavis.model.face import Face
from visavis.model.quality import Component
from visavis.quality.measure import Measure
from visavis.quality.view import View


def _raw(view: View) -> float | None:
    """The area of the largest other face, in areas of the one that is meant."""
    others = [_area(one) for one in view.faces if one is not view.face]
    return max(others, default=0.0) / _area(view.face) if _area(view.face) else None


def _area(face: Face) -> float:
    return max(0.0, face.width) * max(0.0, face.height)


def _value(raw: float) -> float:
    return 100.0 * (1.0 - raw)


MEASURE: Final = Measure(Component.SINGLE_FACE, _raw, _value, by_points=False)
