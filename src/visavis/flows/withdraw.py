"""Withdrawal, and the purge that does the same when time does it."""

from dataclasses import dataclass
from datetime import timedelta

from visavis.consent.receipt import expiry, read_offer
from visavis.flows.erase import erase_enrolment, erase_subject
from visavis.flows.keyring import Keyring
from visavis.flows.live import LiveGalleries
from visavis.flows.ports import Clock, Store, Transaction
from visavis.model.consent import Enrolment, EnrolmentState, Subject, SubjectState
from visavis.model.errors import ConsentRefused
from visavis.model.station import SESSION_LIFE

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

    def subject(self, subject_id: str, *, reason: str = "withdrawn") -> None:
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

    def purge(self) -> Purged:
        """Take out everything whose time is over: unanswered offers, ended consents, old decisions and leftovers."""
        now = self._clock.now()
        subjects = 0
        with self._live.followed() as touched, self._store.write() as tx:
            over = [e for e in tx.enrolments.find() if self._is_over(tx, e)]
            for enrolment in over:
                erase_enrolment(tx, enrolment)
                touched.add(enrolment.subject_id)
            restored = self._restored(tx)
            for subject_id in touched | restored | self._outlived(tx):
                subject = tx.subjects.get(subject_id)
                if subject_id in restored or self._has_nothing_left(tx, subject):
                    erase_subject(tx, subject, reason="expired", keyring=self._keyring, now=now)
                    touched.add(subject_id)
                    subjects += 1
            decisions = self._purge_leftovers(tx)
        if touched or decisions:
            self._store.scrub()
        return Purged(subjects=subjects, enrolments=len(over), decisions=decisions)

    def _is_over(self, tx: Transaction, enrolment: Enrolment) -> bool:
        now = self._clock.now()
        receipt = tx.receipts.first(enrolment_id=enrolment.id)
        if receipt is None or (enrolment.state is EnrolmentState.PENDING and now >= enrolment.expires_at):
            return True
        try:
            return now >= expiry(read_offer(receipt.offer, controller_key=self._keyring.controller))
        except ConsentRefused:
            return now >= receipt.expires_at

    def _outlived(self, tx: Transaction) -> set[str]:
        """People without a face on record whose purpose's retention is over."""
        now = self._clock.now()
        found = set()
        for subject in tx.subjects.find(state=SubjectState.WITHOUT_FACE):
            gallery = tx.galleries.get(subject.gallery_id)
            if now >= subject.created_at + tx.purposes.get(gallery.purpose_id).retention:
                found.add(subject.id)
        return found

    @staticmethod
    def _restored(tx: Transaction) -> set[str]:
        """People who withdrew and were brought back by a restored backup."""
        return {t.subject_id for t in tx.tombstones.find() if tx.subjects.first(id=t.subject_id) is not None}

    def _has_nothing_left(self, tx: Transaction, subject: Subject) -> bool:
        if tx.enrolments.count(subject_id=subject.id):
            return False
        return subject.state is not SubjectState.WITHOUT_FACE or subject.id in self._outlived(tx)

    def _purge_leftovers(self, tx: Transaction) -> int:
        now = self._clock.now()
        old = tx.decisions.before("expires_at", now)
        for decision in old:
            tx.decisions.remove(id=decision.id)
            tx.sessions.remove(id=decision.session_id)
        for session in tx.sessions.before("expires_at", now - SESSION_LIFE - UNUSED_SESSIONS):
            if not tx.decisions.count(session_id=session.id):
                tx.sessions.remove(id=session.id)
        for nonce in tx.nonces.before("expires_at", now):
            tx.nonces.remove(id=nonce.id)
        for answered in tx.answered.before("expires_at", now):
            tx.answered.remove(id=answered.id)
        for tries in tx.tries.before("forget_at", now):
            tx.tries.remove(id=tries.id)
        for tombstone in tx.tombstones.before("keep_until", now):
            tx.tombstones.remove(id=tombstone.id)
        return len(old)
