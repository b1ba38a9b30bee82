"""Raw vectors of every labelled photo, made in several ways, for ``benchmarks.accuracy.ablation``.

As in ``lfw_dev`` the face nearest the centre is taken, and only vectors and the numbers of people are kept, in
``.work``.
"""

import hashlib
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from benchmarks.accuracy.lfw_dev import PHOTOS, WORK, models_folder
from numpy.typing import NDArray

from visavis.adapters.cards import DEFAULT_DETECTOR, DEFAULT_EMBEDDER, cards_folder, read_card, read_embedder_card
from visavis.adapters.model_store import ModelStore
from visavis.adapters.openvino.dequantise import dequantise
from visavis.adapters.openvino.embedder import OnnxEmbedder
from visavis.adapters.openvino.runtime import Runtime
from visavis.adapters.openvino.stages import open_detector
from visavis.capture.align import align
from visavis.capture.centre import nearest_the_centre
from visavis.capture.decode import decode
from visavis.capture.detector import Detector
from visavis.capture.second_look import look_again
from visavis.embed.embedder import Embedder
from visavis.model.face import Face
from visavis.model.image import Frame

CROPS: Final = ("plain", "two looks", "second look", "further", "nearer")
"""Ways to cut a face out. "two looks": landmarks are the mean of those found in the photo and in its mirror image;
"second look": in the mirror image only the surroundings of the face are shown (``visavis.capture.second_look``);
"further" and "nearer": by 6 % more or less around it."""
_FURTHER: Final = 1.06
_NEARER: Final = 0.94
_SAME_FACE: Final = 0.15
"""Landmarks of the mirror image count if they are nearer than this share of the face's width."""
_MIRRORED: Final = [1, 0, 2, 4, 3]
"""The order of landmarks when left and right change places."""


@dataclass(frozen=True, slots=True)
class Variants:
    """One row per photo in which a face was found."""

    raw: NDArray[np.float32]
    """Vectors as the network gives them, shape (photos, 10, dimension): ``CROPS``, then their mirror images."""

    people: NDArray[np.int32]
    """The person on each photo, numbered from 0."""

    def raw_of(self, crop: str, *mirrored: bool) -> NDArray[np.float32]:
        """The mean of the raw vectors of one crop, mirrored or not, shape (photos, dimension)."""
        columns = [CROPS.index(crop) + len(CROPS) * turned for turned in mirrored]
        return np.asarray(self.raw[:, columns].mean(axis=1), np.float32)

    def unit(self, *wanted: tuple[str, bool]) -> NDArray[np.float32]:
        """Means of unit vectors, of unit length: of crops by name, mirrored or not."""
        length = np.linalg.norm(self.raw, axis=-1, keepdims=True)
        columns = [CROPS.index(name) + len(CROPS) * mirrored for name, mirrored in wanted]
        return unit((self.raw / length)[:, columns].sum(axis=1))


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """The same directions with length 1."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), dtype=np.float32)


def variants() -> Variants:
    """Of all photos, from the cache if this file and the models are the same. Takes 10 to 20 minutes."""
    if not PHOTOS.is_dir():
        sys.exit(f"The labelled photos are not there: {PHOTOS}")
    files = sorted(PHOTOS.glob("*/*.jpg"))
    cards = [read_card(cards_folder() / name).model_dump_json() for name in (DEFAULT_DETECTOR, DEFAULT_EMBEDDER)]
    key = hashlib.sha256("".join([Path(__file__).read_text(), *cards]).encode()).hexdigest()[:32]
    cached = WORK / "lfw-dev" / f"variants-{key}.npz"
    if not cached.is_file():
        cached.parent.mkdir(parents=True, exist_ok=True)
        raw, people = _made(files)
        np.savez(cached, raw=raw, people=people)
    with np.load(cached) as kept:
        return Variants(kept["raw"], kept["people"])


def _made(files: list[Path]) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    store, runtime = ModelStore(models_folder()), Runtime(threads=1, streams=os.cpu_count() or 1)
    card = read_embedder_card(cards_folder() / DEFAULT_EMBEDDER)
    bare = card.model_copy(update={"output": card.output.model_copy(update={"centre": None, "mirrored": False})})
    embedder = OnnxEmbedder(store.open(card, prepare=dequantise), card=bare, runtime=runtime)
    detector = open_detector(store, runtime)
    names = [file.parent.name for file in files]
    rows, whose = [], []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        found = pool.map(lambda file: _vectors(file, detector=detector, embedder=embedder), files)
        for done, (name, vectors) in enumerate(zip(names, found, strict=True), start=1):
            if vectors is not None:
                rows.append(vectors)
                whose.append(name)
            if done % 500 == 0:
                print(f"{done} of {len(files)} photos", file=sys.stderr)
    return np.stack(rows), np.unique(whose, return_inverse=True)[1].astype(np.int32)


def _vectors(file: Path, *, detector: Detector, embedder: Embedder) -> NDArray[np.float32] | None:
    frame = decode(file.read_bytes())
    faces = detector.detect(frame)
    if not faces:
        return None
    crops = list(_crops(frame, nearest_the_centre(faces, frame=frame), detector))
    return embedder.embed([*crops, *(np.ascontiguousarray(crop[:, ::-1]) for crop in crops)])


def _crops(frame: Frame, face: Face, detector: Detector) -> Iterator[NDArray[np.uint8]]:
    """In the order of ``CROPS``."""
    middle = face.landmarks.mean(axis=0)
    for landmarks in (
        face.landmarks,
        _two_looks(frame, face, detector),
        look_again(frame, face, detector=detector).landmarks,
        middle + (face.landmarks - middle) * _FURTHER,
        middle + (face.landmarks - middle) * _NEARER,
    ):
        yield align(frame, replace(face, landmarks=np.asarray(landmarks, np.float32)))


def _two_looks(frame: Frame, face: Face, detector: Detector) -> NDArray[np.float32]:
    """The landmarks of a face, each the mean of where it is found in the picture and in its mirror image."""
    mirror = replace(frame, pixels=np.ascontiguousarray(frame.pixels[:, ::-1]))
    again = detector.detect(mirror)
    if not again:
        return face.landmarks
    other = nearest_the_centre(again, frame=mirror).landmarks[_MIRRORED]
    other = np.stack([frame.width - 1 - other[:, 0], other[:, 1]], axis=1)
    if np.linalg.norm(other - face.landmarks, axis=1).mean() > _SAME_FACE * face.width:
        return face.landmarks
    return np.asarray((other + face.landmarks) / 2, np.float32)
