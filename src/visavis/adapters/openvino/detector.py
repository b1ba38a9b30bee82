"""Faces by a one-stage, anchor-based detector that a card describes."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visavis.adapters.cards import DetectorCard
from visavis.adapters.openvino.runtime import Runtime
from visavis.model.face import Face
from visavis.model.image import Frame
from visavis.model.weights import ModelUnusable

_LANDMARKS: Final = 5

_SAME_FACE: Final = 0.5
"""Overlap from which two anchors speak of the same face. Each errs by a pixel or so; the mean of their boxes and
landmarks, weighted by score, errs less (Gidaris and Komodakis, ICCV 2015, section 4.2), and costs next to nothing:
on ``lfw-dev`` it took the false non-match rate at FMR 1e-5 from 3.3 to 2.5 %."""


class OnnxDetector:
    """A ``visavis.capture.detector.Detector``.

    The time of a detector grows with its picture, and the person a session is about stands close: so the picture is
    first shown small, and larger only while that could have missed something. A pass is believed when its widest face
    has ``sure_width`` network pixels: then a second face half as wide (rule S2) would have been seen too. Seeing
    nobody is believed only at the largest size.
    """

    def __init__(self, network: bytes, *, card: DetectorCard, runtime: Runtime) -> None:
        """Compile ``network`` and check it against ``card``.

        :raises ModelUnusable: an output that the card names is missing or has another shape, or it does not compile.
        """
        self._card = card
        self._network = runtime.compile(network, card=card)
        out = card.output
        self._score_names = [out.names(pattern) for pattern in out.scores]
        self._box_names = out.names(out.boxes)
        self._landmark_names = out.names(out.landmarks)
        self._names = [*(n for names in self._score_names for n in names), *self._box_names, *self._landmark_names]
        missing = sorted(set(self._names) - self._network.output_names)
        if missing:
            raise ModelUnusable(f"{card.file} has no output {', '.join(missing)}.")
        side = card.sides.multiple_of * -(-card.sides.longest[0] // card.sides.multiple_of)
        self._faces_in(np.zeros((side, side, 3), np.uint8))

    def detect(self, frame: Frame) -> list[Face]:
        """The faces in ``frame``, best score first; see ``Detector.detect``."""
        faces: list[Face] = []
        for factor in _factors(max(frame.width, frame.height), self._card.sides.longest):
            faces = self._faces_in(_shown_at(frame, factor, self._card.sides.multiple_of))
            if max((face.width for face in faces), default=0.0) >= self._card.sides.sure_width:
                break
        return [_enlarged(face, factor) for face in faces]

    def _faces_in(self, picture: NDArray[np.uint8]) -> list[Face]:
        outputs = dict(zip(self._names, self._network.run(picture[None], outputs=self._names), strict=True))
        found = [self._decoded(outputs, level, picture.shape) for level in range(len(self._card.output.strides))]
        boxes, landmarks, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
        faces = []
        for best in keep_best(boxes, scores, iou=self._card.output.nms_iou):
            same = overlap(boxes[best], boxes) > _SAME_FACE
            share = scores[same] / scores[same].sum()
            left, top, right, bottom = (share @ boxes[same]).tolist()
            place = np.tensordot(share, landmarks[same], axes=1)
            faces.append(Face(left, top, right - left, bottom - top, place, float(scores[best])))
        return faces

    def _decoded(
        self, outputs: dict[str, NDArray[np.float32]], level: int, shape: tuple[int, ...]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Corners (n, 4), landmarks (n, 5, 2) and scores (n,) of the anchors above the threshold at one stride."""
        out = self._card.output
        stride, anchors = out.strides[level], out.anchors_per_cell
        columns = shape[1] // stride
        cells = (shape[0] // stride) * columns * anchors
        try:
            each = [outputs[names[level]].reshape(cells) for names in self._score_names]
            boxes = outputs[self._box_names[level]].reshape(cells, 4)
            points = outputs[self._landmark_names[level]].reshape(cells, _LANDMARKS, 2)
        except ValueError as wrong:
            raise ModelUnusable(f"{self._card.file}: outputs at stride {stride} are not {cells} anchors.") from wrong
        scores = np.prod(np.clip(each, 0.0, 1.0), axis=0) ** (1.0 / len(each))
        good = np.flatnonzero(scores >= out.score_threshold)
        centres = np.stack([good // anchors % columns, good // anchors // columns], axis=1).astype(np.float32) * stride
        boxes, landmarks = boxes[good] * stride, centres[:, None] + points[good] * stride
        if out.box_coding == "centre_log_size":
            with np.errstate(over="ignore"):
                middle, half = centres + boxes[:, :2], np.exp(boxes[:, 2:] / stride) * (stride / 2)
            corners = np.hstack([middle - half, middle + half])
        else:
            corners = np.hstack([centres - boxes[:, :2], centres + boxes[:, 2:]])
        # A place that is not finite, or a box turned inside out, is no face, whatever its score.
        sound = np.isfinite(landmarks).all(axis=(1, 2)) & np.isfinite(corners).all(axis=1)
        sound &= (corners[:, 2:] > corners[:, :2]).all(axis=1)
        return corners[sound], landmarks[sound], scores[good][sound]


def keep_best(boxes: NDArray[np.float32], scores: NDArray[np.float32], *, iou: float) -> list[int]:
    """Indices of the boxes that no better one overlaps by more than ``iou``, best first.

    Greedy non-maximum suppression.

    :param boxes: shape (n, 4): left, top, right, bottom.
    :param scores: shape (n,).
    """
    order = np.argsort(-scores, kind="stable")
    kept = []
    while order.size:
        best, rest = order[0], order[1:]
        kept.append(int(best))
        order = rest[overlap(boxes[best], boxes[rest]) <= iou]
    return kept


def overlap(box: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of ``box`` (4,) with each of ``boxes`` (n, 4)."""
    sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    common = sides.clip(0).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    shares: NDArray[np.float32] = common / ((box[2:] - box[:2]).prod() + areas - common)
    return shares


def _factors(longest: int, sides: tuple[int, ...]) -> list[int]:
    """By which whole numbers to shrink a picture of ``longest`` pixels to come closest to ``sides``; never enlarged.

    Whole numbers, because averaging blocks of pixels takes a sixth of the time of resizing freely, and the detector
    does not care whether it sees 320 pixels or 400.
    """
    factors = [max(1, round(longest / side)) for side in sides]
    return sorted(set(factors), reverse=True)


def _shown_at(frame: Frame, factor: int, multiple: int) -> NDArray[np.uint8]:
    """``frame`` shrunk by ``factor``, at the top left of black whose sides are multiples of ``multiple``."""
    pixels = frame.pixels
    if factor > 1:
        pixels = np.asarray(Image.fromarray(pixels).reduce(factor))
    height, width, _ = pixels.shape
    canvas = np.zeros((-(-height // multiple) * multiple, -(-width // multiple) * multiple, 3), np.uint8)
    canvas[:height, :width] = pixels
    return canvas


def _enlarged(face: Face, factor: int) -> Face:
    if factor == 1:
        return face
    # The centre of the first pixel stands for the centre of its block: (factor - 1) / 2 to the right and below.
    shift = (factor - 1) / 2
    return Face(
        left=face.left * factor + shift,
        top=face.top * factor + shift,
        width=face.width * factor,
        height=face.height * factor,
        landmarks=face.landmarks * np.float32(factor) + np.float32(shift),
        score=face.score,
    )
