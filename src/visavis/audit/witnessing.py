"""What a witness is sent, and what it cosigns (C2SP tlog-witness)."""

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from visavis.audit.checkpoint import MAX_SIZE, Checkpoint, read_checkpoint
from visavis.audit.merkle import EMPTY_ROOT, MAX_PATH, require_consistency
from visavis.audit.note import MAX_NOTE, Note, Signature, VerifierKey, read_note, require_signed, signatures_of
from visavis.audit.proof import read_hashes
from visavis.model.audit import CheckpointMalformed, LogForked, NoteMalformed, NoteUnsigned, ProofMalformed
from visavis.model.witness import OldSizeUnfit, SubmissionMalformed, WitnessClockBack

MAX_SUBMISSION: Final = len("old ") + 20 + MAX_PATH * 45 + 1 + MAX_NOTE
"""Largest request that a witness reads, in bytes."""
MOST_BACK_S: Final = 60
"""How far a clock may go back, in seconds, before a witness stops signing: further than clocks are corrected."""
_OLD: Final = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)
_FIXED_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Submission:
    """A checkpoint for a witness, and the proof that it continues the tree of ``old_size``; nothing is checked.

    :param checkpoint: what the first three lines of the note's text say.
    """

    old_size: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What a witness cosigned last of one log, and when (seconds since 1970)."""

    note: Note
    checkpoint: Checkpoint
    moment: int


def write_submission(*, old_size: int, proof: Iterable[bytes], note: bytes) -> bytes:
    """The body of a request to a witness."""
    lines = [f"old {old_size}", *(b64encode(step).decode() for step in proof), "", ""]
    return "\n".join(lines).encode() + note


def read_submission(data: bytes) -> Submission:
    """The same from the body.

    :raises SubmissionMalformed: it is not of the form.
    """
    if len(data) > MAX_SUBMISSION:
        raise SubmissionMalformed("It is larger than any checkpoint with its proof.")
    head, _, rest = data.partition(b"\n\n")
    try:
        old, *proof = head.decode("ascii").split("\n")
        hashes = read_hashes(proof)
        note = read_note(rest)
        checkpoint = first_lines(note.text)
    except UnicodeDecodeError:
        raise SubmissionMalformed("Before the empty line it is not ASCII.") from None
    except (ProofMalformed, NoteMalformed, CheckpointMalformed) as error:
        raise SubmissionMalformed(error.detail) from None
    found = _OLD.fullmatch(old)
    if found is None or int(found[1]) >= MAX_SIZE:
        raise SubmissionMalformed("Its first line is not an old size.")
    if len(hashes) > MAX_PATH:
        raise SubmissionMalformed(f"Its proof has more than {MAX_PATH} hashes.")
    return Submission(int(found[1]), hashes, note, checkpoint)


def first_lines(text: str) -> Checkpoint:
    """What a checkpoint says of its tree. Lines after the third are signed with it, and mean nothing to a witness.

    :raises CheckpointMalformed: it is not of the form.
    """
    lines = text.split("\n")
    if not all(lines[:-1]):
        raise CheckpointMalformed("It has an empty line.")
    return read_checkpoint("\n".join([*lines[:_FIXED_LINES], ""]))


def require_cosignable(sent: Submission, *, keys: Iterable[VerifierKey], latest: Checkpoint | None) -> Note:
    """That a witness may cosign a checkpoint of a log that it watches.

    1. The log signed it: with one of its keys, and no signature of another of them is false.
    2. It is not smaller than the tree that the proof begins at.
    3. The proof begins at the tree that was cosigned last.
    4. A tree of the same size is the same tree.
    5. The proof proves that the tree goes on where that one ended.

    :param latest: what was cosigned last; None if nothing was.
    :returns: the note with the signatures that were checked, and no others.
    :raises NoteUnsigned: 1. :raises SubmissionMalformed: 2. :raises OldSizeUnfit: 3. :raises LogForked: 4.
    :raises ProofWrong: 5.
    """
    new, old_size = sent.checkpoint, 0 if latest is None else latest.size
    old_root = EMPTY_ROOT if latest is None else latest.root
    # 1
    signed = _signed(sent.note, keys)
    # 2
    if sent.old_size > new.size:
        raise SubmissionMalformed("The checkpoint is smaller than the old size.")
    # 3
    if sent.old_size != old_size:
        raise OldSizeUnfit(f"The tree that was cosigned last has {old_size} entries.", size=old_size)
    # 4
    if new.size == old_size and new.root != old_root:
        raise LogForked(f"Another tree of {old_size} entries was cosigned.")
    # 5
    require_consistency(old_size=old_size, old_root=old_root, size=new.size, root=new.root, path=sent.proof)
    return signed


def contradicts(sent: Submission, *, latest: Checkpoint | None) -> bool:
    """Whether a checkpoint that the log signed, and the one that was cosigned last, prove together that it forked."""
    new = sent.checkpoint
    return latest is not None and new.size == latest.size and new.root != latest.root


def moment_of(*, now: int, last: int | None) -> int:
    """The time of the next cosignature of a log, in seconds since 1970. It never goes back.

    A cosignature says that at its time no larger tree was known. One with an earlier time over a larger tree would say
    that the one before was untrue.

    1. A clock that was set back a little stands still: the last time counts until it is reached again.
    2. One that is further back is, or was, wrong. Nothing is signed, rather than a time that nobody believes.

    :raises WitnessClockBack: 2.
    """
    if last is None or now >= last:
        return now
    # 2
    if last - now > MOST_BACK_S:
        raise WitnessClockBack(f"The clock is {last - now} s behind the last cosignature of this log.")
    # 1
    return last


def _signed(note: Note, keys: Iterable[VerifierKey]) -> Note:
    found: list[Signature] = []
    for key in keys:
        if signatures := signatures_of(note, key):
            require_signed(note, key)
            found += signatures
    if not found:
        raise NoteUnsigned("There is no signature of a key that is trusted for this log.")
    return Note(note.text, tuple(found))
