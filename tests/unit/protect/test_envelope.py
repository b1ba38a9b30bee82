"""Sealed values open in their place, whole, with their key; and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.model.keys import SealBroken
from visavis.protect.envelope import EPOCH, VERSION, Context, seal, unseal
from visavis.protect.keys import derive, new_subject_key, tag, unwrap, wrap

KEY = bytes(range(32))
PLACE = Context("reference", ("ref_a", "sub_a"))
CONTEXTS = st.builds(Context, st.text(max_size=8), st.lists(st.text(max_size=8), max_size=4).map(tuple))


@given(plaintext=st.binary(max_size=600), context=CONTEXTS)
def test_what_was_sealed_opens_in_its_place(plaintext: bytes, context: Context) -> None:
    sealed = seal(plaintext, key=KEY, context=context)
    assert unseal(sealed, key=KEY, context=context) == plaintext
    assert len(sealed) == 5 + 12 + len(plaintext) + 16
    assert (sealed[0], int.from_bytes(sealed[1:5], "big")) == (VERSION, EPOCH)


@given(plaintext=st.binary(max_size=60), at=st.integers(0, 200), change=st.integers(1, 255))
def test_any_changed_byte_is_refused(plaintext: bytes, at: int, change: int) -> None:
    sealed = bytearray(seal(plaintext, key=KEY, context=PLACE))
    sealed[at % len(sealed)] ^= change
    with pytest.raises(SealBroken):
        unseal(bytes(sealed), key=KEY, context=PLACE)


@given(plaintext=st.binary(max_size=60), length=st.integers(0, 92))
def test_any_cut_or_lengthened_value_is_refused(plaintext: bytes, length: int) -> None:
    sealed = seal(plaintext, key=KEY, context=PLACE)
    for other in (sealed[: min(length, len(sealed) - 1)], sealed + bytes(1 + length)):
        with pytest.raises(SealBroken):
            unseal(other, key=KEY, context=PLACE)


@given(one=CONTEXTS, other=CONTEXTS)
def test_no_two_places_share_an_encoding(one: Context, other: Context) -> None:
    assert (one == other) == (one.encoded() == other.encoded())


@given(other=CONTEXTS)
def test_another_place_is_refused(other: Context) -> None:
    sealed = seal(b"x", key=KEY, context=PLACE)
    if other != PLACE:
        with pytest.raises(SealBroken, match=r"moved, edited"):
            unseal(sealed, key=KEY, context=other)


@pytest.mark.parametrize("other", [Context("reference", ("sub_a", "ref_a")), Context("reference", ("ref_asub_a",))])
def test_names_that_only_look_alike_are_other_places(other: Context) -> None:
    with pytest.raises(SealBroken):
        unseal(seal(b"x", key=KEY, context=PLACE), key=KEY, context=other)


@pytest.mark.parametrize(
    ("start", "why"), [(b"\x02", "unknown form"), (b"\x00", "unknown form"), (b"\x01\0\0\0\1", "epoch")]
)
def test_versions_and_epochs_we_do_not_know_are_named(start: bytes, why: str) -> None:
    sealed = seal(b"x", key=KEY, context=PLACE)
    with pytest.raises(SealBroken, match=why):
        unseal(start + sealed[len(start) :], key=KEY, context=PLACE)


def test_another_key_is_refused_and_sealing_twice_differs() -> None:
    with pytest.raises(SealBroken):
        unseal(seal(b"x", key=KEY, context=PLACE), key=bytes(32), context=PLACE)
    assert seal(b"x", key=KEY, context=PLACE) != seal(b"x", key=KEY, context=PLACE)


def test_a_refusal_tells_nothing_of_the_value_or_place() -> None:
    sealed = seal(b"secret", key=KEY, context=PLACE)
    with pytest.raises(SealBroken) as refused:
        unseal(sealed, key=KEY, context=Context("reference", ("ref_b", "sub_b")))
    assert not {"secret", "ref_b", "sub_b"} & set(str(refused.value).split())


def test_a_subjects_key_opens_for_them_their_public_key_and_their_root_only() -> None:
    key = new_subject_key()
    public = bytes(32)
    wrapped = wrap(key, root=KEY, subject_id="sub_a", public_key=public)
    assert unwrap(wrapped, root=KEY, subject_id="sub_a", public_key=public) == key
    for root, subject_id, other in (
        (bytes(32), "sub_a", public),
        (KEY, "sub_b", public),
        (KEY, "sub_a", None),
        (KEY, "sub_a", b"\1" * 32),
    ):
        with pytest.raises(SealBroken):
            unwrap(wrapped, root=root, subject_id=subject_id, public_key=other)


@given(one=st.text(max_size=20), other=st.text(max_size=20))
def test_derived_keys_and_tags_are_for_one_use(one: str, other: str) -> None:
    assert (derive(KEY, one) == derive(KEY, other)) == (one == other)
    assert (tag(KEY, use=one, of=b"x") == tag(KEY, use=other, of=b"x")) == (one == other)
    assert len(derive(KEY, one)) == len(tag(KEY, use=one, of=b"")) == 32
