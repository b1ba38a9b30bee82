"""From the frames of a short capture to what is seen in them."""

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from visavis.capture.align import align
from visavis.capture.decoder import Decoder
from visavis.capture.detector import Detector
from visavis.capture.eyes import EyeReader
from visavis.capture.landmarker import Landmarker
from visavis.capture.one_face import the_one_face
from visavis.capture.pose import pose
from visavis.embed.embedder import Embedder, unit_templates
from visavis.model.challenge import SIDES, CaptureMalformed, FaceLost
from visavis.model.errors import FaceRefused
from visavis.model.face import Face
from visavis.model.film import Look
from visavis.model.image import Frame

_JPEG = b"\xff\xd8\xff"
_SCENE = (40, 30)


class Filming:
    """Looks at films. May be used from several threads at once; keeps nothing of what it sees.

    :param at_once: films held in memory at the same time, up to 200 MB each; more wait.
    """

    def __init__(
        self,
        *,
        decoder: Decoder,
        detector: Detector,
        landmarker: Landmarker,
        eyes: EyeReader,
        embedder: Embedder,
        at_once: int = 2,
    ) -> None:
        self._decoder = decoder
        self._detector = detector
        self._landmarker = landmarker
        self._eyes = eyes
        self._embedder = embedder
        self._places = threading.BoundedSemaphore(at_once)

    def looks(self, frames: Sequence[bytes], at_ms: Sequence[int]) -> list[Look]:
        """What each frame shows; check 8 of ``spec/capture-bundle.md``.

        1. Every frame is a JPEG of the same size, within bounds.
        2. It shows exactly one usable face.
        3. The face's points, how it is turned, and whose it is.

        :param frames: untrusted. :param at_ms: when each was taken.
        :raises ImageRefused: 1, one cannot be decoded. :raises CaptureMalformed: 1, it is another size or format.
        :raises FaceLost: 2.
        """
        with self._places:
            # 1
            pictures = [self._decoded(frame) for frame in frames]
            if len({(picture.width, picture.height) for picture in pictures}) != 1:
                raise CaptureMalformed("The frames differ in size.")
            # 2
            faces = [self._face(picture) for picture in pictures]
            # 3
            crops = [align(picture, face) for picture, face in zip(pictures, faces, strict=True)]
            templates = unit_templates(crops, embedder=self._embedder)
            meshes = [self._landmarker.find(picture, face) for picture, face in zip(pictures, faces, strict=True)]
            return [
                Look(
                    at_ms=at,
                    grey=np.asarray(Image.fromarray(picture.pixels).convert("L")),
                    scene=_scene(picture),
                    box=(face.left, face.top, face.left + face.width, face.top + face.height),
                    mesh=mesh,
                    pose=pose(mesh),
                    opened=self._eyes.opened(picture, mesh),
                    template=template,
                )
                for at, picture, face, mesh, template in zip(at_ms, pictures, faces, meshes, templates, strict=True)
            ]

    def _decoded(self, frame: bytes) -> Frame:
        if not frame.startswith(_JPEG):
            raise CaptureMalformed("A frame is no JPEG.")
        picture = self._decoder(frame)
        least, largest = SIDES
        if not least <= max(picture.width, picture.height) <= largest:
            raise CaptureMalformed(f"A frame is {least} to {largest} pixels on its longer side.")
        return picture

    def _face(self, picture: Frame) -> Face:
        try:
            return the_one_face(self._detector.detect(picture), frame=picture)
        except FaceRefused as refused:
            raise FaceLost(refused.detail) from None


def _scene(picture: Frame) -> NDArray[np.uint8]:
    """The whole picture in few points."""
    factor = max(1, picture.width // (4 * _SCENE[0]))
    small = Image.fromarray(np.ascontiguousarray(picture.pixels[::factor, ::factor]))
    return np.asarray(small.resize(_SCENE, Image.Resampling.BOX))
