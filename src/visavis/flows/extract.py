"""From a photo to a template: what enrolment and every comparison begin with."""

from visavis.capture.align import align
from visavis.capture.decode import decode
from visavis.capture.detector import Detector
from visavis.capture.one_face import the_one_face
from visavis.embed.embedder import Embedder, unit_templates
from visavis.model.template import Template


class Extractor:
    """Makes templates. May be used from several threads at once; keeps nothing of what it sees."""

    def __init__(self, *, detector: Detector, embedder: Embedder) -> None:
        self._detector = detector
        self._embedder = embedder

    @property
    def model_id(self) -> str:
        """The id that every template made here carries."""
        return self._embedder.model_id

    def extract(self, photo: bytes) -> Template:
        """The template of the one person in ``photo``.

        1. The bytes are one JPEG or PNG within the limits.
        2. Faces are found.
        3. Exactly one of them is meant, whole and large enough; the others go no further.
        4. It is aligned.
        5. It is embedded and brought to length 1.

        :param photo: the bytes of one image file, untrusted.
        :raises ImageRefused: check 1.
        :raises FaceRefused: checks 3 and 5.
        """
        # 1
        frame = decode(photo)
        # 2
        faces = self._detector.detect(frame)
        # 3
        face = the_one_face(faces, frame=frame)
        # 4
        crop = align(frame, face)
        # 5
        (template,) = unit_templates([crop], embedder=self._embedder)
        return template
