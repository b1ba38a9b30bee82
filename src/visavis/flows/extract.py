"""From a photo to a template: what enrolment and every comparison begin with."""

import threading

from visavis.capture.align import align
from visavis.capture.decoder import Decoder
from visavis.capture.detector import Detector
from visavis.capture.one_face import the_one_face
from visavis.capture.second_look import look_again
from visavis.embed.embedder import Embedder, unit_templates
from visavis.liveness.passive import PassivePad
from visavis.model.face import Face
from visavis.model.image import Frame
from visavis.model.pad import PadReport
from visavis.model.purpose import LivenessUnavailable
from visavis.model.template import Template


class Extractor:
    """Makes templates. May be used from several threads at once; keeps nothing of what it sees.

    :param pad: what finds attacks in single photos; None where nothing here does.
    :param at_once: pictures held in memory at the same time; more wait.
    """

    def __init__(
        self,
        *,
        decoder: Decoder,
        detector: Detector,
        embedder: Embedder,
        pad: PassivePad | None = None,
        at_once: int = 2,
    ) -> None:
        self._decoder = decoder
        self._detector = detector
        self._embedder = embedder
        self._pad = pad
        self._places = threading.BoundedSemaphore(at_once)

    @property
    def model_id(self) -> str:
        """The id that every template made here carries."""
        return self._embedder.model_id

    @property
    def dimension(self) -> int:
        """How long every vector made here is."""
        return self._embedder.dimension

    @property
    def pad_report(self) -> PadReport | None:
        """What was measured of what finds attacks in single photos; None where nothing here does."""
        return None if self._pad is None else self._pad.report

    def extract(self, photo: bytes, *, passive: bool = False) -> Template:
        """The template of the one person in ``photo``.

        1. The bytes are one image file that the decoder takes.
        2. What is then seen passes ``extract_from``.

        :param photo: the bytes of one image file, untrusted. :param passive: whether attacks are looked for.
        :raises ImageRefused: check 1. :raises FaceRefused, AttackSuspected, LivenessUnavailable: check 2.
        """
        # A small file may hold a large picture, of up to 38 MB here, so only a few are open at once; the others wait.
        with self._places:
            # 1
            frame = self._decoder(photo)
            # 2
            return self.extract_from(frame, passive=passive)

    def extract_from(self, frame: Frame, *, passive: bool = False) -> Template:
        """The template of the one person in ``frame``.

        1. Faces are found.
        2. Exactly one of them is meant, whole and large enough; the others go no further (rule S2).
        3. Where that is asked for, it is a living person's as far as one photo tells, before anything is made of it.
        4. It is looked at once more, for the sake of its landmarks, and aligned.
        5. It is embedded and brought to length 1.

        :raises FaceRefused: checks 2 and 5. :raises AttackSuspected: check 3.
        :raises LivenessUnavailable: check 3, where nothing here can make it.
        """
        # 1
        faces = self._detector.detect(frame)
        # 2
        face = the_one_face(faces, frame=frame)
        # 3
        if passive:
            self._require_bona_fide(frame, face)
        # 4
        crop = align(frame, look_again(frame, face, detector=self._detector))
        # 5
        (template,) = unit_templates([crop], embedder=self._embedder)
        return template

    def _require_bona_fide(self, frame: Frame, face: Face) -> None:
        if self._pad is None:
            raise LivenessUnavailable("Nothing here finds attacks in a single photo.")
        self._pad.require_bona_fide(frame, face)
