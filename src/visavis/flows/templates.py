"""From labelled photos to templates, by the product's own stages, with every core, and resumed where a run ended."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from visavis.capture.align import align
from visavis.capture.centre import nearest_the_centre
from visavis.capture.decoder import Decoder
from visavis.capture.detector import Detector
from visavis.capture.landmarker import Landmarker
from visavis.capture.one_face import the_one_face
from visavis.capture.second_look import look_again
from visavis.embed.embedder import Embedder, embedded
from visavis.flows.data_set import DataSet, MadeTemplates
from visavis.flows.viewing import view_of
from visavis.model.errors import FaceRefused, ImageRefused, Kind
from visavis.model.evaluation import Meant
from visavis.model.face import Face
from visavis.model.image import Frame
from visavis.quality.assess import assess
from visavis.quality.gate import PROBE, Gate
from visavis.quality.measures.unified_quality_score import unified


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of a set's photos.

    ``vectors`` are unit templates, shape (templates, dimension); ``photos`` has the number of the photo behind each,
    ``lost`` the code of every photo that gave none, and ``refused`` that of every photo that the product would not have
    taken, by photo.
    """

    vectors: NDArray[np.float32] = field(repr=False)
    photos: NDArray[np.int64] = field(repr=False)
    lost: dict[int, str] = field(repr=False)
    refused: dict[int, str] = field(repr=False)

    def lost_by_code(self) -> dict[str, int]:
        """How many photos gave no template, by the reason."""
        return dict(sorted(Counter(self.lost.values()).items()))

    def refused_by_code(self) -> dict[str, int]:
        """How many photos the product would have refused, by the reason."""
        return dict(sorted(Counter(self.refused.values()).items()))


class TemplateMaker:
    """Makes templates of labelled photos.

    :param meant: which face of a photo is taken. :param gate: what the product asks of a photo.
    """

    def __init__(
        self,
        *,
        decoder: Decoder,
        detector: Detector,
        landmarker: Landmarker,
        embedder: Embedder,
        meant: Meant,
        gate: Gate = PROBE,
    ) -> None:
        self._decoder = decoder
        self._detector = detector
        self._landmarker = landmarker
        self._embedder = embedder
        self._meant = meant
        self._gate = gate

    def make_all(self, data: DataSet, *, before: MadeTemplates, told: Callable[[int], None]) -> Made:
        """The templates of every photo of ``data``.

        :param before: what was made in an earlier run; what is made now is put there at once.
        :param told: called with how many photos are done.
        :raises DataSetUnreadable: a photo cannot be read. :raises DecoderUnavailable: nothing decodes here.
        """
        cores = len(os.sched_getaffinity(0))
        rows: list[tuple[int, NDArray[np.float32]]] = []
        lost: dict[int, str] = {}
        refused: dict[int, str] = {}

        def one(photo: int) -> tuple[bytes, NDArray[np.float32] | None, str]:
            content = data.read(photo)
            digest = hashlib.sha256(content).digest()
            vector, code = before.get(digest) or self.make(content)
            return digest, vector, code

        photos = range(len(data.listing.people))
        pool = ThreadPoolExecutor(cores + 1)  # while one waits for a disk or for what decodes, the others go on
        try:
            for photo, (digest, vector, code) in zip(photos, pool.map(one, photos), strict=True):
                if before.get(digest) is None:
                    before.put(digest, vector, code)
                if code:
                    refused[photo] = code
                if vector is None:
                    lost[photo] = code
                else:
                    rows.append((photo, vector))
                told(photo + 1)
        finally:
            pool.shutdown(cancel_futures=True)
        dimension = self._embedder.dimension
        vectors = np.stack([row for _, row in rows]) if rows else np.empty((0, dimension), np.float32)
        return Made(vectors, np.array([photo for photo, _ in rows], np.int64), lost, refused)

    def make(self, photo: bytes) -> tuple[NDArray[np.float32] | None, str]:
        """The template of one photo.

        1. It decodes. 2. A face is found, and what the product would say of it is noted. 3. The face that is
        meant is aligned and embedded, and what the product would say of its vector is noted where it said nothing yet.

        :returns: the template, None where there is none; and the code of the product's refusal, or "".
        :raises DecoderUnavailable: nothing decodes here, which says nothing about the photo.
        """
        # 1
        try:
            frame = self._decoder(photo)
        except ImageRefused as refusal:
            if refusal.kind is Kind.UNAVAILABLE:
                raise
            return None, refusal.code
        # 2
        faces = self._detector.detect(frame)
        code = self._said_of(frame, faces)
        # 3
        try:
            take = nearest_the_centre if self._meant is Meant.CENTRE else the_one_face
            face = look_again(frame, take(faces, frame=frame), detector=self._detector)
            (made,) = embedded([align(frame, face)], embedder=self._embedder)
        except FaceRefused as refusal:
            return None, refusal.code
        return made.template.vector, code or self._said_of_length(made.length)

    def _said_of(self, frame: Frame, faces: Sequence[Face]) -> str:
        """The code of the product's refusal before anything is embedded, or ""."""
        try:
            face = the_one_face(faces, frame=frame)
            view = view_of(frame, faces=faces, face=face, mesh=self._landmarker.find(frame, face))
            self._gate.require(assess(view, asked=self._gate.least))
        except FaceRefused as refusal:
            return refusal.code
        return ""

    def _said_of_length(self, length: float) -> str:
        """The same once it is."""
        try:
            if self._embedder.usual_length is not None:
                self._gate.require_embedded(unified(length, self._embedder.usual_length))
        except FaceRefused as refusal:
            return refusal.code
        return ""
