"""Opening many references together gives what opening each gives."""

import os
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from visavis.model.ids import new_id
from visavis.model.keys import EpochDestroyed, SealBroken
from visavis.model.purpose import Gallery
from visavis.model.template import Template
from visavis.protect.gallery_keys import GalleryKeys
from visavis.protect.keys import new_subject_secret, wrap
from visavis.protect.opening import WrappingKeys, read_many
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


def test_what_is_stored_is_read_byte_by_byte() -> None:
    stored, is_unit = read_many([bytes.fromhex("010203040000803f00000000"), bytes.fromhex("000000ff000000000000803f")])
    assert stored.versions.tolist() == [0x01020304, 0xFF]
    assert stored.vectors.tolist() == [[1, 0], [0, 1]]
    assert [array.dtype.name for array in (stored.vectors, stored.versions, is_unit)] == ["float32", "int64", "bool"]
    assert is_unit.tolist() == [True, True]


@pytest.mark.parametrize(
    ("length", "fits"), [(0.998, False), (0.9992, True), (1.0, True), (1.0008, True), (1.002, False), (2**0.5, False)]
)
def test_a_length_that_rounding_explains_is_taken_and_no_other(length: float, *, fits: bool) -> None:
    stored, is_unit = read_many([plain(7, unit(1) * np.float32(length))])
    assert is_unit.tolist() == [fits]
    assert stored.vectors.any() == fits
    assert stored.versions.tolist() == [7]


@pytest.mark.parametrize("plaintexts", [[], [b"x" * 4] * 2, [b"x" * 5]])
def test_where_there_is_no_template_the_result_is_empty_and_of_its_kinds(plaintexts: list[bytes]) -> None:
    stored, is_unit = read_many(plaintexts)
    assert stored.vectors.shape == (0, 0)
    assert stored.versions.shape == (0,)
    assert is_unit.shape == (len(plaintexts),)
    assert [array.dtype.name for array in (stored.vectors, stored.versions, is_unit)] == ["float32", "int64", "bool"]


def test_the_size_that_most_have_is_the_usual_one() -> None:
    long, short = plain(1, unit(1, 20)), plain(1, unit(2, 8))
    assert read_many([long, short, short])[1].tolist() == [False, True, True]
    assert read_many([short, long, long])[1].tolist() == [False, True, True]


def test_one_number_is_a_template_too() -> None:
    stored, is_unit = read_many([plain(1, np.ones(1, np.float32))])
    assert (stored.vectors.tolist(), is_unit.tolist()) == ([[1]], [True])


def test_a_subjects_key_opens_with_the_epoch_that_it_names() -> None:
    keys = WrappingKeys({4: bytes(range(32)), 5: bytes(range(32, 64))})
    for epoch, epoch_key in keys.epochs.items():
        secret = new_subject_secret()
        wrapped = wrap(secret, epoch=epoch, epoch_key=epoch_key, subject_id="sub_a", public_key=bytes(32))
        assert keys.unwrap(wrapped, subject_id="sub_a", public_key=bytes(32)) == secret
        with pytest.raises(EpochDestroyed) as gone:
            WrappingKeys({9 - epoch: epoch_key}).unwrap(wrapped, subject_id="sub_a", public_key=bytes(32))
        assert gone.value.detail == f"Epoch {epoch} was destroyed."
        others = (
            (keys, "sub_b", bytes(32)),
            (keys, "sub_a", bytes(31) + b"\1"),
            (WrappingKeys({epoch: bytes(32)}), "sub_a", bytes(32)),
        )
        for held, subject_id, public_key in others:
            with pytest.raises(SealBroken) as moved:
                held.unwrap(wrapped, subject_id=subject_id, public_key=public_key)
            assert moved.value.detail == "A sealed subject key was moved, edited or sealed with another key."
        with pytest.raises(SealBroken) as unknown:
            keys.unwrap(b"\2" + wrapped[1:], subject_id="sub_a", public_key=bytes(32))
        assert unknown.value.detail == "A sealed value has an unknown form."


def test_no_epochs_key_is_in_what_is_printed() -> None:
    assert repr(WrappingKeys({4: bytes(range(32))})) == "WrappingKeys()"
