"""Publishing the log: tiles, bundles and the checkpoint, for everybody who wants to check it."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from visavis.audit.checkpoint import Signed, Trust, require_checkpoint
from visavis.audit.merkle import edge_of, prove_consistency
from visavis.audit.note import Note, Signature, VerifierKey, read_note
from visavis.audit.signing import edge_of_head
from visavis.audit.tiles import WIDTH, Tiles
from visavis.flows.ahead import Ahead, Shown, ahead_of
from visavis.flows.ports import Clock, Resources, Store, Witness
from visavis.flows.tiling import Tiling
from visavis.model.audit import LogDamaged, LogHead, LogRefused, LogUnpublished, ResourceMissing

CHECKPOINT: Final = "checkpoint"
_AT_ONCE: Final = 64 * WIDTH
"""Entries that are held in memory at a time."""


@dataclass(frozen=True, slots=True)
class Published:
    """What one turn came to: the size that is published, the size of the tree, and what witnesses refused."""

    size: int
    committed: int
    refused: Sequence[LogRefused] = ()


class Publisher:
    """Brings what was committed to where it is served from.

    1. Entries and tiles are on the disk before a checkpoint that promises them. 2. A checkpoint is published when
    enough witnesses cosigned it. 3. Where nothing could be published for too long, the log is held: nothing that has to
    be in it is done or answered until it is again (who withdraws is not kept from it).
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        folder: Resources,
        key: VerifierKey,
        witnesses: Sequence[Witness],
        required: int,
        within: timedelta,
    ) -> None:
        self._store = store
        self._clock = clock
        self._folder = folder
        self._witnesses = witnesses
        self._within = within
        self._tiling: Tiling | None = None
        """As far as tiles are on the disk; None where that has to be looked up."""
        self._behind_since: datetime | None = None
        self._data = b""
        """The checkpoint as this process read or wrote it last."""
        self._owed = 0
        """What others have to publish before it is looked anew how far they are behind."""
        self._one_at_a_time = threading.Lock()
        self.trust = Trust(key, [witness.key for witness in witnesses], required)
        self.published: Signed | None = None
        """The checkpoint that everybody may see."""

    def resume(self) -> Ahead | None:
        """Look at what is published before anything is added to it; nothing is changed.

        1. It is a tree that this log signed, with its edge in place. 2. One of it and the database's is the beginning
        of the other. 3. What the database has begins where the last full bundle ends, or before. 4. Where the published
        tree is the larger one, an older database was put back: what it lacks is given back, for ``Log.begin`` to go on
        from there, so that nothing is unsaid.

        :raises LogDamaged: 1 to 3 do not hold.
        """
        data, head, first = self._at_one_moment()
        if data is None:
            if first:
                raise LogDamaged("The database has the newest entries only, and nothing is published.")
            return None
        try:
            # 1
            signed = require_checkpoint(data, trust=Trust(self.trust.log))
            tiles = Tiles(self._folder.read, size=signed.checkpoint.size, root=signed.checkpoint.root)
            tiling = Tiling.of(tiles, self._folder)
            # 2
            committed = edge_of_head(head)
            if tiles.size >= committed.size and edge_of(committed.size, tiles.read) != committed:
                raise LogDamaged("What is published is another log than the database has.")
        except LogRefused as refused:
            raise LogDamaged(f"What is published does not check out: {refused}") from None
        self._tiling, self.published = tiling, signed
        # 3
        if tiles.size < committed.size and first > tiles.size:
            raise LogDamaged("Entries are missing between what is published and what the database has.")
        # 4
        try:
            return ahead_of(head, published=Shown(signed, tiles, self._folder.read), key=self.trust.log)
        except LogRefused as refused:
            raise LogDamaged(f"What is published does not check out: {refused}") from None

    def _at_one_moment(self) -> tuple[bytes | None, LogHead | None, int]:
        """The checkpoint, and the tree and the first entry of the database, between two publications of others."""
        data = self._read()
        while True:
            with self._store.read() as tx:
                head, first = tx.log.head(), tx.log.first()
            again = self._read()
            if again == data:
                return data, head, first
            data = again

    def _read(self) -> bytes | None:
        try:
            return self._folder.read(CHECKPOINT)
        except ResourceMissing:
            return None

    def close(self) -> None:
        """Give up what witnesses are asked with."""
        for witness in self._witnesses:
            witness.close()

    def at_least(self, size: int) -> Signed | None:
        """The published checkpoint, of so many entries at least, where another process has published so many."""
        if self._store.is_shared and self._size() < size:
            self.publish()
        return self.published

    def publish(self) -> Published:
        """Bring the folder up to the database; where another process does that, look how far it is.

        :raises LogDamaged: what was committed does not make the tree that was signed; the log is held.
        """
        with self._one_at_a_time:
            if self._store.is_shared:
                followed = self._follow()
                if not self._store.leads():
                    return followed
            return self._publish()

    def _follow(self) -> Published:
        """Take over what another process published.

        :raises LogDamaged: what is published does not check out.
        """
        data = self._read()
        if data is not None and (self.published is None or data != self._data):
            try:
                self.published = require_checkpoint(data, trust=self.trust)
            except LogRefused as refused:
                raise LogDamaged(f"What is published does not check out: {refused}") from None
            self._data, self._tiling = data, None
        with self._store.read() as tx:
            head = tx.log.head()
        committed = 0 if head is None else head.size
        if self._size() >= self._owed:
            # There is always something that was committed a moment ago: it counts from now on.
            self._watch(behind=False)
            self._owed = committed
        self._watch(behind=self._size() < self._owed)
        return Published(self._size(), self._size())  # who publishes it tells what waits

    def _publish(self) -> Published:
        with self._store.read() as tx:
            head = tx.log.head()
        if head is None:
            return Published(0, 0)
        refused: list[LogRefused] = []
        try:
            tiling = self._grown(head)
            if self._size() < head.size:
                refused = self._promise(head, tiling)
        except LogDamaged as damaged:
            self._store.hold_log(LogUnpublished(damaged.detail))
            raise
        finally:
            self._watch(behind=self._size() < head.size)
        return Published(self._size(), head.size, refused)

    def _size(self) -> int:
        return 0 if self.published is None else self.published.checkpoint.size

    def _grown(self, head: LogHead) -> Tiling:
        """Tiles and bundles of everything that was committed, on the disk."""
        tiling = self._tiling or self._begun()
        # What fails half-way leaves memory ahead of the disk: then the next turn begins where the published tree ends.
        self._tiling = None
        before = tiling.size
        while tiling.size < head.size:
            wanted = min(_AT_ONCE, head.size - tiling.size)
            with self._store.read() as tx:
                found = tx.log.entries(tiling.size, limit=wanted)
            if len(found) != wanted:
                raise LogDamaged(f"The database does not have the entries from {tiling.size} on.")
            for entry in found:
                tiling.add(entry)
        if tiling.edge() != edge_of_head(head):
            raise LogDamaged("The entries in the database do not make the tree that was signed.")
        tiling.flush(before)
        self._tiling = tiling
        return tiling

    def _begun(self) -> Tiling:
        if self.published is None:
            return Tiling(self._folder)
        tree = self.published.checkpoint
        return Tiling.of(Tiles(self._folder.read, size=tree.size, root=tree.root), self._folder)

    def _promise(self, head: LogHead, tiling: Tiling) -> list[LogRefused]:
        """Publish the checkpoint, with the cosignatures it needs; what keeps it from that is given back."""
        note, tree = read_note(head.note), edge_of_head(head)
        cosigned, refused = self._cosigned(head)
        signatures = [*note.signatures, *cosigned]
        data = str(Note(note.text, tuple(signatures))).encode()
        try:
            signed = require_checkpoint(data, trust=self.trust)
        except LogRefused as error:
            return [*refused, error]
        before = self._size()
        self._folder.write(CHECKPOINT, data)
        self.published, self._data = signed, data
        tiling.clean(before)
        if tree.size // WIDTH > before // WIDTH:
            with self._store.write() as tx:
                tx.log.drop_before(tree.size // WIDTH * WIDTH)
        return refused

    def _cosigned(self, head: LogHead) -> tuple[list[Signature], list[LogRefused]]:
        """What the witnesses answer, all of them asked at once: one that is away must not keep the others waiting."""
        if not self._witnesses:
            return [], []
        tree = edge_of_head(head)
        tiles = Tiles(self._folder.read, size=tree.size, root=tree.root())

        def ask(witness: Witness) -> Signature | LogRefused:
            try:
                return witness.cosign(
                    head.note, prove=lambda old: prove_consistency(old, tree.size, tiles.read), size=tree.size
                )
            except LogRefused as refused:
                return refused

        with ThreadPoolExecutor(len(self._witnesses)) as pool:
            answers = list(pool.map(ask, self._witnesses))
        signatures = [answer for answer in answers if isinstance(answer, Signature)]
        return signatures, [answer for answer in answers if isinstance(answer, LogRefused)]

    def _watch(self, *, behind: bool) -> None:
        """Hold the log where it was behind for too long, and let it go on when it is not any more."""
        now = self._clock.now()
        if not behind:
            if self._behind_since is not None:
                self._store.hold_log(None)
            self._behind_since = None
            return
        self._behind_since = min(self._behind_since or now, now)
        if now - self._behind_since > self._within:
            self._store.hold_log(LogUnpublished(f"Nothing could be published since {self._behind_since:%H:%M} UTC."))
