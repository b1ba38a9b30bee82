"""Logs that submit to witnesses, honest ones and others."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from visavis.audit.checkpoint import Checkpoint
from visavis.audit.merkle import edge_of, leaf_hash, node_hash, prove_consistency
from visavis.audit.note import Cosigner, Note, NoteSigner, Signature, VerifierKey, read_signatures
from visavis.audit.witnessing import write_submission

ORIGIN: Final = "log.example/a"


def key_of(word: str) -> Ed25519PrivateKey:
    """The same key for the same word."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(word.encode()).digest())


def cosigner_of(name: str) -> Cosigner:
    """The same witness for the same name."""
    return Cosigner(name, key_of(name))


@dataclass(frozen=True)
class SomeLog:
    """A log with as many entries as anybody asks for. Two of one key differ from the entry ``forks_at`` on."""

    origin: str = ORIGIN
    seed: str = "a log's key"
    forks_at: int | None = None
    read: Callable[[int, int], bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        def read(level: int, index: int) -> bytes:
            if not level:
                other = self.forks_at is not None and index >= self.forks_at
                return leaf_hash(f"{'other ' if other else ''}entry {index}".encode())
            return node_hash(cached(level - 1, 2 * index), cached(level - 1, 2 * index + 1))

        cached = cache(read)
        object.__setattr__(self, "read", cached)

    @property
    def signer(self) -> NoteSigner:
        return NoteSigner(self.origin, key_of(self.seed))

    @property
    def key(self) -> VerifierKey:
        return self.signer.key

    def forked(self, at: int) -> "SomeLog":
        """The other history of the same log."""
        return SomeLog(self.origin, self.seed, at)

    def checkpoint(self, size: int) -> Checkpoint:
        return Checkpoint(self.origin, size, edge_of(size, self.read).root())

    def note(self, size: int, *, more: str = "", by: NoteSigner | None = None) -> bytes:
        """The signed checkpoint of a size, with ``more`` lines below."""
        text = self.checkpoint(size).text() + more
        return str(Note(text, ((by or self.signer).sign(text),))).encode()

    def prove(self, old_size: int, size: int) -> list[bytes]:
        return prove_consistency(old_size, size, self.read)

    def submission(self, old_size: int, size: int) -> bytes:
        """What an honest log sends to a witness."""
        return write_submission(old_size=old_size, proof=self.prove(old_size, size), note=self.note(size))


def signature_in(line: str) -> Signature:
    """The one signature of an answer."""
    (found,) = read_signatures(line)
    return found
