"""Sealed values open in their place, whole, with their key; and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visavis.model.keys import SealBroken
from visavis.protect.envelope import VERSION, Context, seal, unseal
from visavis.protect.keys import derive, new_subject_secret, tag, unwrap, wrap

KEY = bytes(range(32))
PLACE = Context("reference", ("ref_a", "sub_a"))
CONTEXTS = st.builds(Context, st.text(max_size=8), st.lists(st.text(max_size=8), max_size=4).map(tuple))


@given(plaintext=st.binary(max_size=600), context=CONTEXTS)
def test_what_was_sealed_opens_in_its_place(plaintext: bytes, context: Context) -> None:
    sealed = seal(plaintext, key=KEY, context=context)
    assert unseal(sealed, key=KEY, context=context) == plaintext
    assert len(sealed) == 5 + 12 + len(plaintext) + 16
    assert (sealed[0], int.from_bytes(sealed[1:5], "big")) == (VERSION, 0)


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
    ("start", "why"), [(b"\x02", "unknown form"), (b"\x00", "unknown form"), (b"\x01\0\0\0\1", "names a version")]
)
def test_forms_and_key_versions_that_are_not_held_are_named(start: bytes, why: str) -> None:
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


def test_a_subjects_key_opens_for_them_their_public_key_and_their_epoch_only() -> None:
    secret = new_subject_secret()
    public = bytes(32)
    wrapped = wrap(secret, epoch=7, epoch_key=KEY, subject_id="sub_a", public_key=public)
    assert unwrap(wrapped, epoch=7, epoch_key=KEY, subject_id="sub_a", public_key=public) == secret
    for epoch, key, subject_id, other in (
        (8, KEY, "sub_a", public),
        (7, bytes(32), "sub_a", public),
        (7, KEY, "sub_b", public),
        (7, KEY, "sub_a", None),
        (7, KEY, "sub_a", b"\1" * 32),
    ):
        with pytest.raises(SealBroken):
            unwrap(wrapped, epoch=epoch, epoch_key=key, subject_id=subject_id, public_key=other)


def test_the_next_version_of_a_secret_seals_anew_and_is_found_as_before() -> None:
    first = new_subject_secret()
    second = new_subject_secret(after=first)
    assert (second.version, second.tagging) == (first.version + 1, first.tagging)
    assert second.sealing != first.sealing


def test_a_key_of_the_first_release_opens_as_version_zero() -> None:
    context = Context("subject key", ("sub_a", ""))
    wrapped = seal(bytes(range(32)), key=KEY, context=context)
    opened = unwrap(wrapped, epoch=0, epoch_key=KEY, subject_id="sub_a", public_key=None)
    assert (opened.tagging, opened.sealing, opened.version) == (bytes(range(32)), bytes(range(32)), 0)
    with pytest.raises(SealBroken, match="unknown form"):
        unwrap(seal(bytes(40), key=KEY, context=context), epoch=0, epoch_key=KEY, subject_id="sub_a", public_key=None)


@given(one=st.text(max_size=20), other=st.text(max_size=20))
def test_derived_keys_and_tags_are_for_one_use(one: str, other: str) -> None:
    assert (derive(KEY, one) == derive(KEY, other)) == (one == other)
    assert (tag(KEY, use=one, of=b"x") == tag(KEY, use=other, of=b"x")) == (one == other)
    assert len(derive(KEY, one)) == len(tag(KEY, use=one, of=b"")) == 32
