"""From a photo to a template."""

import io

import numpy as np
import pytest
from fixtures.synthetic import CountingEmbedder, FixedDetector, face, frame
from PIL import Image
from sim.pad import SimPad

from visavis.capture.decode import decode
from visavis.flows.extract import Extractor
from visavis.model.face import Face, FaceCutByBorder, FaceTooSmall, NoFace, SeveralFaces
from visavis.model.image import Frame, ImageFormatUnsupported
from visavis.model.pad import AttackSuspected
from visavis.model.purpose import LivenessUnavailable

PHOTO = io.BytesIO()
Image.fromarray(frame().pixels).save(PHOTO, "PNG")


def test_the_template_of_one_person() -> None:
    embedder = CountingEmbedder()
    extractor = Extractor(decoder=decode, detector=FixedDetector(face()), embedder=embedder)
    template = extractor.extract(PHOTO.getvalue())
    assert template.model_id == extractor.model_id == "counting-1"
    assert np.linalg.norm(template.vector) == pytest.approx(1)
    assert np.array_equal(template.vector, extractor.extract_from(frame()).vector)


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
        Extractor(decoder=decode, detector=FixedDetector(*faces), embedder=embedder).extract(PHOTO.getvalue())
    assert embedder.seen == 0


def test_s2_faces_in_the_background_are_never_embedded() -> None:
    embedder = CountingEmbedder()
    crowd = [face(left=20 * number, top=10, width=30, height=40) for number in range(8)]
    Extractor(decoder=decode, detector=FixedDetector(*crowd, face()), embedder=embedder).extract(PHOTO.getvalue())
    assert embedder.seen == 1


def on_blue_or_red(*, red: bool) -> Frame:
    return Frame(np.full(frame().pixels.shape, (240, 20, 20) if red else (20, 20, 240), np.uint8))


def test_an_attack_is_refused_before_anything_is_embedded() -> None:
    embedder = CountingEmbedder()
    extractor = Extractor(decoder=decode, detector=FixedDetector(face()), embedder=embedder, pad=SimPad())
    with pytest.raises(AttackSuspected):
        extractor.extract_from(on_blue_or_red(red=True), passive=True)
    assert embedder.seen == 0
    extractor.extract_from(on_blue_or_red(red=False), passive=True)
    assert embedder.seen == 1


def test_attacks_are_looked_for_only_where_that_is_asked() -> None:
    extractor = Extractor(decoder=decode, detector=FixedDetector(face()), embedder=CountingEmbedder(), pad=SimPad())
    extractor.extract_from(on_blue_or_red(red=True))


def test_what_cannot_be_checked_does_not_pass() -> None:
    embedder = CountingEmbedder()
    extractor = Extractor(decoder=decode, detector=FixedDetector(face()), embedder=embedder)
    assert extractor.pad_report is None
    with pytest.raises(LivenessUnavailable):
        extractor.extract(PHOTO.getvalue(), passive=True)
    assert embedder.seen == 0


def test_of_a_file_attacks_are_looked_for_as_of_a_picture() -> None:
    content = io.BytesIO()
    Image.fromarray(on_blue_or_red(red=True).pixels).save(content, "PNG")
    extractor = Extractor(decoder=decode, detector=FixedDetector(face()), embedder=CountingEmbedder(), pad=SimPad())
    with pytest.raises(AttackSuspected):
        extractor.extract(content.getvalue(), passive=True)
    extractor.extract(content.getvalue())


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(ImageFormatUnsupported):
        Extractor(decoder=decode, detector=FixedDetector(face()), embedder=CountingEmbedder()).extract(b"no image")
