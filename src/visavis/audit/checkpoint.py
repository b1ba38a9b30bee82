"""Checkpoints (C2SP tlog-checkpoint): which tree a log had."""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from visavis.audit.merkle import EMPTY_ROOT, HASH_BYTES
from visavis.audit.note import (
    COSIGNATURE,
    ED25519,
    Note,
    VerifierKey,
    cosigned_at,
    from_base64,
    read_note,
    require_signed,
)
from visavis.model.audit import CheckpointForeign, CheckpointMalformed, CosignaturesMissing, VerifierKeyMalformed

MAX_SIZE: Final = 1 << 63
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's name (its *origin*), how many entries its tree has and the tree's root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """What is signed.

        :raises CheckpointMalformed: nobody could read it.
        """
        text = f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"
        read_checkpoint(text)
        return text


def read_checkpoint(text: str) -> Checkpoint:
    """The tree that a note's text names. Lines after the third would not be checked by anybody: none may be there.

    :raises CheckpointMalformed: it is not of the form.
    """
    lines = text.split("\n")
    if lines.pop() or len(lines) != _LINES or not all(lines):
        raise CheckpointMalformed("It does not have three lines.")
    origin, size, root = lines
    if not _SIZE.fullmatch(size) or int(size) >= MAX_SIZE:
        raise CheckpointMalformed("Its second line is not a size.")
    try:
        raw = from_base64(root)
    except ValueError:
        raw = b""
    if len(raw) != HASH_BYTES:
        raise CheckpointMalformed("Its third line is not a hash.")
    if size == "0" and raw != EMPTY_ROOT:
        raise CheckpointMalformed("Its tree is empty, and its hash is not that of an empty tree.")
    return Checkpoint(origin, int(size), raw)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom somebody believes: the log's key, witnesses, and how many of them have to have cosigned.

    :param log: its name is the log's origin.
    :param witnesses: keys of type 0x04. Two of one name or with one public key are one witness, and the log is none.
    :raises VerifierKeyMalformed: a key makes signatures of another type.
    """

    log: VerifierKey
    witnesses: Sequence[VerifierKey] = ()
    required: int = 0

    def __post_init__(self) -> None:
        if self.log.algorithm != ED25519:
            raise VerifierKeyMalformed(f"The key of {self.log.name} is not the key of a log.")
        for key in self.witnesses:
            if key.algorithm != COSIGNATURE:
                raise VerifierKeyMalformed(f"The key of {key.name} is not the key of a witness.")


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint whose signatures were checked. ``cosigned``: names of witnesses, with the seconds since 1970."""

    checkpoint: Checkpoint
    note: Note
    cosigned: dict[str, int]


def require_checkpoint(data: bytes, *, trust: Trust) -> Signed:
    """A checkpoint that may be believed.

    1. It is a note. 2. The log signed it. 3. It is of this log. 4. Enough witnesses cosigned it.

    :raises NoteMalformed, CheckpointMalformed: 1. :raises NoteUnsigned: 2, or a known witness's cosignature is false.
    :raises CheckpointForeign: 3. :raises CosignaturesMissing: 4.
    """
    note = read_note(data)
    require_signed(note, trust.log)
    checkpoint = read_checkpoint(note.text)
    if checkpoint.origin != trust.log.name:
        raise CheckpointForeign(f"It is of the log {checkpoint.origin!r}.")
    cosigned = _cosigned(note, trust)
    if len(cosigned) < trust.required:
        raise CosignaturesMissing(f"{len(cosigned)} of the known witnesses cosigned; {trust.required} are required.")
    return Signed(checkpoint, note, cosigned)


def _cosigned(note: Note, trust: Trust) -> dict[str, int]:
    cosigned: dict[str, int] = {}
    counted = {trust.log.public_key}
    for key in trust.witnesses:
        moment = cosigned_at(note, key)
        if moment is not None and key.public_key not in counted:
            cosigned.setdefault(key.name, moment)
            counted.add(key.public_key)
    return cosigned
