"""How good a picture of a face is, in the components of ISO/IEC 29794-5:2025."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

BEST: Final = 100
"""The largest value a component has; 0 is the smallest."""


class Component(Enum):
    """What is measured, by the names of the standard.

    Two of its components are left out on purpose, since they would be read from a face beside whose it is (rule S4):
    whether the head is covered, and its expression.
    """

    UNIFIED = "unified_quality_score"
    BACKGROUND_UNIFORMITY = "background_uniformity"
    ILLUMINATION_UNIFORMITY = "illumination_uniformity"
    LUMINANCE_MEAN = "luminance_mean"
    LUMINANCE_VARIANCE = "luminance_variance"
    UNDER_EXPOSURE = "under_exposure_prevention"
    OVER_EXPOSURE = "over_exposure_prevention"
    DYNAMIC_RANGE = "dynamic_range"
    SHARPNESS = "sharpness"
    COMPRESSION = "compression_artifacts"
    NATURAL_COLOUR = "natural_colour"
    SINGLE_FACE = "single_face_present"
    EYES_OPEN = "eyes_open"
    MOUTH_CLOSED = "mouth_closed"
    EYES_VISIBLE = "eyes_visible"
    MOUTH_OCCLUSION = "mouth_occlusion_prevention"
    FACE_OCCLUSION = "face_occlusion_prevention"
    INTER_EYE_DISTANCE = "inter_eye_distance"
    HEAD_SIZE = "head_size"
    LEFTWARD_CROP = "leftward_crop_of_the_face_image"
    RIGHTWARD_CROP = "rightward_crop_of_the_face_image"
    MARGIN_ABOVE = "margin_above_of_the_face_image"
    MARGIN_BELOW = "margin_below_of_the_face_image"
    YAW = "head_pose_yaw"
    PITCH = "head_pose_pitch"
    ROLL = "head_pose_roll"


class Failure(Enum):
    """Why there is no value."""

    FAILED_TO_ASSESS = "failed_to_assess"


FAILED_TO_ASSESS: Final = Failure.FAILED_TO_ASSESS
"""A component that cannot be computed for a picture; never a good value, and never a bad one."""


@dataclass(frozen=True, slots=True)
class Assessed:
    """One component of one picture: ``value`` is a whole number from 0 (bad) to 100 (good)."""

    value: int | Failure
    raw: float | None = None
    """What was measured, in the unit that the measure names; None where it failed."""


Quality = Mapping[Component, Assessed]
"""What was measured of one picture."""
