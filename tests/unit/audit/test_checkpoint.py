"""Checkpoints: which are read, and which are believed."""

from base64 import b64encode
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from visavis.audit.checkpoint import MAX_SIZE, Checkpoint, Signed, Trust, read_checkpoint, require_checkpoint
from visavis.audit.merkle import EMPTY_ROOT
from visavis.audit.note import Cosigner, Note, NoteSigner, Signature, VerifierKey, read_note
from visavis.model.audit import (
    CheckpointForeign,
    CheckpointMalformed,
    CosignaturesMissing,
    LogRefused,
    NoteMalformed,
    NoteUnsigned,
    VerifierKeyMalformed,
)

ROOT: Final = bytes(range(32))
HASH: Final = b64encode(ROOT).decode()
EMPTY: Final = b64encode(EMPTY_ROOT).decode()
ORIGIN: Final = "log.example/one"
MOMENT: Final = 1_800_000_000


def private(seed: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)


LOG: Final = NoteSigner(ORIGIN, private(1))
ONE: Final = Cosigner("witness.one", private(2))
TWO: Final = Cosigner("witness.two", private(3))
TEXT: Final = Checkpoint(ORIGIN, 7, ROOT).text()


def note(*lines: Signature, text: str = TEXT) -> bytes:
    return str(Note(text, lines)).encode()


def cosigned(*witnesses: Cosigner) -> bytes:
    return note(LOG.sign(TEXT), *(witness.cosign(TEXT, moment=MOMENT + at) for at, witness in enumerate(witnesses)))


def believed(data: bytes, *witnesses: VerifierKey, required: int = 0) -> Signed:
    return require_checkpoint(data, trust=Trust(LOG.key, witnesses, required))


@pytest.mark.parametrize("size", [1, 9, 10, 20852163, MAX_SIZE - 1])
@pytest.mark.parametrize("origin", [ORIGIN, "go.sum database tree", "a+b", "ø"])
def test_a_checkpoint_reads_as_it_was_written(origin: str, size: int) -> None:
    checkpoint = Checkpoint(origin, size, ROOT)
    assert checkpoint.text() == f"{origin}\n{size}\n{HASH}\n"
    assert read_checkpoint(checkpoint.text()) == checkpoint


def test_an_empty_tree_has_one_root() -> None:
    assert read_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT).text()) == Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    with pytest.raises(CheckpointMalformed, match="empty"):
        read_checkpoint(f"{ORIGIN}\n0\n{HASH}\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "\n\n\n",
        f"{ORIGIN}\n7\n",
        f"{ORIGIN}\n7\n{HASH}",
        f"\n7\n{HASH}\n",
        f"{ORIGIN}\n\n{HASH}\n",
        f"{ORIGIN}\n7\n\n",
        f"{ORIGIN}\n7\n{HASH}\nan extension line\n",
        f"{ORIGIN}\n7\n{HASH}\n\n",
        f"\n{ORIGIN}\n7\n{HASH}\n",
        f"{ORIGIN}\n7\r\n{HASH}\r\n",
        f"{ORIGIN}\n07\n{HASH}\n",
        f"{ORIGIN}\n00\n{EMPTY}\n",
        f"{ORIGIN}\n+7\n{HASH}\n",
        f"{ORIGIN}\n-7\n{HASH}\n",
        f"{ORIGIN}\n-0\n{EMPTY}\n",
        f"{ORIGIN}\n 7\n{HASH}\n",
        f"{ORIGIN}\n7 \n{HASH}\n",
        f"{ORIGIN}\n7_0\n{HASH}\n",
        f"{ORIGIN}\n7.0\n{HASH}\n",
        f"{ORIGIN}\n7e1\n{HASH}\n",
        f"{ORIGIN}\n0x7\n{HASH}\n",
        f"{ORIGIN}\n\u0667\n{HASH}\n",
        f"{ORIGIN}\n\uff17\n{HASH}\n",
        f"{ORIGIN}\n{MAX_SIZE}\n{HASH}\n",
        f"{ORIGIN}\n{MAX_SIZE * 2}\n{HASH}\n",
        f"{ORIGIN}\n{'9' * 10_000}\n{HASH}\n",
        f"{ORIGIN}\n7\n{HASH[:-1]}\n",
        f"{ORIGIN}\n7\n{HASH}=\n",
        f"{ORIGIN}\n7\n {HASH}\n",
        f"{ORIGIN}\n7\n{HASH[:-2]}9=\n",
        f"{ORIGIN}\n7\n{b64encode(ROOT[:-1]).decode()}\n",
        f"{ORIGIN}\n7\n{b64encode(ROOT * 2).decode()}\n",
        f"{ORIGIN}\n7\n{ROOT.hex()}\n",
        f"{ORIGIN}\n7\n{HASH.translate(str.maketrans('+/', '-_'))}\u00df\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(CheckpointMalformed):
        read_checkpoint(text)


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint("", 7, ROOT),
        Checkpoint(f"{ORIGIN}\n9\n{HASH}", 7, ROOT),
        Checkpoint(ORIGIN, -1, ROOT),
        Checkpoint(ORIGIN, MAX_SIZE, ROOT),
        Checkpoint(ORIGIN, 7, ROOT[:-1]),
        Checkpoint(ORIGIN, 0, ROOT),
    ],
)
def test_what_nobody_could_read_is_not_written(checkpoint: Checkpoint) -> None:
    with pytest.raises(CheckpointMalformed):
        checkpoint.text()


@given(st.text(max_size=200) | st.text(alphabet="0123456789abcAB=\n", max_size=120))
def test_any_text_is_a_checkpoint_or_refused(text: str) -> None:
    try:
        checkpoint = read_checkpoint(text)
    except CheckpointMalformed:
        return
    assert checkpoint.text() == text


def test_a_checkpoint_that_the_log_signed_is_believed() -> None:
    signed = believed(note(LOG.sign(TEXT)))
    assert (signed.checkpoint, signed.cosigned) == (Checkpoint(ORIGIN, 7, ROOT), {})
    assert signed.note == read_note(note(LOG.sign(TEXT)))


def test_a_checkpoint_is_refused_for_what_is_wrong_with_it() -> None:
    other = NoteSigner(ORIGIN, private(9))
    with pytest.raises(NoteMalformed):
        believed(b"nothing")
    with pytest.raises(NoteUnsigned):
        believed(note(other.sign(TEXT)))
    with pytest.raises(NoteUnsigned):
        believed(note(LOG.sign("another\n")))
    extended = f"{TEXT}an extension line\n"
    with pytest.raises(CheckpointMalformed):
        believed(note(LOG.sign(extended), text=extended))
    foreign = Checkpoint("log.example/two", 7, ROOT).text()
    with pytest.raises(CheckpointForeign, match=r"log\.example/two"):
        believed(note(LOG.sign(foreign), text=foreign))


def test_what_is_not_signed_is_not_read() -> None:
    """A text that is no checkpoint says nothing about the log while the log did not sign it."""
    with pytest.raises(NoteUnsigned):
        believed(note(NoteSigner("stranger", private(9)).sign("junk\n"), text="junk\n"))


def test_witnesses_are_counted() -> None:
    signed = believed(cosigned(ONE, TWO), ONE.key, TWO.key, required=2)
    assert signed.cosigned == {"witness.one": MOMENT, "witness.two": MOMENT + 1}
    with pytest.raises(CosignaturesMissing, match="1 of the known witnesses cosigned; 2 are required"):
        believed(cosigned(ONE), ONE.key, TWO.key, required=2)
    with pytest.raises(CosignaturesMissing):
        believed(cosigned(ONE, TWO), ONE.key, required=2)
    with pytest.raises(CosignaturesMissing):
        believed(cosigned(ONE), required=1)


def test_one_witness_is_not_counted_twice() -> None:
    alias = Cosigner("another.name", ONE.private_key)
    renewed = Cosigner(ONE.name, private(8))
    for data, keys in (
        (cosigned(ONE, ONE), (ONE.key, ONE.key)),
        (cosigned(ONE, alias), (ONE.key, alias.key)),
        (cosigned(ONE, alias), (alias.key, ONE.key)),
        (cosigned(ONE, renewed), (ONE.key, renewed.key)),
    ):
        assert len(believed(data, *keys, required=1).cosigned) == 1
        with pytest.raises(CosignaturesMissing):
            believed(data, *keys, required=2)


def test_a_witness_with_a_new_key_is_still_a_witness() -> None:
    """Both keys are listed while it changes; whichever signed, and in whichever order they are listed."""
    renewed = Cosigner(ONE.name, private(8))
    for keys in ((ONE.key, renewed.key), (renewed.key, ONE.key)):
        assert believed(cosigned(renewed), *keys, required=1).cosigned == {ONE.name: MOMENT}


def test_a_log_is_no_witness_of_itself() -> None:
    itself = Cosigner("witness.three", LOG.private_key)
    with pytest.raises(CosignaturesMissing):
        believed(cosigned(itself), itself.key, required=1)


def test_a_false_cosignature_of_a_known_witness_spoils_a_checkpoint() -> None:
    """Even where none is required; one of an unknown witness is not looked at."""
    false = ONE.cosign("another\n", moment=MOMENT)
    data = note(LOG.sign(TEXT), false)
    with pytest.raises(NoteUnsigned):
        believed(data, ONE.key)
    assert believed(data, TWO.key).cosigned == {}


def test_whom_to_believe_is_said_with_keys_of_the_right_type() -> None:
    with pytest.raises(VerifierKeyMalformed, match="not the key of a log"):
        Trust(ONE.key)
    with pytest.raises(VerifierKeyMalformed, match="not the key of a witness"):
        Trust(LOG.key, [ONE.key, LOG.key])


def test_every_changed_bit_of_a_cosigned_checkpoint_is_refused() -> None:
    data = cosigned(ONE)
    assert believed(data, ONE.key, required=1).checkpoint.size == 7
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((NoteMalformed, NoteUnsigned, CosignaturesMissing)):
            believed(bytes(changed), ONE.key, required=1)


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_by_name(data: bytes) -> None:
    with pytest.raises(LogRefused):
        believed(data, ONE.key)
