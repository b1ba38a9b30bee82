"""Proofs that go into a file (C2SP tlog-proof): an entry's place, its path, the checkpoint."""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from visavis.audit.checkpoint import MAX_SIZE, Signed, Trust, require_checkpoint
from visavis.audit.merkle import HASH_BYTES, MAX_PATH, leaf_hash, require_inclusion
from visavis.audit.note import from_base64
from visavis.model.audit import ProofMalformed

HEADER: Final = "c2sp.org/tlog-proof@v1"
MAX_PROOF: Final = 256 * 1024
_INDEX: Final = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Proof:
    """As it was read; nothing is checked. ``checkpoint`` is the note's bytes, ``extra`` is nobody's word."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def __bytes__(self) -> bytes:
        """The proof as it is written."""
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {b64encode(self.extra).decode()}")
        lines += [f"index {self.index}", *(b64encode(step).decode() for step in self.path), "", ""]
        return "\n".join(lines).encode() + self.checkpoint


def read_proof(data: bytes) -> Proof:
    """A proof.

    :raises ProofMalformed: it is not of the form.
    """
    if len(data) > MAX_PROOF:
        raise ProofMalformed("It is larger than any proof.")
    head, separator, checkpoint = data.partition(b"\n\n")
    try:
        lines = head.decode().split("\n")
    except UnicodeDecodeError:
        raise ProofMalformed("It is not UTF-8.") from None
    if not separator or lines.pop(0) != HEADER or not lines:
        raise ProofMalformed(f"It does not begin with {HEADER}.")
    extra = None
    if lines[0].startswith("extra "):
        extra = _decoded(lines.pop(0).removeprefix("extra "))
    found = _INDEX.fullmatch(lines.pop(0)) if lines else None
    if found is None or int(found[1]) >= MAX_SIZE or len(lines) > MAX_PATH:
        raise ProofMalformed("It names no index, or its path is too long.")
    return Proof(int(found[1]), read_hashes(lines), checkpoint, extra)


def read_hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    """Hashes, one a line.

    :raises ProofMalformed: one is none.
    """
    hashes = tuple(_decoded(line) for line in lines)
    if any(len(step) != HASH_BYTES for step in hashes):
        raise ProofMalformed("A line is not a hash.")
    return hashes


def _decoded(text: str) -> bytes:
    try:
        return from_base64(text)
    except ValueError:
        raise ProofMalformed("A line is not base64.") from None


def require_logged(entry: bytes, proof: Proof, *, trust: Trust) -> Signed:
    """That an entry is in a log, under a checkpoint that may be believed.

    :raises NoteMalformed, CheckpointMalformed, NoteUnsigned, CheckpointForeign, CosignaturesMissing: as
        ``require_checkpoint``. :raises ProofWrong: this entry is not there.
    """
    signed = require_checkpoint(proof.checkpoint, trust=trust)
    tree = signed.checkpoint
    require_inclusion(leaf=leaf_hash(entry), index=proof.index, size=tree.size, path=proof.path, root=tree.root)
    return signed
