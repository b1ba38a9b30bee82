"""From a photo to a template: what enrolment and every comparison begin with."""

import threading

from visavis.capture.align import align
from visavis.capture.decoder import Decoder
from visavis.capture.detector import Detector
from visavis.capture.one_face import the_one_face
from visavis.capture.second_look import look_again
from visavis.embed.embedder import Embedder, unit_templates
from visavis.model.image import Frame
from visavis.model.template import Template


class Extractor:
    """Makes templates. May be used from several threads at once; keeps nothing of what it sees.

    :param at_once: pictures held in memory at the same time; more wait.
    """

    def __init__(self, *, decoder: Decoder, detector: Detector, embedder: Embedder, at_once: int = 2) -> None:
        self._decoder = decoder
        self._detector = detector
        self._embedder = embedder
        self._places = threading.BoundedSemaphore(at_once)

    @property
    def model_id(self) -> str:
        """The id that every template made here carries."""
        return self._embedder.model_id

    @property
    def dimension(self) -> int:
        """How long every vector made here is."""
        return self._embedder.dimension

    def extract(self, photo: bytes) -> Template:
        """The template of the one person in ``photo``.

        1. The bytes are one image file that the decoder takes.
        2. What is then seen passes ``extract_from``.

        :param photo: the bytes of one image file, untrusted.
        :raises ImageRefused: check 1.
        :raises FaceRefused: check 2.
        """
        # A small file may hold a large picture, of up to 38 MB here, so only a few are open at once; the others wait.
        with self._places:
            # 1
            frame = self._decoder(photo)
            # 2
            return self.extract_from(frame)

    def extract_from(self, frame: Frame) -> Template:
        """The template of the one person in ``frame``.

        1. Faces are found.
        2. Exactly one of them is meant, whole and large enough; the others go no further (rule S2).
        3. It is looked at once more, for the sake of its landmarks, and aligned.
        4. It is embedded and brought to length 1.

        :raises FaceRefused: checks 2 and 4.
        """
        # 1
        faces = self._detector.detect(frame)
        # 2
        face = the_one_face(faces, frame=frame)
        # 3
        crop = align(frame, look_again(frame, face, detector=self._detector))
        # 4
        (template,) = unit_templates([crop], embedder=self._embedder)
        return template
