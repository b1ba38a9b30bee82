"""Making a backup: one file that opens as long as the epoch it was made in, and no longer."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from visavis.audit.checkpoint import Trust, require_checkpoint
from visavis.audit.merkle import leaf_hash
from visavis.audit.note import VerifierKey
from visavis.audit.tiles import Fetch, Tiles, bundle, tiles_between, unbundle
from visavis.audit.verify import whole_if_gone
from visavis.flows.generation import generation_of
from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Resources, Store, Transaction
from visavis.flows.publish import CHECKPOINT
from visavis.flows.record import record_act, servers_openings
from visavis.model.audit import EntryWrong, Event, ResourceMissing
from visavis.model.backup import BackupHeader, BackupRunning
from visavis.model.keys import SealBroken
from visavis.protect.backup import installation_name, new_identity, write_header
from visavis.protect.epochs import present

_FOUND_BY: Final = b"backup"


class Snapshot(Protocol):
    """The database as it was at one moment."""

    def read(self) -> AbstractContextManager[Transaction]:
        """A view of it."""

    def write_sealed(self, header: bytes, recipient: str, *, log: Iterable[tuple[str, bytes]]) -> tuple[Path, int]:
        """A file with a header and, encrypted to an age recipient, the snapshot and the log; where it is, how long.

        It is on the disk when this returns, readable by its owner only, and gone when the snapshot is.

        :raises BackupFailed: the disk does not take it.
        """


class Snapshots(Protocol):
    """Takes snapshots while others read and write."""

    def take(self) -> AbstractContextManager[Snapshot]:
        """One of now. Nothing of it is left when the block ends.

        What a process that was killed has left goes when the next one takes the data directory.

        :raises BackupFailed: the disk does not take it.
        """


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made; ``place`` is there until the block that made it ends."""

    place: Path
    size: int
    header: BackupHeader


class Backups:
    """The flow that makes backups.

    :param key: the key of the log, which what is published has to be signed with.
    :param window: how long a backup can be brought back.
    """

    def __init__(
        self,
        *,
        store: Store,
        keyring: Keyring,
        clock: Clock,
        folder: Resources,
        key: VerifierKey,
        snapshots: Snapshots,
        window: timedelta,
        release: str,
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._folder = folder
        self._key = key
        self._snapshots = snapshots
        self._window = window
        self._release = release
        self._one_at_a_time = threading.Lock()
        self._last_made_at: datetime | None = None

    @property
    def last_made_at(self) -> datetime | None:
        """When a backup was made last, by this process or one before it, as the log has it; None: never, or edited."""
        if self._last_made_at is None:
            with self._store.read() as tx, suppress(SealBroken):
                entries = servers_openings(tx, keyring=self._keyring, of=_FOUND_BY)
                self._last_made_at = datetime.fromisoformat(entries[-1].details["at"]) if entries else None
        return self._last_made_at

    @contextmanager
    def make(self, *, by: str) -> Iterator[Backup]:
        """One backup, to be copied elsewhere within the block.

        1. No other is being made. 2. The snapshot is taken, and then the published log, which so is never behind it.
        3. A key pair of its own encrypts both; what opens them is sealed with the key of the epoch that was present
        before the snapshot, so that the backup dies no later than the keys in it. 4. That a backup was made is entered
        before anybody has it.

        :param by: who asked for it; the log commits to it.
        :raises BackupRunning: 1. :raises BackupFailed: 2, 3. :raises LogClosed: 4.
        """
        if not self._one_at_a_time.acquire(blocking=False):
            raise BackupRunning
        try:
            tree = self._keyring.keys.tree
            made_at = self._clock.now().replace(microsecond=0)
            with self._snapshots.take() as snapshot:
                with snapshot.read() as tx:
                    head, generation = tx.log.head(), generation_of(tx, self._keyring)
                header = BackupHeader(
                    epoch=present(tree).number,
                    installation=installation_name(tree.installation),
                    made_at=made_at,
                    opens_until=made_at + self._window,
                    log_size=0 if head is None else head.size,
                    generation=generation or 0,
                    release=self._release,
                )
                identity, recipient = new_identity()
                line = write_header(header, tree=tree, identity=identity)
                log = published_log(self._folder.read, key=self._key)
                place, size = snapshot.write_sealed(line, recipient, log=log)
                self._record(header, size, by)
                self._last_made_at = made_at
                yield Backup(place, size, header)
        finally:
            self._one_at_a_time.release()

    def _record(self, header: BackupHeader, size: int, by: str) -> None:
        details = {"by": by, "epoch": header.epoch, "log_size": header.log_size, "size": size}
        with self._store.write() as tx:
            record_act(
                tx,
                Event.BACKUP,
                now=self._clock.now(),
                fields={},
                details=details,
                keyring=self._keyring,
                found_by=_FOUND_BY,
            )


def published_log(fetch: Fetch, *, key: VerifierKey) -> Iterator[tuple[str, bytes]]:
    """Every resource of the log as it is published at this moment, each checked; the checkpoint comes last.

    It may grow meanwhile: of what is not full any more the beginning is taken. Nothing where nothing is published.

    :raises LogRefused: it does not check out.
    """
    try:
        data = fetch(CHECKPOINT)
    except ResourceMissing:
        return
    tree = require_checkpoint(data, trust=Trust(key)).checkpoint
    either = whole_if_gone(fetch)
    tiles = Tiles(either, size=tree.size, root=tree.root)
    for tile in tiles_between(0, tree.size):
        hashes = tiles.hashes(tile.level, tile.index)
        yield tile.path, b"".join(hashes)
        if tile.level == 0:
            entries = unbundle(either(tile.entries_path), width=tile.width)
            if tuple(map(leaf_hash, entries)) != hashes:
                raise EntryWrong(f"{tile.entries_path} does not hold the entries of its tile.")
            yield tile.entries_path, bundle(entries)
    yield CHECKPOINT, data
