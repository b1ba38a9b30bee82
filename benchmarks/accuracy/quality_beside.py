"""Our values of quality beside those of ``ofiqpy``, an implementation of OFIQ in Python, where both are formulas.

``python -m benchmarks.accuracy.quality_beside`` takes photos of ``../shared/faces/lfw-dev`` and the points that our
landmarker finds, has ``ofiqpy`` measure the same at its own size (``quality_peer.py``), and prints the correlation and
the mean difference for each component. ``VISAVIS_QUALITY_PYTHON`` names the interpreter that has it.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
from benchmarks.accuracy.lfw_dev import PHOTOS, models_folder
from numpy.typing import NDArray

from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.runtime import Runtime
from visavis.adapters.openvino.stages import open_detector, open_landmarker
from visavis.capture.decode import decode
from visavis.capture.one_face import the_one_face
from visavis.flows.viewing import view_of
from visavis.model.errors import FaceRefused
from visavis.model.quality import Component, Quality
from visavis.quality.assess import assess
from visavis.quality.view import OVAL, View

MOST: Final = 400
NAMES: Final = {
    "IlluminationUniformity": Component.ILLUMINATION_UNIFORMITY,
    "LuminanceMean": Component.LUMINANCE_MEAN,
    "LuminanceVariance": Component.LUMINANCE_VARIANCE,
    "UnderExposurePrevention": Component.UNDER_EXPOSURE,
    "OverExposurePrevention": Component.OVER_EXPOSURE,
    "DynamicRange": Component.DYNAMIC_RANGE,
    "NaturalColour": Component.NATURAL_COLOUR,
    "EyesOpen": Component.EYES_OPEN,
    "MouthClosed": Component.MOUTH_CLOSED,
    "InterEyeDistance": Component.INTER_EYE_DISTANCE,
    "HeadSize": Component.HEAD_SIZE,
    "LeftwardCropOfTheFaceImage": Component.LEFTWARD_CROP,
    "RightwardCropOfTheFaceImage": Component.RIGHTWARD_CROP,
    "MarginAboveOfTheFaceImage": Component.MARGIN_ABOVE,
    "MarginBelowOfTheFaceImage": Component.MARGIN_BELOW,
}
IN_98: Final = {
    16: 152,
    54: 4,
    60: 33,
    64: 133,
    68: 362,
    72: 263,
    76: 61,
    82: 291,
    61: 160,
    62: 159,
    63: 158,
    67: 144,
    66: 145,
    65: 153,
    69: 385,
    70: 386,
    71: 387,
    75: 380,
    74: 374,
    73: 373,
    89: 82,
    90: 13,
    91: 312,
    95: 87,
    94: 14,
    93: 317,
}
"""Places among the 98 points that its formulas read, and our points there. The others get the face's outline."""


def in_98(view: View) -> NDArray[np.float64]:
    """The points of ``view``, in the order that ``ofiqpy`` knows."""
    points = view.mesh.flat[[OVAL[number % len(OVAL)] for number in range(98)]].astype(np.float64)
    for theirs, ours in IN_98.items():
        points[theirs] = view.mesh.flat[ours]
    return points


def views(photos: Path) -> list[tuple[View, Quality]]:
    """Photos of one size that the product takes, drawn by a fixed seed."""
    store, runtime = ModelStore(models_folder()), Runtime(threads=1, streams=1)
    detector, landmarker = open_detector(store, runtime), open_landmarker(store, runtime)
    files = sorted(photos.glob("*/*.jpg"))
    found = []
    for file in random.Random(1).sample(files, min(len(files), MOST)):  # noqa: S311 -- draws photos, no secrets
        frame = decode(file.read_bytes())
        faces = detector.detect(frame)
        try:
            face = the_one_face(faces, frame=frame)
        except FaceRefused:
            continue
        view = view_of(frame, faces=faces, face=face, mesh=landmarker.find(frame, face))
        found.append((view, assess(view)))
    return found


def main() -> None:
    """Compare, and print a line for each component; the last line is one JSON object."""
    python = os.environ.get("VISAVIS_QUALITY_PYTHON")
    if not python or not Path(python).is_file():
        sys.exit("ofiqpy is not there, which wants an old NumPy and OpenCV: see requirements/quality-peer.txt.")
    found = views(PHOTOS)
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder, "given.npz")
        np.savez(
            given,
            frames=np.stack([view.frame.pixels for view, _ in found]),
            points=np.stack([in_98(view) for view, _ in found]),
            yaws=np.array([view.pose.yaw for view, _ in found]),
        )
        script = Path(__file__).with_name("quality_peer.py")
        told = subprocess.run([python, str(script), str(given)], check=True, capture_output=True, text=True).stdout
    theirs = [json.loads(line) for line in told.splitlines()]
    report = {}
    for name, component in NAMES.items():
        pairs = [(quality[component].value, one[name]) for (_, quality), one in zip(found, theirs, strict=True)]
        both = np.array([(ours, other) for ours, other in pairs if isinstance(ours, int) and other is not None])
        spread = both.std(axis=0).min()
        correlation = float(np.corrcoef(both.T)[0, 1]) if spread > 0 else float("nan")
        apart = float(np.abs(both[:, 0] - both[:, 1]).mean())
        report[component.value] = (correlation, apart)
        print(f"{component.value:34s} r {correlation:6.3f}  mean difference {apart:5.2f}  n {len(both)}")
    print(json.dumps(report))


if __name__ == "__main__":
    main()
