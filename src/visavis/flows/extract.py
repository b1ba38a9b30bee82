"""From a photo to a template: what enrolment and every comparison begin with."""

import threading
from collections.abc import Sequence

from visavis.capture.align import align
from visavis.capture.decoder import Decoder
from visavis.capture.detector import Detector
from visavis.capture.landmarker import Landmarker
from visavis.capture.one_face import the_one_face
from visavis.capture.second_look import look_again
from visavis.embed.embedder import Embedded, Embedder, embedded
from visavis.flows.viewing import view_of
from visavis.liveness.passive import PassivePad
from visavis.model.face import Face
from visavis.model.image import Frame
from visavis.model.pad import PadReport
from visavis.model.purpose import LivenessUnavailable
from visavis.model.template import Template
from visavis.quality.assess import assess
from visavis.quality.gate import PROBE, Gate
from visavis.quality.measures.unified_quality_score import unified
from visavis.quality.view import View


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
        landmarker: Landmarker,
        embedder: Embedder,
        pad: PassivePad | None = None,
        at_once: int = 2,
    ) -> None:
        self._decoder = decoder
        self._detector = detector
        self._landmarker = landmarker
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

    def extract(self, photo: bytes, *, gate: Gate = PROBE, passive: bool = False) -> Template:
        """The template of the one person in ``photo``.

        1. The bytes are one image file that the decoder takes.
        2. What is then seen passes ``extract_from``.

        :param photo: the bytes of one image file, untrusted. :param gate: how good it has to be.
        :param passive: whether attacks are looked for.
        :raises ImageRefused: check 1. :raises FaceRefused, AttackSuspected, LivenessUnavailable: check 2.
        """
        # A small file may hold a large picture, of up to 38 MB here, so only a few are open at once; the others wait.
        with self._places:
            # 1
            frame = self._decoder(photo)
            # 2
            return self.extract_from(frame, gate=gate, passive=passive)

    def extract_from(self, frame: Frame, *, gate: Gate = PROBE, passive: bool = False) -> Template:
        """The template of the one person in ``frame``.

        1. Faces are found.
        2. Exactly one of them is meant, whole and large enough; the others go no further (rule S2).
        3. What is seen of it, by its points, is good enough.
        4. Where that is asked for, it is a living person's as far as one photo tells, before anything is made of it.
        5. It is looked at once more, for the sake of its landmarks, and aligned.
        6. It is embedded and brought to length 1.
        7. Its vector says that it could be made out, where the model's card tells vectors that do.

        :raises FaceRefused: checks 2, 3, 6 and 7. :raises AttackSuspected: check 4.
        :raises LivenessUnavailable: check 4, where nothing here can make it.
        """
        # 1
        faces = self._detector.detect(frame)
        # 2
        face = the_one_face(faces, frame=frame)
        # 3
        view = self._view(frame, faces, face)
        gate.require(assess(view, asked=gate.least))
        # 4
        if passive:
            self._require_bona_fide(frame, face)
        # 5
        crop = align(frame, look_again(frame, face, detector=self._detector))
        # 6
        (made,) = embedded([crop], embedder=self._embedder)
        # 7
        self._require_made_out(made, gate)
        return made.template

    def _view(self, frame: Frame, faces: Sequence[Face], face: Face) -> View:
        return view_of(frame, faces=faces, face=face, mesh=self._landmarker.find(frame, face))

    def _require_bona_fide(self, frame: Frame, face: Face) -> None:
        if self._pad is None:
            raise LivenessUnavailable("Nothing here finds attacks in a single photo.")
        self._pad.require_bona_fide(frame, face)

    def _require_made_out(self, made: Embedded, gate: Gate) -> None:
        if self._embedder.usual_length is not None:
            gate.require_embedded(unified(made.length, self._embedder.usual_length))
