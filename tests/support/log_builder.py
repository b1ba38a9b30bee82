"""Logs made without a server: tiles, bundles and checkpoints in a folder, as C2SP tlog-tiles has them."""

import itertools
import random
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from visavis.audit.checkpoint import Checkpoint
from visavis.audit.leaf import write_entry
from visavis.audit.merkle import Edge, leaf_hash, prove_inclusion
from visavis.audit.note import Cosigner, Note, NoteSigner
from visavis.audit.proof import Proof
from visavis.audit.tiles import HEIGHT, WIDTH, Tile, bundle, tiles_between
from visavis.model.audit import Event

ORIGIN: Final = "log.faces.example"
FIRST_DAY: Final = date(2026, 1, 1)
NOW: Final = 1_770_000_000
"""Seconds since 1970 at which witnesses of tests cosign."""


def signer_of(seed: int = 1, *, origin: str = ORIGIN) -> NoteSigner:
    """The same log's key for the same seed."""
    return NoteSigner(origin, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def witness_of(seed: int) -> Cosigner:
    """The same witness for the same seed."""
    return Cosigner(f"witness{seed}.example", Ed25519PrivateKey.from_private_bytes(bytes([100 + seed]) * 32))


@dataclass(slots=True)
class Tree:
    """A tree that grows and keeps the hashes of all its perfect subtrees: ``levels[n][i]`` has ``2**n`` leaves."""

    levels: list[list[bytes]] = field(default_factory=lambda: [[]])

    @property
    def size(self) -> int:
        """How many leaves it has."""
        return len(self.levels[0])

    def add(self, leaf: bytes) -> None:
        """One more leaf hash."""
        self.levels[0].append(leaf)
        for level in itertools.count():
            row = self.levels[level]
            if len(row) % 2:
                return
            if len(self.levels) == level + 1:
                self.levels.append([])
            (pair,) = Edge(1, (row[-2],)).extended([row[-1]]).hashes
            self.levels[level + 1].append(pair)

    def read(self, level: int, index: int) -> bytes:
        """See ``merkle.Reader``."""
        return self.levels[level][index]

    def edge(self, size: int | None = None) -> Edge:
        """The edge that it has, or had at a size."""
        size = self.size if size is None else size
        hashes, begin = [], 0
        for level in reversed(range(size.bit_length())):
            if size >> level & 1:
                hashes.append(self.levels[level][begin >> level])
                begin += 1 << level
        return Edge(size, tuple(hashes))

    def tile(self, tile: Tile) -> bytes:
        """A tile's bytes."""
        begin = tile.index * WIDTH
        return b"".join(self.levels[tile.level * HEIGHT][begin : begin + tile.width])


class LogBuilder:
    """A log in a folder. ``publish`` writes what is there of it; older partial tiles stay, as in a real one.

    Entries are kept in memory: it is for tests and benchmarks.
    """

    def __init__(self, folder: Path, *, signer: NoteSigner | None = None) -> None:
        self.folder = folder
        self.signer = signer or signer_of()
        self.entries: list[bytes] = []
        self.tree = Tree()
        self._published = 0
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, entries: Iterable[bytes]) -> "LogBuilder":
        """Append entries, without publishing them."""
        for entry in entries:
            self.entries.append(entry)
            self.tree.add(leaf_hash(entry))
        return self

    def note(self, size: int | None = None, *, cosigners: Sequence[Cosigner] = ()) -> bytes:
        """The checkpoint of the tree as it is, or was at a size, as bytes."""
        edge = self.tree.edge(size)
        text = Checkpoint(self.signer.name, edge.size, edge.root()).text()
        signatures = (self.signer.sign(text), *(by.cosign(text, moment=NOW) for by in cosigners))
        return str(Note(text, signatures)).encode()

    def publish(self, *, cosigners: Sequence[Cosigner] = ()) -> bytes:
        """Write what was added, and a checkpoint over everything; what is given back is the checkpoint."""
        for tile in tiles_between(self._published, self.tree.size):
            self.write(tile.path, self.tree.tile(tile))
            if tile.level == 0:
                begin = tile.index * WIDTH
                self.write(tile.entries_path, bundle(self.entries[begin : begin + tile.width]))
        self._published = self.tree.size
        note = self.note(cosigners=cosigners)
        self.write("checkpoint", note)
        return note

    def write(self, path: str, data: bytes) -> None:
        """Put a resource there."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)

    def fetch(self, path: str) -> bytes:
        """A resource as it lies there, for changing it."""
        return (self.folder / path).read_bytes()

    def proof(self, index: int, *, cosigners: Sequence[Cosigner] = ()) -> Proof:
        """A tlog-proof of one entry, under the tree as it is."""
        path = prove_inclusion(index, self.tree.size, self.tree.read)
        return Proof(index, tuple(path), self.note(cosigners=cosigners))


def built(folder: Path, *sizes: int, seed: int = 0, cosigners: Sequence[Cosigner] = ()) -> LogBuilder:
    """A log that was published at each of these sizes, one after the other."""
    log, entries = LogBuilder(folder), Story(seed).entries()
    for size in sizes:
        log.add(itertools.islice(entries, size - log.tree.size))
        log.publish(cosigners=cosigners)
    return log


class Story:
    """What a server's entries look like over days at a few stations; obeys the grammar, however much of it is taken.

    Of a hundred entries about ninety are sessions and decisions. People come, agree, and some go.
    """

    def __init__(self, seed: int = 0, *, a_day: int = 5000, first_day: date = FIRST_DAY) -> None:
        self._dice = random.Random(seed)  # noqa: S311 -- dice
        self._a_day = a_day
        self._first_day = first_day
        self._told = 0
        self._enrolled: list[str] = []

    def random(self, size: int = 16) -> str:
        """So many random bytes in base64url."""
        return urlsafe_b64encode(self._dice.randbytes(size)).rstrip(b"=").decode()

    def entry(self, event: Event, **fields: str) -> bytes:
        """The next entry."""
        day = self._first_day + timedelta(days=self._told // self._a_day)
        self._told += 1
        return write_entry(event, day=day, commitment=self.random(32), **fields)

    def entries(self) -> Iterator[bytes]:
        """Entries without an end."""
        yield self.entry(Event.START)
        yield self.entry(Event.KEY, act="add", of="api_key")
        yield self.entry(Event.POLICY, act="add", of="purpose")
        yield self.entry(Event.POLICY, act="add", of="gallery")
        yield self.entry(Event.KEY, act="add", of="station")
        yield from self.person()
        while True:
            cast = self._dice.random()
            if cast < 0.03:
                yield from self.person()
            elif cast < 0.04 and self._enrolled:
                yield from self.farewell()
            elif cast < 0.05:
                yield self.entry(Event.READING, act="decisions")
            else:
                yield from self.visit()

    def person(self) -> Iterator[bytes]:
        """Somebody is enrolled and answers."""
        handle = self.random()
        yield self.entry(Event.OFFER, handle=handle)
        if self._dice.random() < 0.1:
            yield self.entry(Event.DECLINE, handle=handle)
            yield self.entry(Event.ERASE, handle=handle)
            return
        yield self.entry(Event.GRANT, handle=handle)
        yield self.entry(Event.CREDENTIAL, handle=handle)
        yield self.entry(Event.ENROL, handle=handle)
        self._enrolled.append(handle)

    def farewell(self) -> Iterator[bytes]:
        """Somebody withdraws."""
        handle = self._enrolled.pop(self._dice.randrange(len(self._enrolled)))
        yield self.entry(Event.WITHDRAW, handle=handle)
        yield self.entry(Event.ERASE, handle=handle)

    def visit(self) -> Iterator[bytes]:
        """A session, and what was decided in it."""
        session, kind = self.random(), self._dice.choice(["identify", "identify", "identify", "verify"])
        yield self.entry(Event.SESSION, session=session, kind=kind)
        means = self._dice.choice(["face"] * 18 + ["pin", "qr"])
        outcome = self._dice.choice(["MATCH"] * 8 + ["NO_MATCH", "REFUSED"])
        yield self.entry(Event.DECISION, session=session, kind=kind, means=means, outcome=outcome)
