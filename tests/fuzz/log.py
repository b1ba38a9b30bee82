"""Fuzz what reads the transparency log: ``python -m fuzz.log -max_total_time=300``, in ``tests``."""

from collections.abc import Callable
from datetime import date
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fuzz.harness import atheris, fuzz

with atheris.instrument_imports(include=["visavis", "rfc8785"]):
    from fixtures import make_log_vectors as vectors

    from visavis.audit.checkpoint import Checkpoint, Trust, read_checkpoint, require_checkpoint
    from visavis.audit.commitment import read_opened, require_opens
    from visavis.audit.grammar import Grammar
    from visavis.audit.leaf import read_entry, write_entry
    from visavis.audit.merkle import prove_consistency, prove_inclusion
    from visavis.audit.note import Note, NoteSigner, read_key, read_note, read_signatures
    from visavis.audit.proof import Proof, read_proof, require_logged
    from visavis.audit.tiles import WIDTH, Tiles, bundle, unbundle
    from visavis.audit.witnessing import read_submission, require_cosignable, write_submission
    from visavis.model.audit import ResourceMissing
    from visavis.model.errors import VisavisError

PRIVATE: Final = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LOG: Final = NoteSigner("log.example", PRIVATE)
WITNESSES: Final = [vectors.ONE.key, vectors.TWO.key]
TRUST: Final = Trust(LOG.key, WITNESSES)
ROOT: Final = bytes(range(32))
MOST: Final = 1 << 20
"""Size of the largest tree that is looked into."""


def note(content: bytes) -> None:
    """Bytes that claim to be a note; what is one has one spelling."""
    read = read_note(content)
    if str(read).encode() != content:
        raise AssertionError
    read_signatures("".join(line.line() for line in read.signatures))


def key(content: bytes) -> None:
    """A line that claims to be a key."""
    read_key(content.decode(errors="surrogateescape"))


def checkpoint(content: bytes) -> None:
    """Bytes as a log or its server sends them."""
    require_checkpoint(content, trust=TRUST)


def signed_checkpoint(content: bytes) -> None:
    """Any text, signed by the log: what is behind the signature must hold too."""
    text = content.decode(errors="replace")
    require_checkpoint(str(Note(text, (LOG.sign(text),))).encode(), trust=TRUST)
    if read_checkpoint(text).text() != text:
        raise AssertionError


def proof(content: bytes) -> None:
    """A file that claims to be a proof."""
    read = read_proof(content)
    if bytes(read) != content:
        raise AssertionError
    require_logged(b"entry", read, trust=TRUST)


def trusted_proof(content: bytes) -> None:
    """A proof under a checkpoint that checks out."""
    read = read_proof(content)
    text = Checkpoint(LOG.name, read.index + 1, ROOT).text()
    whole = Proof(read.index, read.path, str(Note(text, (LOG.sign(text),))).encode())
    require_logged(b"entry", whole, trust=TRUST)


def entries(content: bytes) -> None:
    """Entries, one a line, in their order."""
    grammar = Grammar()
    for line in content.split(b"\n"):
        entry = read_entry(line)
        grammar.take(entry)
    Grammar.resumed(grammar.state())


def entry(content: bytes) -> None:
    """Bytes that claim to be an entry; what is one has one spelling."""
    read = read_entry(content)
    if write_entry(read.event, day=date.fromisoformat(read.day), commitment=read.commitment, **read.fields) != content:
        raise AssertionError


def opening(content: bytes) -> None:
    """What somebody says is behind an entry."""
    opened = read_opened(content)
    if bytes(opened) != content:
        raise AssertionError
    require_opens(opened, commitment=opened.commitment())


def bundled(content: bytes) -> None:
    """A bundle of any width; what is one has one spelling."""
    width = content[0] + 1 if content else WIDTH
    if bundle(unbundle(content[1:], width=width)) != content[1:]:
        raise AssertionError


def tiles(content: bytes) -> None:
    """A tree of any size, whose tiles are the same bytes: a true one is not among them."""
    size = int.from_bytes(content[:3]) % MOST

    def fetch(path: str) -> bytes:
        if path.endswith("7"):
            raise ResourceMissing(path)
        width = int(path.rpartition(".p/")[2]) if ".p/" in path else WIDTH
        return (content[3:] * 8192)[: width * 32] if len(content) % 2 else content[3:]

    root = content[-32:] if len(content) > 64 else ROOT
    looked = Tiles(fetch, size=size, root=root)
    if size:
        prove_inclusion(size // 2, size, looked.read)
        prove_consistency(size // 3, size, looked.read)


def submission(content: bytes) -> None:
    """What a witness is sent."""
    sent = read_submission(content)
    require_cosignable(sent, keys=[LOG.key], latest=None)
    write_submission(old_size=sent.old_size, proof=sent.proof, note=str(sent.note).encode())


ACTS: Final[list[Callable[[bytes], None]]] = [
    note, key, checkpoint, signed_checkpoint, proof, trusted_proof, entries, entry, opening, bundled, tiles, submission,
]  # fmt: skip


def once(content: bytes) -> None:
    """The first byte says what the others are. Only named errors of ours come out."""
    if not content:
        return
    try:
        ACTS[content[0] % len(ACTS)](content[1:])
    except VisavisError as error:
        if not error.code or error.__cause__ is not None:
            raise AssertionError from error


def seeds() -> list[bytes]:
    """Everything that the vectors of the specification have, true and false, for whatever reads it."""
    made = vectors.log_vectors()
    notes = [one["note"].encode() for one in made["checkpoints"]]
    proofs = [one["proof"].encode() for one in made["proofs"]]
    stories = ["\n".join(one["entries"]).encode() for one in made["stories"]]
    sent = write_submission(old_size=5, proof=[ROOT], note=notes[0])
    contents: dict[Callable[[bytes], None], list[bytes]] = {
        note: notes,
        key: [made["log_key"].encode(), made["witness_keys"][0].encode()],
        checkpoint: notes,
        signed_checkpoint: [one.partition(b"\n\n")[0] + b"\n" for one in notes],
        proof: proofs,
        trusted_proof: proofs,
        entries: stories,
        entry: [one["entry"].encode() for one in made["entries"]],
        opening: [bytes.fromhex(one["opening_hex"]) for one in made["openings"]],
        bundled: [bytes([8]) + bundle(vectors.STORY)],
        tiles: [bytes([0, 0, 9]) + ROOT * 9, bytes([1, 0, 1]) + ROOT],
        submission: [sent],
    }
    return [bytes([ACTS.index(act)]) + content for act, many in contents.items() for content in many]


if __name__ == "__main__":
    fuzz("log", once, seeds=seeds(), max_len=8192)
