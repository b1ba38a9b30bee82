"""The searcher finds a secret in each form that it may lie in, and nothing in other data."""

import json
from base64 import b64encode
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from visavis.drill.forms import of_photo, of_template, of_text
from visavis.drill.search import Searcher

NAME = "Þórunn Ödegård-Quux 7731"


def template(seed: int) -> NDArray[np.float32]:
    vector = np.random.default_rng(seed).normal(size=128)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def noise(length: int, seed: int = 1) -> bytes:
    return np.random.default_rng(seed).bytes(length)


PHOTO = noise(20_000, 5)
PICTURE = np.random.default_rng(6).integers(0, 255, (60, 80, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def searcher() -> Searcher:
    return Searcher({"ann": of_template(template(1)) | of_text(NAME) | of_photo(PHOTO, PICTURE)})


@pytest.mark.parametrize(
    "leak",
    [
        *(template(1).astype(kind).tobytes() for kind in ("<f2", ">f2", "<f4", ">f4", "<f8", ">f8")),
        np.rint(template(1) * 127).astype(np.int8).tobytes(),
        np.rint(template(1) / np.abs(template(1)).max() * 127).astype(np.int8).tobytes(),
        np.rint(template(1) * 127 + 128).astype(np.uint8).tobytes(),
        template(1)[40:56].tobytes(),
        b64encode(template(1).tobytes()),
        b64encode(b"x" + template(1).astype("<f2").tobytes()),
        b64encode(b"xy" + template(1).tobytes()).replace(b"+", b"-").replace(b"/", b"_"),
        template(1).tobytes().hex().encode(),
        template(1).tobytes().hex().upper().encode(),
        json.dumps([float(x) for x in template(1)]).encode(),
        str([float(x) for x in template(1)]).replace(" ", "").encode(),
        b" ".join(str(x).encode() for x in template(1)),
        *(NAME.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be", "latin-1")),
        NAME.lower().encode(),
        NAME.upper().encode(),
        b64encode(NAME.encode()),
        json.dumps({"name": NAME}).encode(),
        PHOTO[3000:4000],
        b64encode(PHOTO[3001:4000]),
        PICTURE[7:14].tobytes(),
        PICTURE[7:14, :, ::-1].tobytes(),
    ],
)
def test_each_form_is_found_wherever_it_begins(searcher: Searcher, leak: bytes) -> None:
    for ahead in (0, 1, 2, 3, 4097):
        found = searcher(noise(ahead) + leak + noise(50), place="here")
        assert {(f.whose, f.place) for f in found} == {("ann", "here")}


@given(st.integers(0, 1000))
def test_other_data_is_not_taken_for_a_secret(searcher: Searcher, seed: int) -> None:
    other = template(seed + 2)
    data = noise(2000, seed + 100) + other.tobytes() + other.astype(np.float16).tobytes() + bytes(5000)
    data += np.rint(other * 127).astype(np.int8).tobytes() + b"Thorunn Odegaard"
    assert searcher(data, place="here") == set()


def test_a_secret_across_the_edge_of_two_parts_is_found(searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visavis.drill.search._CHUNK", 1000)
    for start in range(900, 1100, 7):
        assert searcher(noise(start) + NAME.encode() + noise(1500), place="here")


def test_files_and_their_names_are_searched(searcher: Searcher, tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "plain.db-wal").write_bytes(noise(100) + template(1).tobytes())
    (tmp_path / f"{NAME}.txt").write_bytes(b"")
    (tmp_path / "sealed").write_bytes(noise(10_000))
    places = {found.place.removeprefix(f"{tmp_path.name}/") for found in searcher.files(tmp_path)}
    assert places == {"below/plain.db-wal", f"the name of {tmp_path.name}/{NAME}.txt"}


def test_a_secret_too_short_to_tell_is_refused() -> None:
    with pytest.raises(ValueError, match="by chance"):
        Searcher({"ann": {b"Ann": "name"}})
