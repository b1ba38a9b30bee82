"""Withdrawal, and the purge that does the same when time does it."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from visavis.consent.receipt import expiry, read_offer
from visavis.flows.entries import end_import
from visavis.flows.erase import WITHDRAWN, erase_enrolment, erase_subject
from visavis.flows.keyring import Keyring
from visavis.flows.live import LiveGalleries
from visavis.flows.ports import Clock, Store, Transaction
from visavis.model.consent import Enrolment, EnrolmentState, SubjectState
from visavis.model.errors import ConsentRefused
from visavis.model.station import SessionState

_UNTIL: Final = "keep_until"
UNUSED_SESSIONS = timedelta(days=1)
"""How long the record of a session that nobody used is kept."""


@dataclass(frozen=True, slots=True)
class Purged:
    """What one purge took out, as counts."""

    subjects: int = 0
    enrolments: int = 0
    decisions: int = 0


class Withdraw:
    """The withdrawing flow."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, live: LiveGalleries) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._live = live

    def subject(self, subject_id: str, *, reason: str = WITHDRAWN) -> None:
        """Erase one person, by themselves or on their word.

        1. Key and rows are destroyed and a tombstone is written, in one transaction. From its commit on no decision is
           MATCH: the transaction that decides reads the subject again.
        2. Memory is overwritten.
        3. The database's own files are scrubbed.

        :raises NotFound: there is no such subject.
        """
        try:
            with self._live.followed() as touched, self._store.write() as tx:
                touched.add(subject_id)
                subject = tx.subjects.get(subject_id)
                erase_subject(tx, subject, reason=reason, keyring=self._keyring, now=self._clock.now())
        finally:
            # Also where the store failed: it may have kept what it did, and nobody could ask for the rest again.
            self._store.scrub()

    def purge(self, *, thorough: bool = True) -> Purged:
        """Take out everything whose time is over: unanswered offers, ended consents, old decisions and leftovers.

        :param thorough: read the date in every signed offer, too, instead of trusting the column that repeats it, look
            for sessions that were never decided, and scrub whatever was found. Costs about 0.2 ms a person; at match
            time the signed date counts in any case.
        """
        now = self._clock.now()
        ended = self._ended_as_signed() if thorough else set()
        undecided = self._undecided() if thorough else set()
        with self._live.followed() as touched, self._store.write(alone=True) as tx:
            over = self._over(tx, ended)
            for enrolment in over:
                erase_enrolment(tx, enrolment, keyring=self._keyring, now=now)
                touched.add(enrolment.subject_id)
            emptied = {subject_id for subject_id in touched if self._has_nothing_left(tx, subject_id)}
            gone = emptied | self._restored(tx) | self._outlived(tx)
            for subject_id in gone:
                subject = tx.subjects.get(subject_id)
                erase_subject(tx, subject, reason="expired", keyring=self._keyring, now=now)
            touched.update(gone)
            for session_id in undecided:
                tx.sessions.remove(id=session_id)
            imports = self._end_imports(tx)
            decisions = self._purge_leftovers(tx)
        if thorough or touched or decisions or imports:
            # A thorough purge always: the process that took somebody out may have been killed before it scrubbed.
            self._store.scrub()
        return Purged(subjects=len(gone), enrolments=len(over), decisions=decisions)

    def _over(self, tx: Transaction, ended: set[str]) -> list[Enrolment]:
        """Offers that nobody answered in time, and consents that are over."""
        now = self._clock.now()
        unanswered = {e.id for e in tx.enrolments.find(state=EnrolmentState.PENDING) if now >= e.expires_at}
        ended |= {receipt.enrolment_id for receipt in tx.receipts.before("expires_at", now)}
        found = [tx.enrolments.first(id=enrolment_id) for enrolment_id in unanswered | ended]
        return [enrolment for enrolment in found if enrolment is not None]

    def _ended_as_signed(self) -> set[str]:
        """Enrolments whose signed date is over; read outside the writing transaction, since it takes long."""
        now = self._clock.now()
        with self._store.read() as tx:
            receipts = tx.receipts.before("expires_at", datetime.max.replace(tzinfo=UTC))
        ended = set()
        for receipt in receipts:
            with suppress(ConsentRefused):  # a forged offer allows nothing; its column still ends it
                if now >= expiry(read_offer(receipt.offer, controller_key=self._keyring.controller)):
                    ended.add(receipt.enrolment_id)
        return ended

    def _undecided(self) -> set[str]:
        """Sessions that were used up and never decided, since the server stopped between the two."""
        latest = self._clock.now() - UNUSED_SESSIONS
        with self._store.read() as tx:
            used = [s for s in tx.sessions.find(state=SessionState.USED) if s.expires_at <= latest]
            return {session.id for session in used if not tx.decisions.count(session_id=session.id)}

    def _outlived(self, tx: Transaction) -> set[str]:
        """People without a face on record whose purpose's retention is over."""
        return {
            subject.id
            for gallery in tx.galleries.find()
            for subject in tx.subjects.find(gallery_id=gallery.id, state=SubjectState.WITHOUT_FACE)
            if self._clock.now() >= subject.created_at + tx.purposes.get(gallery.purpose_id).retention
        }

    @staticmethod
    def _restored(tx: Transaction) -> set[str]:
        """People who withdrew and were brought back by a restored backup."""
        return {t.subject_id for t in tx.tombstones.find() if tx.subjects.first(id=t.subject_id) is not None}

    @staticmethod
    def _has_nothing_left(tx: Transaction, subject_id: str) -> bool:
        """Whether nothing allows to keep somebody; who is served without a face has their own time."""
        if tx.subjects.get(subject_id).state is SubjectState.WITHOUT_FACE:
            return False
        return not tx.enrolments.count(subject_id=subject_id)

    def _end_imports(self, tx: Transaction) -> int:
        """Imports whose links are over, with what they tell of people who were refused."""
        over = tx.imports.before("expires_at", self._clock.now())
        for ended in over:
            end_import(tx, ended)
        return len(over)

    def _purge_leftovers(self, tx: Transaction) -> int:
        now = self._clock.now()
        old = tx.decisions.before("expires_at", now)
        for decision in old:
            tx.decisions.remove(id=decision.id)
            tx.sessions.remove(id=decision.session_id)
        for state in (SessionState.OPEN, SessionState.AWAITING, SessionState.CLOSED):
            for session in tx.sessions.find(state=state):
                if now >= session.expires_at + UNUSED_SESSIONS:
                    tx.sessions.remove(id=session.id)
        kept = (tx.nonces, tx.answered, tx.readings, tx.openings)
        for rows, field in (*((rows, "expires_at") for rows in kept), (tx.tries, "forget_at"), (tx.tombstones, _UNTIL)):
            for over in rows.before(field, now):
                rows.remove(id=over.id)
        return len(old)
