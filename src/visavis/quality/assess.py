"""Everything that is measured of one face."""

from collections.abc import Collection
from typing import Final

from visavis.model.quality import Component, Quality
from visavis.quality.measure import Measure
from visavis.quality.measures import (
    background_uniformity,
    compression_artifacts,
    dynamic_range,
    eyes_open,
    eyes_visible,
    face_occlusion_prevention,
    head_pose_pitch,
    head_pose_roll,
    head_pose_yaw,
    head_size,
    illumination_uniformity,
    inter_eye_distance,
    leftward_crop,
    luminance_mean,
    luminance_variance,
    margin_above,
    margin_below,
    mouth_closed,
    mouth_occlusion_prevention,
    natural_colour,
    over_exposure,
    rightward_crop,
    sharpness,
    single_face,
    under_exposure,
)
from visavis.quality.view import View

MEASURES: Final[tuple[Measure, ...]] = tuple(
    module.MEASURE
    for module in (
        background_uniformity,
        illumination_uniformity,
        luminance_mean,
        luminance_variance,
        under_exposure,
        over_exposure,
        dynamic_range,
        sharpness,
        compression_artifacts,
        natural_colour,
        single_face,
        eyes_open,
        mouth_closed,
        eyes_visible,
        mouth_occlusion_prevention,
        face_occlusion_prevention,
        inter_eye_distance,
        head_size,
        leftward_crop,
        rightward_crop,
        margin_above,
        margin_below,
        head_pose_yaw,
        head_pose_pitch,
        head_pose_roll,
    )
)
"""One for each component but the unified quality score, which ``measures/unified_quality.py`` adds after embedding."""


def assess(view: View, *, asked: Collection[Component] | None = None) -> Quality:
    """The components of ``view`` that a picture shows before it is embedded.

    :param asked: only these are measured, as far as they are among ``MEASURES``; all of them if not given.
    """
    return {
        measure.component: measure.assess(view) for measure in MEASURES if asked is None or measure.component in asked
    }
