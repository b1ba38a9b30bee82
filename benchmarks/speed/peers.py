"""The peers, each in a process of the benchmarks' own environment: ``peers.py opencv|opencv_full|dlib FRAMES.npy …``.

Standard input takes the number of a frame per line; standard output answers with the milliseconds from the decoded
frame to the template. The first line out says that the models are loaded. This file runs where Visavis is not
installed, and imports nothing of it.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Template = Callable[[Any], Any]


def opencv(detector: Path, embedder: Path, *, factor: int) -> Template:
    """OpenCV's own detector and recogniser on the same weights, shown the picture shrunk by ``factor``."""
    import cv2  # noqa: PLC0415 -- only this peer has it

    cv2.setNumThreads(1)
    find = cv2.FaceDetectorYN.create(str(detector), "", (320, 240), 0.6, 0.3)
    recognise = cv2.FaceRecognizerSF.create(str(embedder), "")

    def template(frame: Any) -> Any:
        small = frame
        if factor > 1:
            size = (frame.shape[1] // factor, frame.shape[0] // factor)
            small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
        find.setInputSize((small.shape[1], small.shape[0]))
        _, faces = find.detect(small)
        face = max(faces, key=lambda found: found[2]) * factor
        vector = recognise.feature(recognise.alignCrop(frame, face))
        return vector / np.linalg.norm(vector)

    return template


def dlib() -> Template:
    """``face_recognition`` as its documentation calls it: the HOG detector, one template per face."""
    import face_recognition  # noqa: PLC0415 -- only this peer has it

    def template(frame: Any) -> Any:
        return face_recognition.face_encodings(frame)

    return template


def main() -> None:
    """Load, say so, answer."""
    name, frames_file, *weights = sys.argv[1:]
    frames = np.load(frames_file)
    if name == "dlib":
        template = dlib()
    else:
        # OpenCV counts blue first.
        frames = np.ascontiguousarray(frames[..., ::-1])
        template = opencv(Path(weights[0]), Path(weights[1]), factor=2 if name == "opencv" else 1)
    template(frames[0])
    print("ready", flush=True)
    for line in sys.stdin:
        frame = frames[int(line)]
        start = time.perf_counter()
        template(frame)
        print(1e3 * (time.perf_counter() - start), flush=True)


if __name__ == "__main__":
    main()
