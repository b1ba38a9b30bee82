"""Bringing many people, one at a time and as often as it takes: each is enrolled as by ``Enrol``, and stays pending.

The entry of a person is written in the transaction that enrols them. Whatever stops a server or a client between two
people, the next run asks what is missing and brings that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final, TypeVar

from visavis.flows.enrol import Enrol, Offered, stripped
from visavis.flows.entries import Refused, Told, end_import, erased, open_told, seal_told
from visavis.flows.judging import Judged, NamedPhoto, judged
from visavis.flows.keyring import Keyring
from visavis.flows.offers import link_hash, link_life
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.readings import Reader, Readings
from visavis.model.access import AlreadyExists, NotFound, ReadingKind, RequestInvalid, Scope, ScopeMissing
from visavis.model.audit import Event
from visavis.model.bulk import (
    MAX_ENTRIES,
    EntryOutcome,
    ErasedBefore,
    Import,
    ImportEntry,
    ImportFull,
    entry_digest,
)
from visavis.model.consent import TooManyPhotos
from visavis.model.ids import new_id
from visavis.model.keys import SubjectSecret
from visavis.model.purpose import Gallery, Purpose

T = TypeVar("T")

_EXPIRED: Final = "expired"
"""Why somebody was erased who never answered, or whose time was over: they may be asked again by another import."""

_STEP: Final = timedelta(hours=1)
"""An import outlives its newest link by up to this much, so that not every person moves its end."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of one person: how many photos were taken, and what was refused. Never whether they were there."""

    entry_id: str
    outcome: EntryOutcome
    stored: int
    refusals: Sequence[Refused]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is: people by outcome, and photos."""

    people: dict[EntryOutcome, int]
    stored: int
    refused: int


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody some or all of whose photos were refused. ``number`` counts the people of the import from 1."""

    number: int
    entry: ImportEntry
    external_reference: str
    refusals: Sequence[Refused]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody whose answer is awaited, with the secret of their link; ``number`` as in ``Line``."""

    number: int
    entry_id: str
    external_reference: str
    link_secret: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """What the people of an import are asked: in which gallery, for which purpose."""

    gallery: Gallery
    purpose: Purpose


class Imports:
    """The flow of imports."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, enrol: Enrol, readings: Readings) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._enrol = enrol
        self._readings = readings

    def open(self, *, gallery_id: str, name: str, by: str) -> Import:
        """The import of that name in a gallery; made if there is none, or the last one of the name is over.

        :param by: the API key that makes it.
        :raises NotFound: there is no such gallery. :raises ModelChanged: nobody can be enrolled in it now.
        """
        gallery, now = self._enrol.gallery(gallery_id), self._clock.now()
        with self._store.write() as tx:
            found = tx.imports.first(gallery_id=gallery.id, name=name)
            if found is not None and now < found.expires_at:
                return found
            if found is not None:
                end_import(tx, found)
            life = link_life(tx.purposes.get(gallery.purpose_id))
            made = Import(new_id("imp"), gallery.id, name, by, now, now + life)
            tx.imports.add(made)
            return made

    def get(self, import_id: str) -> Import:
        """One import.

        :raises NotFound: there is none, or it is over.
        """
        with self._store.read() as tx:
            return self._live(tx, import_id)

    def missing(self, import_id: str, digests: Sequence[bytes]) -> list[bytes]:
        """Those of the people who were not brought yet.

        :param digests: of people with their photos (``entry_digest``).
        """
        with self._store.read() as tx:
            self._live(tx, import_id)
            return [d for d in digests if not tx.import_entries.count(import_id=import_id, tag=self._tag(import_id, d))]

    def put(self, import_id: str, *, external_reference: str, photos: Sequence[NamedPhoto]) -> Brought:
        """Enrol one person, or say again what became of them.

        1. There is a name, and at least one photo.
        2. … as ``bring``; each photo is judged by itself, the first five; what is refused goes into the report.

        :raises Refusal: 1, or as ``bring``.
        """
        if not photos:
            raise RequestInvalid("photos: at least one.")
        digests = [photo.digest for photo in photos]
        return self.bring(import_id, external_reference, digests, lambda: judged(photos, enrol=self._enrol))

    def bring(
        self,
        import_id: str,
        external_reference: str,
        digests: Sequence[bytes],
        look: Callable[[], Judged],
        *,
        guardian_until: date | None = None,
    ) -> Brought:
        """Enrol one person with what ``look`` finds usable, or say again what became of them.

        1. There is a name.
        2. The import is there and not over.
        3. Who was brought before with these photos is not looked at again; the answer is the one of then.
        4. The import has room, and its gallery was made with the model that runs.
        5. Nobody of that name withdrew, declined or was erased by a reviewer: an import brings nobody back.
        6. What they are brought with is looked at.
        7. The usable ones are stored as by ``Enrol``, and the entry with them, together or not at all. Without one, or
           where the person has as many references as one may have, nothing but the report is stored.

        A gallery that is full refuses the call: nothing is stored, and the same call can succeed later.

        :param digests: of what they are brought with, by which the same is known again.
        :param guardian_until: the day to come on which a guardian's consent ends, where one has to agree.
        :raises Refusal: 1, 2, 4, or a full gallery.
        """
        # 1
        name = stripped(external_reference)
        tag = self._tag(import_id, entry_digest(name, digests))
        new = ImportEntry(new_id("ent"), import_id, tag, EntryOutcome.REFUSED, None, None, 0, 0, b"", self._clock.now())
        try:
            with self._store.read() as tx:
                # 2
                of = self._live(tx, import_id)
                # 3
                before = self._before(tx, import_id, tag)
                if before is not None:
                    return before
                # 4
                self._require_room(tx, of)
                gallery = self._enrol.gallery_in(tx, of.gallery_id)
                # 5
                self._require_not_erased(tx, gallery, name)
            # 6
            found = look()
            # 7
            return self._store_entry(gallery, new, name, found, guardian_until)
        except ErasedBefore:
            return self._store_alone(erased(new), None)
        except AlreadyExists:
            return self._by_another_call(import_id, tag)

    def progress(self, import_id: str) -> Progress:
        """How far the import is."""
        with self._store.read() as tx:
            self._live(tx, import_id)
            entries = tx.import_entries.find(import_id=import_id)
        people = {outcome: sum(entry.outcome is outcome for entry in entries) for outcome in EntryOutcome}
        return Progress(people, sum(entry.stored for entry in entries), sum(entry.refused for entry in entries))

    def refusals(self, import_id: str, *, reader: Reader, after: str | None, limit: int) -> list[Line]:
        """Up to ``limit`` people of whom something was refused, those after the entry ``after``, in their order.

        :raises ScopeMissing: the import is another key's.
        """

        def line(tx: Transaction, number: int, entry: ImportEntry) -> Line | None:
            if not entry.refused and entry.outcome is not EntryOutcome.REFUSED:
                return None
            told = open_told(tx, entry, keyring=self._keyring)
            return None if told is None else Line(number, entry, told.external_reference, told.refusals)

        return self._lines(import_id, line, reader=reader, after=after, limit=limit)

    def links(self, import_id: str, *, reader: Reader, after: str | None, limit: int) -> list[Waiting]:
        """Up to ``limit`` people whose link waits for them, those after the entry ``after``, in their order.

        A link that was used, is over, or was followed by a newer one for the same person is not among them.

        :raises ScopeMissing: the import is another key's.
        """

        def waiting(tx: Transaction, number: int, entry: ImportEntry) -> Waiting | None:
            told = open_told(tx, entry, keyring=self._keyring)
            if told is None or told.link_secret is None:
                return None
            enrolment = tx.enrolments.first(id=entry.enrolment_id)
            current = link_hash(told.link_secret, invites=False, keyring=self._keyring)
            if enrolment is None or enrolment.link_hash != current or self._clock.now() >= enrolment.expires_at:
                return None
            return Waiting(number, entry.id, told.external_reference, told.link_secret, enrolment.expires_at)

        return self._lines(import_id, waiting, reader=reader, after=after, limit=limit, event=Event.EXPORT)

    def asked(self, import_id: str) -> Asked:
        """What the people of an import are asked."""
        with self._store.read() as tx:
            gallery = tx.galleries.get(self._live(tx, import_id).gallery_id)
            return Asked(gallery, tx.purposes.get(gallery.purpose_id))

    def _live(self, tx: Transaction, import_id: str) -> Import:
        found = tx.imports.get(import_id)
        if self._clock.now() >= found.expires_at:
            raise NotFound("The import is over.")
        return found

    def _tag(self, import_id: str, digest: bytes) -> bytes:
        """Bound to the import: nothing joins one person's entries in two galleries (rule S5)."""
        return self._keyring.secret_tag(f"{import_id}|{digest.hex()}", use="import entries")

    def _before(self, tx: Transaction, import_id: str, tag: bytes) -> Brought | None:
        """What became of somebody who was brought before."""
        entry = tx.import_entries.first(import_id=import_id, tag=tag)
        return None if entry is None else _brought(entry, open_told(tx, entry, keyring=self._keyring))

    def _by_another_call(self, import_id: str, tag: bytes) -> Brought:
        """What another call of the same has stored a moment ago."""
        with self._store.read() as tx:
            before = self._before(tx, import_id, tag)
        if before is None:
            raise AlreadyExists
        return before

    @staticmethod
    def _require_room(tx: Transaction, of: Import) -> None:
        if tx.import_entries.count(import_id=of.id) >= MAX_ENTRIES:
            raise ImportFull

    def _require_not_erased(self, tx: Transaction, gallery: Gallery, name: str) -> None:
        tag = self._keyring.reference_tag(gallery_id=gallery.id, external_reference=name)
        buried = tx.tombstones.find(reference_tag=self._keyring.tombstone_tag(tag))
        if any(tombstone.reason != _EXPIRED for tombstone in buried):
            raise ErasedBefore

    def _store_entry(
        self, gallery: Gallery, new: ImportEntry, name: str, found: Judged, guardian_until: date | None
    ) -> Brought:
        usable, refusals = found.usable, found.refusals
        told = Told(name, refusals, None)
        if usable:
            beside = _EntryBeside(self, gallery, replace(new, stored=len(usable), refused=len(refusals)), told)
            try:
                self._enrol.store(gallery, name, usable, beside=beside, guardian_until=guardian_until)
            except TooManyPhotos:
                told = replace(told, refusals=[*refusals, Refused(None, TooManyPhotos.code)])
            else:
                return _brought(beside.entry, told)
        return self._store_alone(replace(new, refused=len(refusals)), told)

    def _store_alone(self, entry: ImportEntry, told: Told | None) -> Brought:
        """An entry of somebody who was not enrolled."""
        if told is not None:
            entry = seal_told(told, entry, secret=None, keyring=self._keyring)
        with self._store.write() as tx:
            self._require_room(tx, self._live(tx, entry.import_id))
            tx.import_entries.add(replace(entry, created_at=self._clock.now()))
        return _brought(entry, told)

    def _lines(
        self,
        import_id: str,
        line: Callable[[Transaction, int, ImportEntry], T | None],
        *,
        reader: Reader,
        after: str | None,
        limit: int,
        event: Event = Event.READING,
    ) -> list[T]:
        """A page of a report, whose reading is recorded; the making key's, or that of a key with ``admin`` as well.

        Whoever enrols somebody holds their link, and nobody else: with it one could answer in their place.
        """
        with self._store.write() as tx:
            of = self._live(tx, import_id)
            if reader.key.id != of.made_by and Scope.ADMIN.value not in reader.key.scopes:
                raise ScopeMissing("Only the key that made an import, or one with 'admin' as well, reads who is in it.")
            self._readings.record(tx, ReadingKind.IMPORT, reader, gallery_id=of.gallery_id, event=event)
            entries = tx.import_entries.find(import_id=import_id)
            begun = after is None
            found: list[T] = []
            for number, entry in enumerate(entries, start=1):
                if begun and len(found) < limit:
                    made = line(tx, number, entry)
                    if made is not None:
                        found.append(made)
                begun = begun or entry.id == after
            return found

    def add_beside(
        self, tx: Transaction, gallery: Gallery, entry: ImportEntry, told: Told, offered: Offered, secret: SubjectSecret
    ) -> ImportEntry:
        """Write the entry of somebody who is being enrolled, and let the import live as long as their link.

        :raises Refusal: the import is over or full, or the person was erased meanwhile.
        """
        of = self._live(tx, entry.import_id)
        self._require_room(tx, of)
        self._require_not_erased(tx, gallery, told.external_reference)
        entry = replace(
            entry,
            outcome=EntryOutcome.PENDING,
            subject_id=offered.subject_id,
            enrolment_id=offered.enrolment_id,
            created_at=self._clock.now(),  # in the order of the transactions, so that numbers stay what they were
        )
        told = replace(told, link_secret=offered.link_secret)
        entry = seal_told(told, entry, secret=secret, keyring=self._keyring)
        tx.import_entries.add(entry)
        if of.expires_at < offered.expires_at:
            tx.imports.change(replace(of, expires_at=offered.expires_at + _STEP))
        return entry


class _EntryBeside:
    """An entry that is written together with its enrolment."""

    def __init__(self, imports: Imports, gallery: Gallery, entry: ImportEntry, told: Told) -> None:
        self._imports = imports
        self._gallery = gallery
        self._told = told
        self.entry = entry

    def write(self, tx: Transaction, offered: Offered, *, secret: SubjectSecret) -> None:
        """See ``Beside``."""
        self.entry = self._imports.add_beside(tx, self._gallery, self.entry, self._told, offered, secret)

    def undo(self, tx: Transaction) -> None:
        """See ``Beside``."""
        tx.import_entries.remove(id=self.entry.id)


def _brought(entry: ImportEntry, told: Told | None) -> Brought:
    refusals = [Refused(None, ErasedBefore.code)] if told is None else list(told.refusals)
    return Brought(entry.id, entry.outcome, entry.stored, refusals)
