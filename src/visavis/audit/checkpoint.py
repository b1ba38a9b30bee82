"""Checkpoints (C2SP tlog-checkpoint): which tree a log had."""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from visavis.audit.merkle import HASH_BYTES
from visavis.audit.note import Note, VerifierKey, cosigned_at, read_note, require_signed
from visavis.model.audit import CheckpointForeign, CheckpointMalformed, CosignaturesMissing

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
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


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
        raw = b64decode(root, validate=True)
    except (ValueError, binascii.Error):
        raw = b""
    if len(raw) != HASH_BYTES or b64encode(raw).decode() != root:
        raise CheckpointMalformed("Its third line is not a hash.")
    return Checkpoint(origin, int(size), raw)


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom somebody believes: the log's key, witnesses, and how many of them have to have cosigned.

    :param log: its name is the log's origin.
    :param witnesses: keys of type 0x04.
    """

    log: VerifierKey
    witnesses: Sequence[VerifierKey] = ()
    required: int = 0


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
    times = {key.name: cosigned_at(note, key) for key in trust.witnesses}
    cosigned = {name: moment for name, moment in times.items() if moment is not None}
    if len(cosigned) < trust.required:
        raise CosignaturesMissing(f"{len(cosigned)} of the known witnesses cosigned; {trust.required} are required.")
    return Signed(checkpoint, note, cosigned)
