"""The gallery transform is the one of its specification, step by step."""

import json
import struct
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from fixtures import make_transform_vectors
from numpy.typing import NDArray

from visavis.model.keys import TransformUnfit
from visavis.protect import transform
from visavis.protect.keys import derive
from visavis.protect.transform import Transform

SPEC: Final = Path(__file__).parents[3] / "spec"
VECTORS: Final[dict[str, Any]] = json.loads((SPEC / "vectors" / "gallery-transform.json").read_text(encoding="ascii"))
TEXT: Final = (SPEC / "gallery-transform.md").read_text(encoding="utf-8")


def rows(vector: dict[str, Any]) -> NDArray[np.float64]:
    turn = Transform(bytes.fromhex(vector["key_hex"]), dimension=vector["dimension"])
    return turn.forward(np.eye(turn.dimension, dtype=np.float32)).T.astype(np.float64)


@pytest.mark.parametrize("vector", VECTORS["matrices"], ids=lambda vector: str(vector["dimension"]))
def test_a_matrix_is_made_as_the_vector_says(vector: dict[str, Any]) -> None:
    key, dimension = bytes.fromhex(vector["key_hex"]), vector["dimension"]
    assert derive(key, f"gallery transform {dimension}").hex() == vector["derived_key_hex"]
    assert np.abs(transform._gaussians(key, dimension) - vector["normal"]).max() < 1e-8
    assert np.abs(rows(vector) - vector["rows"]).max() < 1e-7


@pytest.mark.parametrize("vector", VECTORS["matrices"], ids=lambda vector: str(vector["dimension"]))
def test_the_stream_of_a_vector_gives_its_numbers(vector: dict[str, Any]) -> None:
    stream = bytes.fromhex(vector["stream_hex"])
    words = np.array(struct.unpack(f"<{len(stream) // 8}Q", stream), np.uint64).reshape(-1, 2)
    made = transform._normal(words)[: len(vector["normal"])]
    assert np.abs(made - vector["normal"]).max() < 1e-8


@pytest.mark.parametrize("vector", VECTORS["templates"], ids=lambda vector: str(vector["name"]))
def test_a_template_is_turned_as_the_vector_says(vector: dict[str, Any]) -> None:
    plain, turned = (np.array(vector[part], np.float32) for part in ("plain", "turned"))
    turn = Transform(bytes.fromhex(vector["key_hex"]), dimension=len(plain))
    assert np.abs(turn.forward(plain) - turned).max() < 1e-6
    assert np.abs(turn.backward(turned) - plain).max() < 1e-6


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda vector: str(vector["name"]))
def test_what_a_vector_says_is_refused_is(vector: dict[str, Any]) -> None:
    def act() -> None:
        turn = Transform(bytes.fromhex(vector["key_hex"]), dimension=vector["dimension"])
        turn.forward(np.zeros(vector["size"], np.float32))

    expected = "are float32 with" if vector["failure"] == "size" else "takes a key of 32 bytes and at least two"
    with pytest.raises(ValueError, match=expected):
        act()


def test_every_class_of_failure_has_a_vector_or_says_why_not_and_stands_in_the_specification() -> None:
    classes = {vector["failure"] for vector in VECTORS["refused"]}
    assert classes == {"key", "dimension", "size"}
    assert all(f"| `{name}` |" in TEXT for name in (*classes, "orthonormal"))
    assert f"`{TransformUnfit.code}`" in TEXT


def test_the_example_of_the_specification_is_a_vector() -> None:
    example = VECTORS["matrices"][0]
    shown = [f"{number:.9f}" for number in (*example["normal"], *(n for row in example["rows"] for n in row))]
    assert [number for number in shown if number not in TEXT] == []
    assert example["derived_key_hex"] in TEXT
    assert example["stream_hex"] in TEXT.replace(" ", "")


def test_the_script_makes_the_committed_file() -> None:
    assert make_transform_vectors.FILE.read_text(encoding="ascii") == make_transform_vectors.text()
