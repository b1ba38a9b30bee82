"""From labelled photos to templates: what counts against the photo, and what does not."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fixtures.painted import FixedLandmarker, box_of, lit, mesh_of, painted
from fixtures.synthetic import FixedDetector
from numpy.typing import NDArray
from sim.labelled import BROKEN, CROWD, NOBODY, SimDecoder, SimDetector, SimEmbedder, labelled_folder, photo

from visavis.adapters.evaluation.open import open_data_set
from visavis.capture.decoder import Decoder
from visavis.flows.data_set import DataSet
from visavis.flows.templates import TemplateMaker
from visavis.model.evaluation import DataSetUnreadable, Meant
from visavis.model.image import DecoderUnavailable, Frame
from visavis.model.template import UsualLength
from visavis.quality.gate import Gate


class Remembered:
    """A ``MadeTemplates`` in memory."""

    def __init__(self) -> None:
        self.found: dict[bytes, tuple[NDArray[np.float32] | None, str]] = {}

    def get(self, content: bytes) -> tuple[NDArray[np.float32] | None, str] | None:
        return self.found.get(content)

    def put(self, content: bytes, vector: NDArray[np.float32] | None, code: str) -> None:
        self.found[content] = vector, code


def maker(meant: Meant = Meant.CENTRE, decoder: SimDecoder | None = None) -> TemplateMaker:
    return TemplateMaker(
        decoder=decoder or SimDecoder(),
        detector=SimDetector(),
        landmarker=FixedLandmarker(),
        embedder=SimEmbedder(),
        meant=meant,
        gate=Gate("anything", {}),
    )


@pytest.mark.parametrize(
    ("kind", "meant", "has_template", "code"),
    [
        (b"1", Meant.CENTRE, True, ""),
        (b"1", Meant.ONLY, True, ""),
        (CROWD, Meant.CENTRE, True, "several_faces"),
        (CROWD, Meant.ONLY, False, "several_faces"),
        (NOBODY, Meant.CENTRE, False, "no_face"),
        (NOBODY, Meant.ONLY, False, "no_face"),
        (BROKEN, Meant.CENTRE, False, "image_unreadable"),
    ],
)
def test_what_the_product_says_of_a_photo_is_noted_whatever_is_taken(
    kind: bytes, meant: Meant, *, has_template: bool, code: str
) -> None:
    vector, found = maker(meant).make(photo(3, 1, kind))
    assert (vector is not None, found) == (has_template, code)
    if vector is not None:
        assert np.linalg.norm(vector) == pytest.approx(1)


def test_in_a_crowd_the_face_nearest_the_centre_is_taken() -> None:
    alone, _ = maker().make(photo(3, 1))
    among, _ = maker().make(photo(3, 1, CROWD))
    assert alone is not None
    assert among is not None
    assert alone.tolist() == among.tolist()


def test_that_nothing_decodes_is_no_fault_of_the_photo() -> None:
    class Unavailable(SimDecoder):
        def __call__(self, content: bytes, /) -> Frame:
            raise DecoderUnavailable(f"{len(content)} bytes wait.")

    with pytest.raises(DecoderUnavailable):
        maker(decoder=Unavailable()).make(photo(3, 1))


def test_what_was_made_before_is_not_made_again(tmp_path: Path) -> None:
    labelled_folder(tmp_path, 12)
    data, before, told = open_data_set(tmp_path), Remembered(), list[int]()
    decoder = SimDecoder()
    made = maker(decoder=decoder).make_all(data, before=before, told=told.append)
    assert decoder.seen == 36
    assert told == list(range(1, 37))
    assert (made.lost_by_code(), made.refused_by_code()) == (
        {"image_unreadable": 1, "no_face": 1},
        {"image_unreadable": 1, "no_face": 1, "several_faces": 1},
    )
    again = maker(decoder=decoder).make_all(data, before=before, told=told.append)
    assert decoder.seen == 36
    assert again.vectors.tobytes() == made.vectors.tobytes()
    assert (again.photos.tolist(), again.lost, again.refused) == (made.photos.tolist(), made.lost, made.refused)


def test_a_photo_that_cannot_be_read_ends_the_run(tmp_path: Path) -> None:
    labelled_folder(tmp_path, 12)
    data: DataSet = open_data_set(tmp_path)
    next(tmp_path.glob("*_005/*_0002.jpg")).unlink()
    before = Remembered()
    with pytest.raises(DataSetUnreadable, match="Photo 17 of the set"):
        maker().make_all(data, before=before, told=lambda _: None)
    assert before.found


class Dim(SimDecoder):
    """Sees a face in little light."""

    def __call__(self, _content: bytes, /) -> Frame:
        return lit(painted(), 0.01)


class Short(SimEmbedder):
    """Makes no face out."""

    usual_length = UsualLength(1e6, 1)


@pytest.mark.parametrize(
    ("decoder", "embedder", "code"),
    [(Dim, SimEmbedder, "too_dark"), (lambda: lambda _: painted(), Short, "face_unclear")],
)
def test_a_photo_that_the_product_would_not_take_has_a_template_all_the_same(
    decoder: Callable[[], Decoder], embedder: type[SimEmbedder], code: str
) -> None:
    maker = TemplateMaker(
        decoder=decoder(),
        detector=FixedDetector(box_of(mesh_of())),
        landmarker=FixedLandmarker(),
        embedder=embedder(),
        meant=Meant.ONLY,
    )
    vector, found = maker.make(b"")
    assert vector is not None
    assert found == code
