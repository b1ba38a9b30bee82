"""How good a picture of a face has to be, for what it is to serve."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from visavis.model.errors import FaceRefused
from visavis.model.quality import Assessed, Component, Quality
from visavis.model.unfit import (
    Blurred,
    EyesClosed,
    EyesCovered,
    FaceCovered,
    FaceNearBorder,
    FaceUnclear,
    HeadTilted,
    MouthOpen,
    NotNaturalColours,
    PhotoCompressed,
    TooBright,
    TooDark,
    TurnedAway,
    UnevenLight,
)

_REFUSALS: Final[Mapping[Component, type[FaceRefused]]] = {
    Component.UNDER_EXPOSURE: TooDark,
    Component.OVER_EXPOSURE: TooBright,
    Component.LUMINANCE_MEAN: TooDark,
    Component.ILLUMINATION_UNIFORMITY: UnevenLight,
    Component.DYNAMIC_RANGE: FaceUnclear,
    Component.ROLL: HeadTilted,
    Component.YAW: TurnedAway,
    Component.PITCH: TurnedAway,
    Component.LEFTWARD_CROP: FaceNearBorder,
    Component.RIGHTWARD_CROP: FaceNearBorder,
    Component.EYES_OPEN: EyesClosed,
    Component.EYES_VISIBLE: EyesCovered,
    Component.MOUTH_OCCLUSION: FaceCovered,
    Component.FACE_OCCLUSION: FaceCovered,
    Component.MOUTH_CLOSED: MouthOpen,
    Component.SHARPNESS: Blurred,
    Component.COMPRESSION: PhotoCompressed,
    Component.NATURAL_COLOUR: NotNaturalColours,
    Component.UNIFIED: FaceUnclear,
}
"""What is refused where a component is too low."""
_MIDDLE: Final = 0.5
"""Mean luminance, of 1, from which a face that is not lit well has too much light and not too little."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Which components a picture has to have, and how much of each, 0 to 100.

    They are asked for in the order of ``least``, which is that of what a person mends first: light, then how the head
    is held, then what is before it, then the photo. The unified quality score is asked for last, once a face has been
    embedded: ``least`` may hold it, and then ``require`` leaves it to ``require_embedded``.
    """

    name: str
    least: Mapping[Component, int]

    def require(self, quality: Quality) -> None:
        """Let a picture pass that is good enough to be embedded.

        1. Every component that is asked for could be assessed.
        2. None is lower than it has to be.

        :raises FaceRefused: the leaf that names the first component that fails; ``FaceUnclear`` where 1 fails.
        """
        for component, least in self.least.items():
            if component is not Component.UNIFIED:
                _require(component, quality[component], least)

    def require_embedded(self, unified: Assessed) -> None:
        """Let a face pass whose vector says that it could be made out.

        :raises FaceUnclear: it is lower than it has to be, or could not be assessed.
        """
        if Component.UNIFIED in self.least:
            _require(Component.UNIFIED, unified, self.least[Component.UNIFIED])


def _require(component: Component, found: Assessed, least: int) -> None:
    # 1
    if not isinstance(found.value, int):
        raise FaceUnclear
    # 2
    if found.value < least:
        too_much = component is Component.LUMINANCE_MEAN and (found.raw or 0.0) > _MIDDLE
        raise TooBright if too_much else _REFUSALS[component]


PROBE: Final = Gate(
    "probe",
    {
        Component.UNDER_EXPOSURE: 1,
        Component.OVER_EXPOSURE: 2,
        Component.ROLL: 50,
        Component.YAW: 45,
        Component.PITCH: 45,
        Component.EYES_OPEN: 40,
        Component.EYES_VISIBLE: 8,
        Component.SHARPNESS: 10,
        Component.COMPRESSION: 5,
        Component.UNIFIED: 25,
    },
)
"""What is compared once. Of 5,942 photos of lfw-dev it refuses seven in a thousand, most since the eyes are hidden. A
covered mouth is not asked for: in half a hundredth of photos, most of them without colours, it cannot be assessed."""

ENROLMENT: Final = Gate(
    "enrolment",
    {
        Component.UNDER_EXPOSURE: 20,
        Component.OVER_EXPOSURE: 20,
        Component.LUMINANCE_MEAN: 5,
        Component.DYNAMIC_RANGE: 45,
        Component.LEFTWARD_CROP: 50,
        Component.RIGHTWARD_CROP: 50,
        Component.ROLL: 75,
        Component.YAW: 60,
        Component.PITCH: 60,
        Component.ILLUMINATION_UNIFORMITY: 1,
        Component.EYES_OPEN: 60,
        Component.EYES_VISIBLE: 15,
        Component.MOUTH_OCCLUSION: 25,
        Component.FACE_OCCLUSION: 40,
        Component.MOUTH_CLOSED: 15,
        Component.SHARPNESS: 40,
        Component.COMPRESSION: 40,
        Component.NATURAL_COLOUR: 20,
        Component.UNIFIED: 40,
    },
)
"""What somebody is compared with for years. Of the same photos it refuses 4.4 in a hundred."""

DOCUMENT: Final = Gate(
    "document",
    {Component.ROLL: 50, Component.YAW: 45, Component.PITCH: 45, Component.UNIFIED: 25},
)
"""The picture in a document, which nobody can take again: often small, without colours, and printed on a pattern."""
