"""Opening many references together gives what opening each gives."""

import os
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from visavis.model.ids import new_id
from visavis.model.purpose import Gallery
from visavis.model.template import Template
from visavis.protect.gallery_keys import GalleryKeys
from visavis.protect.keys import new_subject_secret
from visavis.protect.opening import read_many
from visavis.protect.references import open_plain, open_sealed, seal_template

GALLERY = Gallery("gal_1", "pur_1", "g", "m", datetime(2026, 1, 1, tzinfo=UTC))
DIMENSION = 16


def unit(seed: int, dimension: int = DIMENSION) -> NDArray[np.float32]:
    vector = np.random.default_rng(seed).normal(size=dimension)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def plain(version: int, vector: NDArray[np.float32]) -> bytes:
    return version.to_bytes(4, "big") + vector.astype("<f4").tobytes()


@given(versions=st.lists(st.integers(0, 2**32 - 1), max_size=6))
@settings(max_examples=40, deadline=None)
def test_every_template_and_its_version_come_back(versions: list[int]) -> None:
    stored, is_unit = read_many([plain(version, unit(at)) for at, version in enumerate(versions)])
    assert is_unit.all()
    assert stored.versions.tolist() == versions
    for at, vector in enumerate(stored.vectors):
        assert vector.dtype == np.float32
        assert np.array_equal(vector, unit(at))


def test_it_is_what_opening_each_by_itself_gives() -> None:
    keys = GalleryKeys({1: os.urandom(32), 2: os.urandom(32)})
    plaintexts, each = [], []
    for number in range(5):
        secret, names = new_subject_secret(), (new_id("ref"), new_id("rec"), new_id("sub"), GALLERY.id, "m")
        sealed = seal_template(
            Template(unit(number), "m"),
            secret=secret,
            keys=keys,
            reference_id=names[0],
            receipt_id=names[1],
            subject_id=names[2],
            gallery=GALLERY,
        )
        plaintexts.append(open_plain(sealed, secret=secret, names=names))
        each.append(open_sealed(sealed, secret=secret, names=names))
    stored, _ = read_many(plaintexts)
    assert stored.versions.tolist() == [one.version for one in each] == [2] * 5
    assert all(np.array_equal(vector, one.vector) for vector, one in zip(stored.vectors, each, strict=True))


@pytest.mark.parametrize("plaintexts", [[], [b""], [b"x" * 3], [b"x" * 4], [b"x" * 7] * 3, [b"x" * 9, b"y" * 9]])
def test_what_are_no_templates_at_all_are_none(plaintexts: list[bytes]) -> None:
    stored, is_unit = read_many(plaintexts)
    assert not is_unit.any()
    assert len(is_unit) == len(plaintexts)
    assert not stored.vectors.any()


@pytest.mark.parametrize(
    "odd",
    [
        plain(1, unit(9) * np.float32(1.01)),
        plain(1, unit(9) * np.float32(0.5)),
        plain(1, np.zeros(DIMENSION, np.float32)),
        plain(1, np.full(DIMENSION, np.nan, np.float32)),
        plain(1, unit(9, DIMENSION + 1)),
        plain(1, unit(9, DIMENSION - 1)),
        plain(1, unit(9))[:-1],
        b"",
    ],
)
@pytest.mark.parametrize("at", [0, 1, 2])
def test_what_is_no_unit_vector_of_the_usual_size_is_told_and_spoils_no_other(odd: bytes, at: int) -> None:
    plaintexts = [plain(1, unit(seed)) for seed in range(2)]
    plaintexts.insert(at, odd)
    stored, is_unit = read_many(plaintexts)
    assert is_unit.tolist() == [place != at for place in range(3)]
    assert not stored.vectors[at].any()
    kept = [vector for place, vector in enumerate(stored.vectors) if place != at]
    assert all(np.array_equal(vector, unit(seed)) for seed, vector in enumerate(kept))
