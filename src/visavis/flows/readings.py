"""Reading about people: whoever does it with an API key says why, and leaves a record."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from visavis.flows.held import Held, held_about
from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.reach import page_within
from visavis.flows.record import record_act
from visavis.model.access import ApiKey, NotFound, Reading, ReadingKind, ReasonMissing
from visavis.model.audit import Event
from visavis.model.consent import Subject
from visavis.model.decision import Decision, Review
from visavis.model.ids import new_id
from visavis.model.keys import SealBroken, SubjectSecret
from visavis.model.look_alike import LookAlike
from visavis.model.station import SessionKind
from visavis.protect.envelope import Context, seal, unseal
from visavis.protect.keys import derive

MAX_REASON: Final = 200
"""Longest reason, in characters."""
THEMSELVES: Final = "the person, by face and PIN"
"""Who reads what is held about them without a receipt. The kind of the reading says so as well: a key may be called
anything."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads, and why."""

    key: ApiKey
    reason: str

    @classmethod
    def because(cls, key: ApiKey, reason: str | None) -> "Reader":
        """The holder of a key with a reason, white space at its ends left out.

        :raises ReasonMissing: it is not 1 to 200 printable characters.
        """
        said = (reason or "").strip()
        if not said or len(said) > MAX_REASON or not said.isprintable():
            raise ReasonMissing
        return cls(key, said)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which of a gallery's decisions: those of one station, from ``since`` until before ``until``; None: of any."""

    station_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def fields(self) -> dict[str, Any]:
        """As rows are asked for."""
        found: dict[str, Any] = {} if self.station_id is None else {"station_id": self.station_id}
        if self.since is not None or self.until is not None:
            found["within"] = ("decided_at", self.since or _EARLIEST, self.until or _LATEST)
        return found


_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
_LATEST: Final = datetime.max.replace(tzinfo=UTC)
_ALL: Final = Stretch()


@dataclass(frozen=True, slots=True)
class Looked:
    """A record, opened: the name of the API key and the reason. Both are None where somebody edited the record."""

    reading: Reading
    key_name: str | None
    reason: str | None


class Readings:
    """What an operator can read about people.

    1. What was asked for is found. 2. A record says who read it and why, in the same transaction. 3. It is on the disk
    before anything is answered: no record, no answer.
    """

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock

    def subject(self, subject_id: str, *, reader: Reader) -> Held:
        """Everything that is held about one person.

        :raises NotFound: there is no such person.
        """
        with self._store.write() as tx:
            held = held_about(tx, self._keyring, subject_id)
            self.record(tx, ReadingKind.SUBJECT, reader, gallery_id=held.gallery.id, subject=held.subject)
        return held

    def unnamed(self, subject_id: str, *, reader: Reader) -> Held:
        """The same, for somebody who is not to be told who it is: whoever shows it leaves the name out.

        :raises NotFound: there is no such person.
        """
        with self._store.write() as tx:
            held = held_about(tx, self._keyring, subject_id)
            self.record(tx, ReadingKind.UNNAMED, reader, gallery_id=held.gallery.id, subject=held.subject)
        return replace(held, external_reference=None)

    def lookup(self, gallery_id: str, *, external_reference: str, reader: Reader) -> Held:
        """The same, found by the operator's own name for them. That nobody has that name is recorded, too.

        :raises NotFound: there is no such gallery, or nobody in it has that name.
        """
        tag = self._keyring.reference_tag(gallery_id=gallery_id, external_reference=external_reference)
        with self._store.write() as tx:
            subject = tx.subjects.first(gallery_id=tx.galleries.get(gallery_id).id, reference_tag=tag)
            held = None if subject is None else held_about(tx, self._keyring, subject.id)
            self.record(tx, ReadingKind.LOOKUP, reader, gallery_id=gallery_id, subject=subject)
        if held is None:
            raise NotFound("Nobody in this gallery has that reference.")
        return held

    def subjects(self, gallery_id: str, *, reader: Reader, after: str | None, limit: int) -> Sequence[Subject]:
        """A page of a gallery's people."""
        with self._store.write() as tx:
            gallery = tx.galleries.get(gallery_id)
            self.record(tx, ReadingKind.SUBJECTS, reader, gallery_id=gallery.id)
            return tx.subjects.page(after=after, limit=limit, gallery_id=gallery.id)

    def decisions(
        self, gallery_id: str, *, reader: Reader, after: str | None, limit: int, of: Stretch = _ALL
    ) -> Sequence[Decision]:
        """A page of a gallery's decisions."""
        with self._store.write() as tx:
            gallery = tx.galleries.get(gallery_id)
            self.record(tx, ReadingKind.DECISIONS, reader, gallery_id=gallery.id)
            return tx.decisions.page(after=after, limit=limit, gallery_id=gallery.id, **of.fields())

    def document_checks(
        self, purpose_id: str, *, reader: Reader, after: str | None, limit: int, of: Stretch = _ALL
    ) -> Sequence[Decision]:
        """A page of a purpose's document checks."""
        with self._store.write() as tx:
            purpose = tx.purposes.get(purpose_id)
            self.record(tx, ReadingKind.DECISIONS, reader, purpose_id=purpose.id)
            kind = SessionKind.DOCUMENT_CHECK
            return tx.decisions.page(after=after, limit=limit, purpose_id=purpose.id, kind=kind, **of.fields())

    def personal_decision(self, session_id: str, *, reader: Reader) -> Decision:
        """What was decided in a personal session.

        :raises NotFound: there is no such session, or nothing was decided in it yet.
        """
        with self._store.write() as tx:
            session = tx.sessions.get(session_id)
            decision = tx.decisions.first(session_id=session_id, kind=SessionKind.PERSONAL)
            if decision is None:
                raise NotFound("Nothing was decided in this session yet.")
            subject = tx.subjects.get(str(session.subject_id))
            self.record(tx, ReadingKind.DECISIONS, reader, gallery_id=subject.gallery_id, subject=subject)
        return decision

    def reviews(self, *, reader: Reader, after: str | None, limit: int) -> Sequence[Review]:
        """A page of what waits for a person to look, in the galleries of the reader's key; a record for each."""
        with self._store.write() as tx:
            found = page_within(tx.reviews, reader.key, after=after, limit=limit)
            for gallery_id in sorted({review.gallery_id for review in found}):
                self.record(tx, ReadingKind.REVIEWS, reader, gallery_id=gallery_id)
        return found

    def look_alikes(self, gallery_id: str, *, reader: Reader, after: str | None, limit: int) -> Sequence[LookAlike]:
        """A page of a gallery's people who look alike."""
        with self._store.write() as tx:
            gallery = tx.galleries.get(gallery_id)
            self.record(tx, ReadingKind.LOOK_ALIKES, reader, gallery_id=gallery.id)
            return tx.look_alikes.page(after=after, limit=limit, gallery_id=gallery.id)

    def of_gallery(self, gallery_id: str, *, reader: Reader, after: str | None, limit: int) -> list[Looked]:
        """A page of who read about a gallery's people; to read that is recorded as well, once a page."""
        with self._store.write() as tx:
            gallery = tx.galleries.get(gallery_id)
            found = tx.readings.page(after=after, limit=limit, gallery_id=gallery.id)
            self.record(tx, ReadingKind.READINGS, reader, gallery_id=gallery.id)
            return [self._open(tx, reading) for reading in found]

    def of_document_checks(self, purpose_id: str, *, reader: Reader, after: str | None, limit: int) -> list[Looked]:
        """The same for a purpose's document checks."""
        with self._store.write() as tx:
            purpose = tx.purposes.get(purpose_id)
            found = tx.readings.page(after=after, limit=limit, purpose_id=purpose.id, gallery_id=None)
            self.record(tx, ReadingKind.READINGS, reader, purpose_id=purpose.id)
            return [self._open(tx, reading) for reading in found]

    def own(self, subject_id: str) -> tuple[Held, list[Looked]]:
        """What is held about the person who asks, and who looked at it; the caller has checked that it is them.

        :raises NotFound: there is no such person.
        """
        with self._store.read() as tx:
            return self.held_and_looked(tx, subject_id)

    def held_and_looked(self, tx: Transaction, subject_id: str) -> tuple[Held, list[Looked]]:
        """The same, inside a transaction.

        :raises NotFound: there is no such person.
        """
        held = held_about(tx, self._keyring, subject_id)
        found = sorted(tx.readings.find(subject_id=subject_id), key=lambda reading: reading.read_at)
        return held, [self._open(tx, reading) for reading in found]

    def record(
        self,
        tx: Transaction,
        kind: ReadingKind,
        reader: Reader,
        *,
        gallery_id: str | None = None,
        purpose_id: str | None = None,
        subject: Subject | None = None,
        event: Event = Event.READING,
    ) -> None:
        """Write down that a reader reads; in the transaction that finds what is read.

        :param gallery_id: whose people; where it is None ``purpose_id`` says for which purpose documents were checked.
        :param subject: whom, where it is about one person.
        :param event: ``EXPORT`` where what is read leaves as a file that others act on.
        """
        by = (reader.key.id, reader.key.name, reader.reason)
        self._enter(tx, kind, by, gallery_id=gallery_id, purpose_id=purpose_id, subject=subject, event=event)

    def record_own(self, tx: Transaction, subject: Subject, *, visit_id: str, station: str) -> None:
        """Write down that somebody is about to read what is held about them, known by their face and their PIN.

        If it was not them after all, that is where they see it.

        :param station: the name of the station where they were known.
        """
        by = (visit_id, THEMSELVES, station)
        self._enter(tx, ReadingKind.OWN, by, gallery_id=subject.gallery_id, subject=subject)

    def _enter(
        self,
        tx: Transaction,
        kind: ReadingKind,
        by: tuple[str, str, str],
        *,
        gallery_id: str | None,
        purpose_id: str | None = None,
        subject: Subject | None,
        event: Event = Event.READING,
    ) -> None:
        """``by``: the identifier of who reads, the name they are told under, and their reason."""
        read_by, name, reason = by
        if gallery_id is not None:
            purpose_id = tx.galleries.get(gallery_id).purpose_id
        purpose, now = tx.purposes.get(str(purpose_id)), self._clock.now()
        reading = Reading(
            id=new_id("rdg"),
            kind=kind,
            read_by=read_by,
            gallery_id=gallery_id,
            purpose_id=purpose.id,
            subject_id=None if subject is None else subject.id,
            sealed_reason=b"",
            read_at=now,
            expires_at=now + purpose.retention,
        )
        told = json.dumps([name, reason]).encode()
        key, version = self._key(tx, subject)
        sealed = seal(told, key=key, context=_context(reading), key_version=version)
        tx.readings.add(replace(reading, sealed_reason=sealed))
        record_act(
            tx,
            event,
            now=now,
            fields={"act": kind.value if event is Event.READING else "links"},
            details={
                "reading": reading.id,
                "by": name,
                "reason": reason,
                "gallery": gallery_id,
                "purpose": purpose.id,
            },
            keyring=self._keyring,
            about=subject,
            expires_at=reading.expires_at,
        )

    def _open(self, tx: Transaction, reading: Reading) -> Looked:
        try:
            subject = None if reading.subject_id is None else tx.subjects.get(reading.subject_id)
            key, version = self._key(tx, subject)
            told = unseal(reading.sealed_reason, key=key, context=_context(reading), key_version=version)
        except (NotFound, SealBroken):
            return Looked(reading, None, None)
        key_name, reason = json.loads(told)
        return Looked(reading, key_name, reason)

    def _key(self, tx: Transaction, subject: Subject | None) -> tuple[bytes, int]:
        """The person's own key and its version, so that a reason ends with them.

        Where it is about many, one of the server's.
        """
        if subject is None:
            return derive(self._keyring.installation, "reasons"), 0
        secret = self._keyring.open_subject_key(tx.subject_keys.get(subject.id), subject=subject)
        return secret.sealing, secret.version


def reseal_reasons(tx: Transaction, subject: Subject, *, old: SubjectSecret, new: SubjectSecret) -> None:
    """Bring the reasons for which somebody was looked at under the next version of their key.

    :raises SealBroken: one of them was edited.
    """
    for reading in tx.readings.find(subject_id=subject.id):
        context = _context(reading)
        told = unseal(reading.sealed_reason, key=old.sealing, context=context, key_version=old.version)
        sealed = seal(told, key=new.sealing, context=context, key_version=new.version)
        tx.readings.change(replace(reading, sealed_reason=sealed))


def _context(reading: Reading) -> Context:
    """All that a record says beside the reason, so that no part of it can be edited unseen."""
    names = (reading.id, reading.kind.value, reading.read_by, reading.gallery_id or "", reading.purpose_id)
    return Context("reading", (*names, reading.subject_id or "", _utc(reading.read_at)))


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
