"""What an auditor writes down after a look at a log, to go on from there the next time."""

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Any, Final

from visavis.audit.checkpoint import Signed, Trust, require_checkpoint
from visavis.audit.grammar import Grammar
from visavis.audit.merkle import Edge
from visavis.audit.note import VerifierKey
from visavis.audit.verify import Known
from visavis.model.audit import AuditMemoryUnusable, LogRefused

VERSION: Final = 1
_MEMBERS: Final = {"version", "log", "note", "edge", "grammar"}


@dataclass(frozen=True, slots=True)
class Memory:
    """A checkpoint as it was signed, which is the evidence if the log shows another tree, and what is known by it."""

    signed: Signed
    known: Known


def write_memory(memory: Memory, *, log: VerifierKey) -> bytes:
    """A memory as a file, which is JSON."""
    members = {
        "version": VERSION,
        "log": str(log),
        "note": str(memory.signed.note),
        "edge": [b64encode(step).decode() for step in memory.known.edge.hashes],
        "grammar": memory.known.grammar.state(),
    }
    return (json.dumps(members, separators=(",", ":")) + "\n").encode()


def read_memory(data: bytes, *, log: VerifierKey) -> Memory:
    """The memory in a file, if it is whole and of this log.

    1. It is a file of this form. 2. It is of the log with this key. 3. The log signed its checkpoint. 4. The edge makes
    the checkpoint's root, and the grammar stands at its size.

    :raises AuditMemoryUnusable: one of them does not hold.
    """
    try:
        members = json.loads(data)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict) or members.keys() != _MEMBERS or members["version"] != VERSION:
        raise AuditMemoryUnusable("It is not of the form.")
    if members["log"] != str(log):
        raise AuditMemoryUnusable("It is of another log, or of another key.")
    try:
        signed = require_checkpoint(members["note"].encode(), trust=Trust(log))
        return Memory(signed, _known(signed, members))
    except LogRefused as refusal:
        raise AuditMemoryUnusable(f"Its checkpoint does not check out: {refusal.detail}") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        raise AuditMemoryUnusable("It is damaged.") from None


def _known(signed: Signed, members: dict[str, Any]) -> Known:
    checkpoint = signed.checkpoint
    edge = Edge(checkpoint.size, tuple(b64decode(step, validate=True) for step in members["edge"]))
    grammar = Grammar.resumed(members["grammar"])
    if edge.root() != checkpoint.root or len(edge.hashes) != checkpoint.size.bit_count():
        raise ValueError("the edge is another tree's")
    if grammar.size != checkpoint.size:
        raise ValueError("the grammar is another checkpoint's")
    return Known(checkpoint, edge, grammar)
