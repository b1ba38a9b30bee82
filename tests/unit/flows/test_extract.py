"""From a photo to a template."""

import io
from typing import Any

import numpy as np
import pytest
from fixtures.painted import FixedLandmarker, box_of, lit, mesh_of, painted, with_opening
from fixtures.synthetic import CountingEmbedder, FixedDetector, face, frame
from PIL import Image
from sim.pad import SimPad

from visavis.capture.decode import decode
from visavis.flows.extract import Extractor
from visavis.model.face import Face, FaceCutByBorder, FaceTooSmall, NoFace, SeveralFaces
from visavis.model.image import Frame, ImageFormatUnsupported
from visavis.model.pad import AttackSuspected
from visavis.model.purpose import LivenessUnavailable
from visavis.model.template import UsualLength
from visavis.model.unfit import FaceUnclear, MouthOpen, TooDark
from visavis.quality.gate import ENROLMENT, PROBE, Gate

PHOTO = io.BytesIO()
Image.fromarray(frame().pixels).save(PHOTO, "PNG")
ANYTHING = Gate("anything", {})
"""For pictures that show no face at all."""


def extractor_of(**parts: Any) -> Extractor:
    given: dict[str, Any] = {"decoder": decode, "landmarker": FixedLandmarker()} | parts
    return Extractor(**given)


def test_the_template_of_one_person() -> None:
    embedder = CountingEmbedder()
    extractor = extractor_of(detector=FixedDetector(face()), embedder=embedder)
    template = extractor.extract(PHOTO.getvalue(), gate=ANYTHING)
    assert template.model_id == extractor.model_id == "counting-1"
    assert np.linalg.norm(template.vector) == pytest.approx(1)
    assert np.array_equal(template.vector, extractor.extract_from(frame(), gate=ANYTHING).vector)


@pytest.mark.parametrize(
    ("faces", "refusal"),
    [
        ([], NoFace),
        ([face(), face(left=400)], SeveralFaces),
        ([face(left=-100)], FaceCutByBorder),
        ([face(width=20, height=25)], FaceTooSmall),
    ],
)
def test_s2_nobody_is_embedded_when_the_picture_is_refused(faces: list[Face], refusal: type[Exception]) -> None:
    embedder = CountingEmbedder()
    with pytest.raises(refusal):
        extractor_of(detector=FixedDetector(*faces), embedder=embedder).extract(PHOTO.getvalue(), gate=ANYTHING)
    assert embedder.seen == 0


def test_s2_faces_in_the_background_are_never_embedded() -> None:
    embedder = CountingEmbedder()
    crowd = [face(left=20 * number, top=10, width=30, height=40) for number in range(8)]
    extractor_of(detector=FixedDetector(*crowd, face()), embedder=embedder).extract(PHOTO.getvalue(), gate=ANYTHING)
    assert embedder.seen == 1


def on_blue_or_red(*, red: bool) -> Frame:
    return Frame(np.full(frame().pixels.shape, (240, 20, 20) if red else (20, 20, 240), np.uint8))


def test_an_attack_is_refused_before_anything_is_embedded() -> None:
    embedder = CountingEmbedder()
    extractor = extractor_of(detector=FixedDetector(face()), embedder=embedder, pad=SimPad())
    with pytest.raises(AttackSuspected):
        extractor.extract_from(on_blue_or_red(red=True), passive=True, gate=ANYTHING)
    assert embedder.seen == 0
    extractor.extract_from(on_blue_or_red(red=False), passive=True, gate=ANYTHING)
    assert embedder.seen == 1


def test_attacks_are_looked_for_only_where_that_is_asked() -> None:
    extractor = extractor_of(detector=FixedDetector(face()), embedder=CountingEmbedder(), pad=SimPad())
    extractor.extract_from(on_blue_or_red(red=True), gate=ANYTHING)


def test_what_cannot_be_checked_does_not_pass() -> None:
    embedder = CountingEmbedder()
    extractor = extractor_of(detector=FixedDetector(face()), embedder=embedder)
    assert extractor.pad_report is None
    with pytest.raises(LivenessUnavailable):
        extractor.extract(PHOTO.getvalue(), passive=True, gate=ANYTHING)
    assert embedder.seen == 0


def test_of_a_file_attacks_are_looked_for_as_of_a_picture() -> None:
    content = io.BytesIO()
    Image.fromarray(on_blue_or_red(red=True).pixels).save(content, "PNG")
    extractor = extractor_of(detector=FixedDetector(face()), embedder=CountingEmbedder(), pad=SimPad())
    with pytest.raises(AttackSuspected):
        extractor.extract(content.getvalue(), passive=True, gate=ANYTHING)
    extractor.extract(content.getvalue(), gate=ANYTHING)


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(ImageFormatUnsupported):
        extractor_of(detector=FixedDetector(face()), embedder=CountingEmbedder()).extract(b"no image", gate=ANYTHING)


PORTRAIT = box_of(mesh_of())


@pytest.mark.parametrize("gate", [PROBE, ENROLMENT])
def test_a_good_picture_passes_both_gates(gate: Gate) -> None:
    embedder = CountingEmbedder()
    extractor_of(detector=FixedDetector(PORTRAIT), embedder=embedder).extract_from(painted(), gate=gate)
    assert embedder.seen == 1


def test_a_picture_that_is_not_good_enough_is_never_embedded() -> None:
    embedder = CountingEmbedder()
    extractor = extractor_of(detector=FixedDetector(PORTRAIT), embedder=embedder)
    with pytest.raises(TooDark):
        extractor.extract_from(lit(painted(), 0.01))
    assert embedder.seen == 0


def test_what_enrols_asks_for_more_than_what_is_compared() -> None:
    speaking = FixedLandmarker(with_opening(mesh_of(), mouth=0.35))
    extractor = extractor_of(detector=FixedDetector(PORTRAIT), landmarker=speaking, embedder=CountingEmbedder())
    extractor.extract_from(painted())
    with pytest.raises(MouthOpen):
        extractor.extract_from(painted(), gate=ENROLMENT)


def test_quality_is_asked_for_before_attacks_are_looked_for() -> None:
    class Untouched(SimPad):
        def require_bona_fide(self, frame: Frame, face: Face) -> None:
            raise AssertionError(frame, face)

    extractor = extractor_of(detector=FixedDetector(PORTRAIT), embedder=CountingEmbedder(), pad=Untouched())
    with pytest.raises(TooDark):
        extractor.extract_from(lit(painted(), 0.01), passive=True)


@pytest.mark.parametrize(
    ("usual", "passes"), [(None, True), (UsualLength(1.0, 0.1), True), (UsualLength(1e6, 1), False)]
)
def test_a_face_that_the_model_cannot_make_out_is_refused(usual: UsualLength | None, *, passes: bool) -> None:
    embedder = CountingEmbedder()
    embedder.usual_length = usual
    extractor = extractor_of(detector=FixedDetector(PORTRAIT), embedder=embedder)
    if passes:
        extractor.extract_from(painted())
    else:
        with pytest.raises(FaceUnclear):
            extractor.extract_from(painted())
