"""Proofs in a file: read in one way only, and believed for one entry only."""

import hashlib
from base64 import b64encode
from dataclasses import replace
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from support.plain_tree import PlainTree

from visavis.audit.checkpoint import MAX_SIZE, Checkpoint, Trust
from visavis.audit.merkle import MAX_PATH
from visavis.audit.note import Cosigner, Note, NoteSigner
from visavis.audit.proof import HEADER, MAX_PROOF, Proof, read_hashes, read_proof, require_logged
from visavis.model.audit import (
    CheckpointForeign,
    CheckpointMalformed,
    CosignaturesMissing,
    LogRefused,
    NoteMalformed,
    NoteUnsigned,
    ProofMalformed,
    ProofWrong,
)

ONE, TWO = hashlib.sha256(b"hash1").digest(), hashlib.sha256(b"hash2").digest()
LINE: Final = b64encode(ONE).decode()
ORIGIN: Final = "log.example/one"
LOG: Final = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
WITNESS: Final = Cosigner("witness.example", Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
TRUST: Final = Trust(LOG.key, [WITNESS.key], 1)
PLAIN: Final = PlainTree([b"entry %d" % index for index in range(20)])


def checkpoint(size: int = 20, *, root: bytes | None = None) -> bytes:
    text = Checkpoint(ORIGIN, size, PLAIN.root(size) if root is None else root).text()
    return str(Note(text, (LOG.sign(text), WITNESS.cosign(text, moment=1_800_000_000)))).encode()


def proof_of(index: int, size: int = 20) -> Proof:
    return Proof(index, tuple(PLAIN.path(index, size)), checkpoint(size))


@pytest.mark.parametrize(
    ("proof", "text"),
    [
        (
            Proof(5, (ONE, TWO), b"test checkpoint\n"),
            f"{HEADER}\nindex 5\n{LINE}\n{b64encode(TWO).decode()}\n\ntest checkpoint\n",
        ),
        (
            Proof(10, (ONE,), b"checkpoint data\n", b"extra information"),
            f"{HEADER}\nextra ZXh0cmEgaW5mb3JtYXRpb24=\nindex 10\n{LINE}\n\ncheckpoint data\n",
        ),
        (Proof(0, (), b"checkpoint\n"), f"{HEADER}\nindex 0\n\ncheckpoint\n"),
        (Proof(0, (), b"", b""), f"{HEADER}\nextra \nindex 0\n\n"),
    ],
)
def test_a_proof_is_written_as_others_write_it(proof: Proof, text: str) -> None:
    """The first three are those of transparency-dev/formats, proof/tlog_proof_test.go."""
    assert bytes(proof) == text.encode()
    assert read_proof(text.encode()) == proof


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        HEADER,
        f"{HEADER}\n",
        f"{HEADER}\n\n",
        f"{HEADER}\n\n\ncheckpoint\n",
        f"{HEADER}\nindex 0\n",
        f"{HEADER} \nindex 0\n\ncheckpoint\n",
        "wrong-header\nindex 0\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v2\nindex 0\n\ncheckpoint\n",
        f"{HEADER}\r\nindex 0\r\n\r\ncheckpoint\n",
        f"{HEADER}\nextra !!notbase64!!\nindex 0\n\ncheckpoint\n",
        f"{HEADER}\nextra QR==\nindex 0\n\ncheckpoint\n",
        f"{HEADER}\nextra QQ\nindex 0\n\ncheckpoint\n",
        f"{HEADER}\nextra\nindex 0\n\ncheckpoint\n",
        f"{HEADER}\nextra QQ==\n\ncheckpoint\n",
        f"{HEADER}\nextra QQ==\nextra QQ==\nindex 0\n\ncheckpoint\n",
        f"{HEADER}\nindex 0\nextra QQ==\n\ncheckpoint\n",
        f"{HEADER}\nindex notanumber\n\ncheckpoint\n",
        f"{HEADER}\nindex -5\n\ncheckpoint\n",
        f"{HEADER}\nindex +5\n\ncheckpoint\n",
        f"{HEADER}\nindex 05\n\ncheckpoint\n",
        f"{HEADER}\nindex  5\n\ncheckpoint\n",
        f"{HEADER}\nindex 5 \n\ncheckpoint\n",
        f"{HEADER}\nindex \u0665\n\ncheckpoint\n",
        f"{HEADER}\nindex {MAX_SIZE}\n\ncheckpoint\n",
        f"{HEADER}\nindex {'9' * 10_000}\n\ncheckpoint\n",
        f"{HEADER}\nindex 0\n!!notbase64!!\n\ncheckpoint\n",
        f"{HEADER}\nindex 0\n{b64encode(bytes(64)).decode()}\n\ncheckpoint\n",
        f"{HEADER}\nindex 0\n{b64encode(bytes(31)).decode()}\n\ncheckpoint\n",
        f"{HEADER}\nindex 0\n {LINE}\n\ncheckpoint\n",
        f"{HEADER}\nindex 0\n{LINE}\u00a0\n\ncheckpoint\n",
        f"{HEADER}\nindex 0\n{'a' * 65 * 1024}\n",
        f"{HEADER}\nindex 0\n" + f"{LINE}\n" * (MAX_PATH + 1) + "\ncheckpoint\n",
    ],
)
def test_what_is_no_proof_is_refused(text: str) -> None:
    with pytest.raises(ProofMalformed):
        read_proof(text.encode())


def test_a_proof_larger_than_any_is_refused_unread() -> None:
    largest = Proof(0, (ONE,) * MAX_PATH, b"")
    assert read_proof(bytes(largest)) == largest
    with pytest.raises(ProofMalformed, match="larger"):
        read_proof(bytes(replace(largest, checkpoint=bytes(MAX_PROOF))))


def test_what_is_not_utf8_is_refused() -> None:
    with pytest.raises(ProofMalformed, match="UTF-8"):
        read_proof(f"{HEADER}\nindex 0\n".encode() + b"\xff\n\ncheckpoint\n")


def test_lines_of_hashes() -> None:
    assert read_hashes([]) == ()
    assert read_hashes([LINE, LINE]) == (ONE, ONE)
    for line in ("", LINE[:-1], f"{LINE}\n"):
        with pytest.raises(ProofMalformed):
            read_hashes([LINE, line])


@given(
    st.integers(0, MAX_SIZE - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=MAX_PATH),
    st.binary(max_size=100),
    st.none() | st.binary(max_size=100),
)
def test_a_proof_reads_as_it_was_written(index: int, path: list[bytes], note: bytes, extra: bytes | None) -> None:
    proof = Proof(index, tuple(path), note, extra)
    assert read_proof(bytes(proof)) == proof


@given(
    st.binary(max_size=300) | st.text(alphabet="index 0\nAB=/", max_size=100).map(lambda t: f"{HEADER}\n{t}".encode())
)
def test_any_bytes_are_a_proof_or_refused(data: bytes) -> None:
    try:
        proof = read_proof(data)
    except ProofMalformed:
        return
    assert bytes(proof) == data


@pytest.mark.parametrize("size", [1, 2, 3, 16, 20])
def test_every_entry_is_proved_and_no_other(size: int) -> None:
    for index in range(size):
        proof = proof_of(index, size)
        signed = require_logged(PLAIN.entries[index], proof, trust=TRUST)
        assert signed.checkpoint.size == size
        for other in range(20):
            if other != index:
                with pytest.raises(ProofWrong):
                    require_logged(PLAIN.entries[other], proof, trust=TRUST)
                with pytest.raises(ProofWrong):
                    require_logged(PLAIN.entries[index], replace(proof, index=other), trust=TRUST)


def test_a_proof_of_another_tree_does_not_prove() -> None:
    proof = proof_of(3)
    for spoiled in (
        replace(proof, checkpoint=checkpoint(19)),
        replace(proof, checkpoint=checkpoint(20, root=PLAIN.root(19))),
        replace(proof, path=proof.path[:-1]),
        replace(proof, path=(*proof.path, ONE)),
        replace(proof, path=(ONE, *proof.path[1:])),
        replace(proof, path=proof.path[::-1]),
    ):
        with pytest.raises(ProofWrong):
            require_logged(PLAIN.entries[3], spoiled, trust=TRUST)


def test_the_inside_of_a_tree_is_no_entry() -> None:
    """The two hashes under a node, taken as an entry, hash otherwise (RFC 6962, 2.1)."""
    pair = PLAIN.hash(0, 1) + PLAIN.hash(1, 2)
    with pytest.raises(ProofWrong):
        require_logged(pair, Proof(0, (PLAIN.hash(2, 3),), checkpoint(3)), trust=TRUST)


@pytest.mark.parametrize(
    ("note", "refusal"),
    [
        (b"junk", NoteMalformed),
        (checkpoint().replace(ORIGIN.encode(), b"log.example/two"), NoteUnsigned),
        (str(Note("x\n", (LOG.sign("x\n"),))).encode(), CheckpointMalformed),
        (checkpoint()[: checkpoint().index(b"\xe2\x80\x94 witness")], CosignaturesMissing),
    ],
)
def test_a_proof_is_no_better_than_its_checkpoint(note: bytes, refusal: type[LogRefused]) -> None:
    with pytest.raises(refusal):
        require_logged(PLAIN.entries[3], replace(proof_of(3), checkpoint=note), trust=TRUST)


def test_a_proof_of_another_log_is_refused() -> None:
    text = Checkpoint("log.example/two", 20, PLAIN.root(20)).text()
    foreign = str(Note(text, (LOG.sign(text), WITNESS.cosign(text, moment=1)))).encode()
    with pytest.raises(CheckpointForeign):
        require_logged(PLAIN.entries[3], replace(proof_of(3), checkpoint=foreign), trust=TRUST)


def test_every_changed_bit_of_a_proof_is_refused() -> None:
    data = bytes(proof_of(3))
    require_logged(PLAIN.entries[3], read_proof(data), trust=TRUST)
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(LogRefused):
            require_logged(PLAIN.entries[3], read_proof(bytes(changed)), trust=TRUST)


def test_what_is_extra_proves_nothing() -> None:
    proof = replace(proof_of(3), extra=b"anything")
    require_logged(PLAIN.entries[3], read_proof(bytes(proof)), trust=TRUST)
    require_logged(PLAIN.entries[3], read_proof(bytes(replace(proof, extra=b"something else"))), trust=TRUST)
