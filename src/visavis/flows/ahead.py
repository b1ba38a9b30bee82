"""A database that is older than the log the world has seen: what it lacks, and making up for it.

Somebody put an older database back. What happened since is in the log's entries, by random handles, and each person's
key tells which handle is theirs. So nobody who withdrew meanwhile is recognised, and nothing is said twice.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import chain
from typing import Final

from visavis.audit.checkpoint import Signed
from visavis.audit.leaf import read_entry
from visavis.audit.merkle import Edge, edge_of, leaf_hash
from visavis.audit.note import Note, VerifierKey, read_note, require_signed, signatures_of
from visavis.audit.signing import edge_of_head
from visavis.audit.tiles import WIDTH, Fetch, Tiles, tile_of, unbundle
from visavis.flows.erase import WITHDRAWN, destroy_subject, erase_enrolment, erase_subject
from visavis.flows.keyring import Keyring
from visavis.flows.ports import Transaction
from visavis.flows.record import handle_of, record_life
from visavis.model.audit import EntryWrong, Event, LogDamaged, LogHead
from visavis.model.consent import EnrolmentState, Subject, SubjectState, Tombstone
from visavis.model.station import SessionState

PUT_BACK: Final = "put back"
"""Why somebody is erased whose answer to a link is not in the database any more, or whom it should not have."""

_GONE: Final = frozenset({Event.WITHDRAW, Event.ERASE})
_ANSWERED: Final = frozenset({Event.GRANT, Event.DECLINE})


@dataclass(frozen=True, slots=True)
class Ahead:
    """How much further than the database the log goes.

    ``head`` is its tree, ``tail`` the entries of the last bundle that is not full, and ``lost`` what happened under
    each handle in the entries that the database lacks.
    """

    head: LogHead
    tail: Sequence[bytes]
    lost: Mapping[str, frozenset[Event]]


@dataclass(frozen=True, slots=True)
class MadeUp:
    """What making up for it came to, as counts: people destroyed, and enrolments whose link was answered meanwhile."""

    destroyed: int = 0
    lapsed: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """A published log, its signature and the edge of its tree checked."""

    signed: Signed
    tiles: Tiles
    fetch: Fetch


@dataclass(frozen=True, slots=True)
class Committed:
    """What a database has of the log: its signed tree, and the entries from ``first`` on."""

    head: LogHead
    first: int
    entries: Sequence[bytes]


def ahead_of(
    head: LogHead | None, *, published: Shown | None, committed: Committed | None = None, key: VerifierKey
) -> Ahead | None:
    """What the log has and a database with the tree ``head`` lacks; None where it lacks nothing.

    1. What is published and larger begins with that tree. 2. What another database has committed, and is larger still,
    continues that without a gap. 3. The largest counts.

    :param committed: what the database has that is replaced.
    :raises LogDamaged: 1 or 2 does not hold: there are two histories, or a part of one is gone.
    :raises LogRefused: something does not check out.
    """
    tree, parts = edge_of_head(head), []
    found: tuple[Edge, Note, Sequence[bytes]] | None = None
    # 1
    if published is not None and published.tiles.size > tree.size:
        tiles = published.tiles
        if edge_of(tree.size, tiles.read) != tree:
            raise LogDamaged("What is published is another log than the database has.")
        parts.append(entries_from(tree.size, tiles=tiles, fetch=published.fetch))
        last = entries_from(tiles.size // WIDTH * WIDTH, tiles=tiles, fetch=published.fetch)
        tree = tiles.edge
        found = tree, published.signed.note, list(last)
    # 2
    if committed is not None and committed.head.size > tree.size:
        there = 0 if published is None else published.tiles.size
        more = committed.entries[max(tree.size - committed.first, 0) :]
        continues = tree.extended(map(leaf_hash, more)) == edge_of_head(committed.head)
        if committed.first > there or not continues:
            raise LogDamaged("What the replaced database has does not continue what is published and in the backup.")
        note = read_note(committed.head.note)
        require_signed(note, key)
        parts.append(iter(more))
        found = edge_of_head(committed.head), note, committed.entries
    # 3
    if found is None:
        return None
    tree, note, tail = found
    own = Note(note.text, tuple(signatures_of(note, key)))
    lost, newest = happened(chain.from_iterable(parts), after=head)
    return Ahead(LogHead(tree.size, tree.hashes, str(own).encode(), newest), tail, lost)


def entries_from(first: int, *, tiles: Tiles, fetch: Fetch) -> Iterator[bytes]:
    """The published entries from an index on, each checked against the tree.

    :raises EntryMalformed, EntryWrong, ResourceMissing: a bundle is not the tree's.
    """
    for index in range(first // WIDTH, -(-tiles.size // WIDTH)):
        tile = tile_of(tiles.size, 0, index)
        found = unbundle(fetch(tile.entries_path), width=tile.width)
        if tuple(map(leaf_hash, found)) != tiles.hashes(0, index):
            raise EntryWrong(f"{tile.entries_path} does not hold the entries of its tile.")
        yield from found[max(first - index * WIDTH, 0) :]


def happened(entries: Iterable[bytes], *, after: LogHead | None) -> tuple[dict[str, frozenset[Event]], date]:
    """What happened under each handle, and the newest day with that of the tree before.

    :param entries: one or more.
    :raises EntryMalformed: an entry is of no form that there is.
    """
    found: dict[str, set[Event]] = {}
    newest = "" if after is None else after.last_day.isoformat()
    for entry in map(read_entry, entries):
        newest = max(newest, entry.day)
        if "handle" in entry.fields:
            found.setdefault(entry.fields["handle"], set()).add(entry.event)
    return {handle: frozenset(events) for handle, events in found.items()}, date.fromisoformat(newest)


def make_up(
    tx: Transaction, ahead: Ahead | None, known: Iterable[Tombstone], *, keyring: Keyring, now: datetime
) -> MadeUp:
    """Bring a database that was put back to where nobody is revived; all of it in the caller's one transaction.

    1. The log goes on from the larger tree. 2. Sessions are closed: they may have been decided since. 3. Who was erased
    since is destroyed, and whoever a tombstone names. Where the log has their erasure already it is not entered twice.
    4. Who answered their link since is asked anew: what they said is not in this database. 5. Tombstones are kept.

    :param ahead: what the log has more; None where it has nothing.
    :param known: tombstones from elsewhere.
    """
    tombstones = {tombstone.subject_id: tombstone for tombstone in (*tx.tombstones.find(), *known)}
    logged = tx.log.head() is not None
    lost: Mapping[str, frozenset[Event]] = {}
    if ahead is not None:
        # 1
        tx.log.adopt(ahead.head, ahead.tail)
        lost = ahead.lost
    # 2
    close_sessions(tx)
    # 3, 4
    work = _MakingUp(tx, lost, tombstones, keyring=keyring, now=now, all_are_logged=ahead is not None and not logged)
    for gallery in tx.galleries.find():
        for subject in tx.subjects.find(gallery_id=gallery.id):
            work.take(subject)
    # 5
    for tombstone in tombstones.values():
        if now < tombstone.keep_until:
            tx.tombstones.remove(subject_id=tombstone.subject_id)
            tx.tombstones.add(tombstone)
    return MadeUp(work.destroyed, work.lapsed)


def close_sessions(tx: Transaction) -> None:
    """End every session that could still be decided."""
    for state in (SessionState.OPEN, SessionState.AWAITING):
        for session in tx.sessions.find(state=state):
            tx.sessions.change(replace(session, state=SessionState.CLOSED))


class _MakingUp:
    """Looks at one person after the other.

    :param all_are_logged: the log began after this database; whoever is not in it was erased before it did.
    """

    def __init__(
        self,
        tx: Transaction,
        lost: Mapping[str, frozenset[Event]],
        known: Mapping[str, Tombstone],
        *,
        keyring: Keyring,
        now: datetime,
        all_are_logged: bool,
    ) -> None:
        self._tx = tx
        self._lost = lost
        self._known = known
        self._keyring = keyring
        self._now = now
        self._all_are_logged = all_are_logged
        self._by_receipt = {id_: tombstone for tombstone in known.values() for id_ in tombstone.receipt_ids}
        self._by_name = {tombstone.reference_tag: tombstone for tombstone in known.values()}
        self.destroyed = self.lapsed = 0

    def take(self, subject: Subject) -> None:
        """One person."""
        tombstone = self._tombstone_of(subject)
        handle = handle_of(self._tx, subject, keyring=self._keyring) if self._lost else ""
        events = self._lost.get(handle, frozenset())
        if events & _GONE:
            self._destroy(subject, events, tombstone)
        elif tombstone is not None or (self._all_are_logged and handle not in self._lost):
            reason = PUT_BACK if tombstone is None else tombstone.reason
            erase_subject(self._tx, subject, reason=reason, keyring=self._keyring, now=self._now)
            self.destroyed += 1
        elif events & _ANSWERED:
            self._ask_anew(subject)

    def _tombstone_of(self, subject: Subject) -> Tombstone | None:
        """The tombstone that names a person: by their identifier, by a receipt, or by their name at that time."""
        found = self._known.get(subject.id)
        if found is None and self._by_receipt:
            receipts = self._tx.receipts.find(subject_id=subject.id)
            found = next((self._by_receipt[r.id] for r in receipts if r.id in self._by_receipt), None)
        if found is None:
            found = self._by_name.get(self._keyring.tombstone_tag(subject.reference_tag))
            # Whoever came after the erasure under the same name is somebody new.
            found = None if found is None or subject.created_at > found.created_at else found
        return found

    def _destroy(self, subject: Subject, events: frozenset[Event], tombstone: Tombstone | None) -> None:
        reason = WITHDRAWN if Event.WITHDRAW in events else "declined" if Event.DECLINE in events else PUT_BACK
        reason = reason if tombstone is None else tombstone.reason
        if Event.ERASE not in events:
            record_life(self._tx, Event.ERASE, subject, keyring=self._keyring, now=self._now, reason=reason)
        destroy_subject(self._tx, subject, reason=reason, keyring=self._keyring, now=self._now)
        self.destroyed += 1

    def _ask_anew(self, subject: Subject) -> None:
        waiting = self._tx.enrolments.find(subject_id=subject.id, state=EnrolmentState.PENDING)
        for enrolment in waiting:
            erase_enrolment(self._tx, enrolment, keyring=self._keyring, now=self._now)
        self.lapsed += len(waiting)
        left = self._tx.enrolments.count(subject_id=subject.id)
        if subject.state is SubjectState.PENDING and not left:
            erase_subject(self._tx, subject, reason=PUT_BACK, keyring=self._keyring, now=self._now)
