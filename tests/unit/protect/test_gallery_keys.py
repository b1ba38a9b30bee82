"""The keys of a gallery: each version opens in its place only, and moves templates to and from what it makes."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from visavis.model.keys import GalleryKey, SealBroken
from visavis.protect.envelope import Context, seal, unseal
from visavis.protect.gallery_keys import PLAIN, GalleryKeys, Transforms, new_gallery_key, open_gallery_key
from visavis.protect.keys import derive
from visavis.protect.transform import Transform

INSTALLATION, OTHER = bytes(range(32)), bytes(range(32, 64))
ONE, TWO = bytes(range(64, 96)), bytes(range(96, 128))
STORED = GalleryKey(
    "gky_a",
    "gal_a",
    3,
    bytes.fromhex(
        "0100000003a0a1a2a3a4a5a6a7a8a9aaab06b9b283811d4b0d024a262f11d817b4be3a7923946da435360326f8cfba5357"
        "24a2b17e0b931a6ec28cce02b4f11216"
    ),
)
"""The key 00 to 1f with the nonce a0 to ab, made by hand with HKDF, AES-GCM and spec/sealed-value.md."""
MOVED = "A sealed gallery key was moved, edited or sealed with another key."
NOT_HELD = "A sealed gallery key names a version of its key that is not held."
UNKNOWN = "A sealed value has an unknown form."
VECTORS = np.eye(3, 8, dtype=np.float32)


def why(key: GalleryKey, *, installation: bytes = INSTALLATION) -> str:
    with pytest.raises(SealBroken) as refused:
        open_gallery_key(key, installation=installation)
    return refused.value.detail


def edited(at: int) -> bytes:
    wrapped = bytearray(STORED.wrapped)
    wrapped[at] ^= 1
    return bytes(wrapped)


# One key


def test_a_key_that_was_stored_once_opens_for_good() -> None:
    assert open_gallery_key(STORED, installation=INSTALLATION) == bytes(range(32))


@pytest.mark.parametrize("version", [1, 2, 2**32 - 1])
def test_a_new_key_is_fresh_and_wrapped_for_its_place(version: int) -> None:
    made = new_gallery_key("gal_a", version=version, installation=INSTALLATION)
    assert made.id.startswith("gky_")
    assert (made.gallery_id, made.version) == ("gal_a", version)
    assert made.wrapped[:5] == b"\x01" + version.to_bytes(4, "big")
    key = open_gallery_key(made, installation=INSTALLATION)
    assert len(key) == 32
    assert len(made.wrapped) == 5 + 12 + 32 + 16
    context = Context("gallery key", (made.id, "gal_a"))
    wrapping = derive(INSTALLATION, "wrap gallery keys")
    assert unseal(made.wrapped, key=wrapping, context=context, key_version=version) == key
    again = new_gallery_key("gal_a", version=version, installation=INSTALLATION)
    assert again.id != made.id
    assert open_gallery_key(again, installation=INSTALLATION) != key


def test_a_key_opens_in_its_row_and_installation_only() -> None:
    assert why(replace(STORED, id="gky_b")) == MOVED
    assert why(replace(STORED, gallery_id="gal_b")) == MOVED
    assert why(replace(STORED, id="gal_a", gallery_id="gky_a")) == MOVED
    assert why(STORED, installation=OTHER) == MOVED
    for version in (0, 2, 4):
        assert why(replace(STORED, version=version)) == NOT_HELD


def test_any_changed_byte_or_cut_is_refused() -> None:
    assert why(replace(STORED, wrapped=edited(0))) == UNKNOWN
    for at in range(1, 5):
        assert why(replace(STORED, wrapped=edited(at))) == NOT_HELD
    for at in range(5, len(STORED.wrapped)):
        assert why(replace(STORED, wrapped=edited(at))) == MOVED
    for length in range(len(STORED.wrapped)):
        assert why(replace(STORED, wrapped=STORED.wrapped[:length])) == (UNKNOWN if length < 33 else MOVED)
    assert why(replace(STORED, wrapped=STORED.wrapped + b"\0")) == MOVED


def test_what_is_wrapped_for_another_use_is_no_gallery_key() -> None:
    for use, kind in (("wrap subject keys", "gallery key"), ("wrap gallery keys", "subject key")):
        context = Context(kind, ("gky_a", "gal_a"))
        wrapped = seal(bytes(32), key=derive(INSTALLATION, use), context=context, key_version=3)
        assert why(replace(STORED, wrapped=wrapped)) == MOVED


# What keys make


def test_a_transform_is_made_once_for_each_key_and_dimension() -> None:
    transforms = Transforms()
    made = transforms.of(ONE, 8)
    assert transforms.of(ONE, 8) is made
    assert transforms.of(bytes(bytearray(ONE)), 8) is made, "a key is its bytes"
    assert made.dimension == 8
    assert np.array_equal(made.forward(VECTORS), Transform(ONE, dimension=8).forward(VECTORS))
    assert transforms.of(ONE, 9).dimension == 9
    assert not np.allclose(transforms.of(TWO, 8).forward(VECTORS), made.forward(VECTORS))
    assert transforms.of(ONE, 8) is made


def test_what_a_destroyed_key_made_is_dropped_and_nothing_else() -> None:
    transforms = Transforms()
    gone, wider, kept = transforms.of(ONE, 8), transforms.of(ONE, 9), transforms.of(TWO, 8)
    transforms.forget(ONE)
    assert transforms.of(TWO, 8) is kept
    assert transforms.of(ONE, 8) is not gone
    assert transforms.of(ONE, 9) is not wider
    transforms.forget(bytes(32))
    assert transforms.of(TWO, 8) is kept


# Versions


@pytest.mark.parametrize(("versions", "latest"), [([], 0), ([1], 1), ([2, 7, 3], 7)])
def test_the_latest_version_is_the_greatest(versions: list[int], latest: int) -> None:
    assert GalleryKeys(dict.fromkeys(versions, ONE)).latest == latest
    assert PLAIN == 0


@pytest.mark.parametrize("vectors", [VECTORS, VECTORS[0]])
def test_templates_move_between_versions_in_the_shape_they_came_in(vectors: NDArray[np.float32]) -> None:
    keys = GalleryKeys({1: ONE, 2: TWO})
    one, two = Transform(ONE, dimension=8), Transform(TWO, dimension=8)
    for stored, wanted, expected in (
        (0, 1, one.forward(vectors)),
        (0, 2, two.forward(vectors)),
        (1, 0, one.backward(vectors)),
        (2, 0, two.backward(vectors)),
        (1, 2, two.forward(one.backward(vectors))),
        (2, 1, one.forward(two.backward(vectors))),
    ):
        moved = keys.moved(vectors, stored=stored, wanted=wanted)
        assert np.array_equal(moved, expected)
        assert moved.shape == vectors.shape
        assert moved.dtype == np.float32
        back = keys.moved(moved, stored=wanted, wanted=stored)
        assert np.allclose(back, vectors, atol=1e-6)


@pytest.mark.parametrize("version", [0, 1, 9])
def test_what_is_where_it_is_wanted_stays_and_needs_no_key(version: int) -> None:
    assert GalleryKeys({}).moved(VECTORS, stored=version, wanted=version) is VECTORS


@pytest.mark.parametrize(("stored", "wanted"), [(0, 3), (3, 0), (1, 3), (3, 1)])
def test_a_version_that_is_not_held_is_refused(stored: int, wanted: int) -> None:
    with pytest.raises(SealBroken) as refused:
        GalleryKeys({1: ONE, 2: TWO}).moved(VECTORS, stored=stored, wanted=wanted)
    assert refused.value.detail == "A template names a version of its gallery's key that is not held."


def test_keys_share_what_was_made_where_they_are_told_to_and_not_else() -> None:
    transforms = Transforms()
    GalleryKeys({1: ONE}, transforms).moved(VECTORS, stored=0, wanted=1)
    made = transforms.of(ONE, 8)
    GalleryKeys({1: ONE}, transforms).moved(VECTORS, stored=0, wanted=1)
    assert transforms.of(ONE, 8) is made
    assert GalleryKeys({}).transforms is not GalleryKeys({}).transforms


def test_no_key_is_in_what_is_printed() -> None:
    assert repr(GalleryKeys({1: ONE})) == "GalleryKeys(latest=1)"
