"""The log as its server uses it: beginning it, and showing people what is about them, with proof."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from visavis.audit.checkpoint import Signed
from visavis.audit.commitment import Opened
from visavis.audit.merkle import leaf_hash, prove_inclusion
from visavis.audit.proof import Proof
from visavis.audit.tiles import WIDTH, Tiles, tile_of, unbundle
from visavis.audit.verify import whole_if_gone
from visavis.flows.ahead import Ahead, close_sessions, make_up
from visavis.flows.generation import advance
from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Resources, Store, Transaction
from visavis.flows.publish import Publisher
from visavis.flows.record import openings_of, record_act, record_life
from visavis.model.audit import EntryWrong, Event


@dataclass(frozen=True, slots=True)
class OwnEntry:
    """An entry about somebody, what opens its commitment, and that it is in the log.

    ``proof`` is None until the entry is published, a moment after it was made.
    """

    index: int
    entry: bytes
    opened: Opened
    proof: Proof | None


class Log:
    """What there is to read in the log."""

    def __init__(
        self, *, store: Store, keyring: Keyring, clock: Clock, folder: Resources, publisher: Publisher
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        # A bundle that was not full may be replaced by the full one while it is looked at.
        self._fetch = whole_if_gone(folder.read)
        self._publisher = publisher
        self._tiles: tuple[Signed, Tiles] | None = None

    def begin(self, rules: Mapping[str, Any], ahead: Ahead | None = None) -> None:
        """The server starts.

        :param rules: release, models and what else decides; the entry commits to it.
        :param ahead: what the published log has and the database does not, as ``Publisher.resume`` found it.
        """
        now = self._clock.now()
        with self._store.write(alone=True) as tx:
            if ahead is not None:
                make_up(tx, ahead, (), keyring=self._keyring, now=now)
            elif tx.log.head() is None:
                # What was opened before cannot be decided after: its opening is not in the log.
                close_sessions(tx)
                for gallery in tx.galleries.find():
                    for subject in tx.subjects.find(gallery_id=gallery.id):
                        record_life(tx, Event.CARRY, subject, keyring=self._keyring, now=now)
            advance(tx, self._keyring)
            record_act(tx, Event.START, now=now, fields={}, details=rules, keyring=self._keyring)

    def own(self, subject_id: str, *, after: int = -1, limit: int = 200) -> list[OwnEntry]:
        """Entries about the person who asks, in their order; the caller has checked that it is them.

        :param after: the index behind which to begin.
        :param limit: most entries.
        :raises NotFound: there is no such person. :raises LogRefused: the folder does not hold what was published.
        """
        with self._store.read() as tx:
            subject = tx.subjects.get(subject_id)
            found = openings_of(tx, subject, keyring=self._keyring, after=after, limit=limit)
            first = tx.log.first()
            # Read after what the database has: what it does not have any more is published by then.
            signed = self._publisher.at_least(first)
            entries = [self._entry(tx, index, first=first, signed=signed) for index, _ in found]
        return [
            OwnEntry(index, entry, opened, self._proof(index, entry, signed))
            for (index, opened), entry in zip(found, entries, strict=True)
        ]

    def _entry(self, tx: Transaction, index: int, *, first: int, signed: Signed | None) -> bytes:
        if index >= first:
            return tx.log.entries(index, limit=1)[0]
        if signed is None:
            raise EntryWrong("Entries were published, and there is no checkpoint.")
        tile = tile_of(signed.checkpoint.size, 0, index // WIDTH)
        return unbundle(self._fetch(tile.entries_path), width=tile.width)[index % WIDTH]

    def _proof(self, index: int, entry: bytes, signed: Signed | None) -> Proof | None:
        if signed is None or index >= signed.checkpoint.size:
            return None
        tiles = self._checked(signed)
        if tiles.read(0, index) != leaf_hash(entry):
            raise EntryWrong(f"Entry {index} is not the one that was published.")
        path = prove_inclusion(index, tiles.size, tiles.read)
        return Proof(index, tuple(path), str(signed.note).encode())

    def _checked(self, signed: Signed) -> Tiles:
        """The tiles of a published tree; those of the newest are kept."""
        kept = self._tiles
        if kept is None or kept[0] is not signed:
            tree = signed.checkpoint
            kept = self._tiles = signed, Tiles(self._fetch, size=tree.size, root=tree.root)
        return kept[1]
