"""What ``ofiqpy`` makes of pictures and points that ``quality_beside.py`` found: a JSON line for each photo.

This runs in an environment of its own, with the NumPy and OpenCV that it asks for. Its networks are in no package: it
gets our points, in the places of its 98, and only those of its measures run that are formulas.
"""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from ofiqpy.align import align, landmarked_region
from ofiqpy.measures import geometry, pixel
from ofiqpy.measures.core import Measures

PIXELS = (
    pixel.illumination_uniformity,
    pixel.luminance_variance,
    pixel.under_exposure,
    pixel.over_exposure,
    pixel.dynamic_range,
    pixel.natural_colour,
)
POINTS = (geometry.inter_eye_distance, geometry.crop_of_face, geometry.eyes_open, geometry.mouth_closed)


def measured(frame: np.ndarray, points: np.ndarray, yaw: float) -> dict[str, float | None]:
    """Every component that is a formula, by ``ofiqpy``'s names."""
    picture = np.ascontiguousarray(frame[:, :, ::-1])
    face, placed, affine = align(picture, points)
    region = landmarked_region(placed)
    seen = SimpleNamespace(
        image=picture,
        aligned_face=face,
        aligned_landmarks=placed.astype(int),
        landmarks=points,
        affine=affine,
        landmarked_region=region,
        occlusion_mask=np.ones_like(region),
        pitch=yaw,
    )
    found: list[Any] = []
    for measure in (*PIXELS, *POINTS):
        made = measure(seen)
        found += made if isinstance(made, tuple) else [made]
    found += [Measures.luminance_mean(None, seen), Measures.head_size(None, seen)]
    return {one.name: one.scalar for one in found}


def main() -> None:
    """Read what the other environment wrote."""
    with np.load(Path(sys.argv[1])) as given:
        for frame, points, yaw in zip(given["frames"], given["points"], given["yaws"], strict=True):
            print(json.dumps(measured(frame, points, float(yaw))))


if __name__ == "__main__":
    main()
