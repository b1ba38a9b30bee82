"""Derived keys and subjects' keys: what follows from a key, to the byte, and what does not open."""

import pytest

from visavis.model.keys import SealBroken, SubjectSecret
from visavis.protect.envelope import Context, seal
from visavis.protect.keys import derive, log_key, new_subject_secret, tag, unwrap, wrap

KEY, EPOCH_KEY = bytes(range(32)), bytes(range(64, 96))
SECRET = SubjectSecret(tagging=bytes(range(32)), sealing=bytes(range(32, 64)), version=5)
START = "0100000004a0a1a2a3a4a5a6a7a8a9aaab"
BODY = (
    "d78f063ae2ea9e2e7d6a47f981b53afde31afbc8fc7e973ef6c9f88df1db64e3468a6c5ce0710682cc7f8eb976c50de2ce612949dbc82023"
    "ee45abd249e7efabbba4842f"
)
AGREED = bytes.fromhex(START + BODY + "5f13f177dc270027b3552dd93315bec0")
"""SECRET of sub_a in epoch 4, with a public key of zeros and the nonce a0 to ab, made by hand from the spec."""
WAITING = bytes.fromhex(START + BODY + "fc1521fc4654300669d55649af2ed308")
"""The same of somebody who has not agreed yet: nothing but the proof differs."""
MOVED = "A sealed subject key was moved, edited or sealed with another key."
CASES = [(AGREED, bytes(32)), (WAITING, None)]


def why(wrapped: bytes, *, epoch: int = 4, subject_id: str = "sub_a", public_key: bytes | None = bytes(32)) -> str:
    with pytest.raises(SealBroken) as refused:
        unwrap(wrapped, epoch=epoch, epoch_key=EPOCH_KEY, subject_id=subject_id, public_key=public_key)
    return refused.value.detail


def test_what_follows_from_a_key_is_the_same_for_good() -> None:
    assert derive(KEY, "x").hex() == "9812a720c4fe14940cf6b444e5545d03fa40852a525196f916a3413fccd3d86b"
    assert tag(KEY, use="u", of=b"abc").hex() == "4496ad2883c96b84c27e7297cd54285a859b7cbfe053ae05d40081ec7e93b547"
    public = log_key(KEY).public_key().public_bytes_raw().hex()
    assert public == "08ec478a33522bfa88b30e6f53bae2af3f88bca44164142c80253c4d884883c3"


def test_tags_differ_by_key_use_and_value() -> None:
    tags = {tag(key, use=use, of=of) for key in (KEY, EPOCH_KEY) for use in ("u", "v") for of in (b"", b"a", b"b")}
    assert len(tags) == 12


@pytest.mark.parametrize(("wrapped", "public_key"), CASES)
def test_a_subjects_key_is_wrapped_to_the_byte_and_opens_for_good(
    monkeypatch: pytest.MonkeyPatch, wrapped: bytes, public_key: bytes | None
) -> None:
    monkeypatch.setattr("os.urandom", lambda count: bytes(range(0xA0, 0xA0 + count)))
    assert wrap(SECRET, epoch=4, epoch_key=EPOCH_KEY, subject_id="sub_a", public_key=public_key) == wrapped
    assert unwrap(wrapped, epoch=4, epoch_key=EPOCH_KEY, subject_id="sub_a", public_key=public_key) == SECRET


def test_a_subjects_key_that_was_moved_says_so() -> None:
    assert why(AGREED, subject_id="sub_b") == MOVED
    assert why(AGREED, public_key=None) == MOVED
    assert why(AGREED, public_key=bytes(31) + b"\1") == MOVED
    assert why(WAITING) == MOVED
    assert why(AGREED, epoch=5) == "A sealed subject key names a version of its key that is not held."
    assert why(AGREED[:32]) == "A sealed value has an unknown form."


@pytest.mark.parametrize("size", [0, 31, 33, 64, 67, 69, 100])
def test_a_subjects_key_of_another_length_is_refused(size: int) -> None:
    context = Context("subject key", ("sub_a", ""))
    wrapped = seal(bytes(size), key=EPOCH_KEY, context=context, key_version=4)
    assert why(wrapped, public_key=None) == "A subject's key has an unknown form."


@pytest.mark.parametrize("version", [0, 1, 256, 2**32 - 1])
def test_the_version_of_a_secret_is_four_bytes(version: int) -> None:
    secret = SubjectSecret(tagging=KEY, sealing=EPOCH_KEY, version=version)
    wrapped = wrap(secret, epoch=4, epoch_key=EPOCH_KEY, subject_id="sub_a", public_key=None)
    assert len(wrapped) == 5 + 12 + 4 + 32 + 32 + 16
    assert unwrap(wrapped, epoch=4, epoch_key=EPOCH_KEY, subject_id="sub_a", public_key=None) == secret


def test_a_new_secret_is_the_first_version_and_has_two_keys() -> None:
    made = new_subject_secret()
    assert made.version == 1
    assert (len(made.tagging), len(made.sealing)) == (32, 32)
    assert len({made.tagging, made.sealing, new_subject_secret().tagging, new_subject_secret().sealing}) == 4
    following = new_subject_secret(after=SECRET)
    assert (following.version, following.tagging, len(following.sealing)) == (6, SECRET.tagging, 32)
