"""Vectors to templates."""

from collections.abc import Sequence

import numpy as np
import pytest
from fixtures.synthetic import CountingEmbedder
from numpy.typing import NDArray

from visavis.embed.embedder import unit_templates
from visavis.model.template import TemplateUnusable

CROP = np.zeros((112, 112, 3), np.uint8)


class Answering:
    model_id = "answering-1"
    dimension = 4
    usual_length = None

    def __init__(self, answer: object) -> None:
        self._answer = np.array(answer, np.float32)

    def embed(self, _crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return self._answer


def test_a_template_has_length_one_and_names_its_model() -> None:
    first, second = unit_templates([CROP, CROP], embedder=Answering([[3, 0, 4, 0], [0, 0, 0, -1e-20]]))
    assert first.vector == pytest.approx([0.6, 0, 0.8, 0])
    assert second.vector == pytest.approx([0, 0, 0, -1])
    assert first.vector.dtype == np.float32
    assert first.model_id == "answering-1"


def test_no_crops_make_no_templates() -> None:
    assert unit_templates([], embedder=CountingEmbedder()) == []


@pytest.mark.parametrize(
    "answer",
    [[[0, 0, 0, 0]], [[np.nan, 1, 1, 1]], [[np.inf, 1, 1, 1]], [[1, 1, 1]], [[1, 1, 1, 1], [1, 1, 1, 1]]],
    ids=["zero", "nan", "infinite", "another length", "another count"],
)
def test_a_vector_without_direction_is_refused(answer: list[list[float]]) -> None:
    with pytest.raises(TemplateUnusable):
        unit_templates([CROP], embedder=Answering(answer))
