"""Withdrawal, and the purge that does the same when time does it."""

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from visavis.consent.receipt import claimed_expiry, expiry, read_offer
from visavis.flows.ended import AT_ONCE, Ended
from visavis.flows.erase import WITHDRAWN, erase_enrolment, erase_subject
from visavis.flows.generation import follow
from visavis.flows.keyring import Keyring
from visavis.flows.leftovers import Leftovers, in_turns
from visavis.flows.live import LiveGalleries
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.readings import Reader
from visavis.model.consent import Enrolment, EnrolmentState, Receipt, SubjectState
from visavis.model.errors import ConsentRefused

_PAGE: Final = 200
"""Receipts that are looked through at once."""
_REST: Final = 5.0
"""How much longer than looking through them is the pause after it, so that who stands at a station does not wait."""


@dataclass(frozen=True, slots=True)
class Purged:
    """What one purge took out, as counts; ``more``: there is more to erase for a purpose that has ended."""

    subjects: int = 0
    enrolments: int = 0
    decisions: int = 0
    more: bool = False


class Withdraw:
    """The withdrawing flow."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, live: LiveGalleries) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._live = live
        self._ended = Ended(store=store, keyring=keyring, clock=clock, live=live)
        self._leftovers = Leftovers(store=store, keyring=keyring, clock=clock)

    def subject(self, subject_id: str, *, on_their_word: Reader | None = None) -> None:
        """Erase one person, by themselves or on their word.

        1. Key and rows are destroyed and a tombstone is written, in one transaction. From its commit on no decision is
           MATCH: the transaction that decides reads the subject again.
        2. Memory is overwritten.
        3. The database's own files are scrubbed.

        :param on_their_word: who does it for them, and why; None: they do it themselves, and say nothing.
        :raises NotFound: there is no such subject.
        """
        try:
            with self._live.followed() as touched, self._store.write() as tx:
                touched.add(subject_id)
                subject = tx.subjects.get(subject_id)
                erase_subject(
                    tx,
                    subject,
                    reason=WITHDRAWN,
                    keyring=self._keyring,
                    now=self._clock.now(),
                    on_their_word=on_their_word,
                )
            follow(self._store, self._keyring)
        finally:
            # Also where the store failed: it may have kept what it did, and nobody could ask for the rest again.
            self._store.scrub()

    def purge(self, *, thorough: bool = True) -> Purged:
        """Take out everything whose time is over, some at a time, so that nobody who writes waits long.

        1. Unanswered offers and ended consents, with the people who have nothing else left. 2. People whom a restored
        backup brought back, and those without a face whose purpose's retention is over. 3. Decisions, sessions and
        whatever else was kept for a time. 4. Everybody in purposes that have ended. 5. The database's own files are
        scrubbed.

        :param thorough: read the date in every signed offer, too, instead of trusting the column that repeats it, look
            for what is rare, and scrub whatever was found. Costs about 0.03 ms a person; at match time the signed date
            counts in any case.
        """
        # 1
        ended = [self._end(some) for some in in_turns(self._over(thorough=thorough), AT_ONCE)]
        enrolments, gone = (sum(counts) for counts in (zip(*ended, strict=True) if ended else ((), ())))
        # 2
        gone += sum(self._erase(some) for some in in_turns(self._restored() | self._outlived(), AT_ONCE))
        # 3
        decisions, imports = self._leftovers.sweep(thorough=thorough)
        # 4
        turned = self._ended.go_on()
        if gone:
            follow(self._store, self._keyring)
        # 5
        if thorough or enrolments or gone or decisions or imports or turned.subjects:
            # A thorough purge always: the process that took somebody out may have been killed before it scrubbed.
            self._store.scrub()
        return Purged(gone + turned.subjects, enrolments, decisions, turned.more)

    def _over(self, *, thorough: bool) -> set[str]:
        """Offers that nobody answered in time, and consents that are over; by their enrolments."""
        now = self._clock.now()
        with self._store.read() as tx:
            unanswered = {e.id for e in tx.enrolments.find(state=EnrolmentState.PENDING) if now >= e.expires_at}
            ended = {receipt.enrolment_id for receipt in tx.receipts.before("expires_at", now)}
        return unanswered | ended | (self._over_as_signed() if thorough else set())

    def _over_as_signed(self) -> set[str]:
        """The same by the dates in the signed texts; page by page, since there may be a million of them."""
        over: set[str] = set()
        after = None
        while True:
            begun = time.monotonic()
            with self._store.read() as tx:
                receipts = tx.receipts.page(after=after, limit=_PAGE)
            over |= {receipt.enrolment_id for receipt in receipts if self._is_over_as_signed(receipt)}
            if len(receipts) < _PAGE:
                return over
            after = receipts[-1].id
            time.sleep(_REST * (time.monotonic() - begun))

    def _end(self, enrolment_ids: list[str]) -> tuple[int, int]:
        """Take out enrolments that are still over, and people who have nothing left; how many of each there were."""
        over = gone = 0
        with self._live.followed() as touched, self._store.write() as tx:
            for id_ in enrolment_ids:
                enrolment = tx.enrolments.first(id=id_)
                if enrolment is None or not self._is_over(tx, enrolment):
                    continue
                touched.add(enrolment.subject_id)
                over += 1
                erase_enrolment(tx, enrolment, keyring=self._keyring, now=self._clock.now())
                if self._has_nothing_left(tx, enrolment.subject_id):
                    self._expire(tx, enrolment.subject_id)
                    gone += 1
        return over, gone

    def _erase(self, subject_ids: list[str]) -> int:
        """The same for people who are not to be kept any more, whatever is left of them."""
        gone = 0
        with self._live.followed() as touched, self._store.write() as tx:
            for id_ in subject_ids:
                if tx.subjects.first(id=id_) is not None:
                    touched.add(id_)
                    self._expire(tx, id_)
                    gone += 1
        return gone

    def _expire(self, tx: Transaction, subject_id: str) -> None:
        subject = tx.subjects.get(subject_id)
        erase_subject(tx, subject, reason="expired", keyring=self._keyring, now=self._clock.now())

    def _is_over(self, tx: Transaction, enrolment: Enrolment) -> bool:
        """Asked again where it is taken out: the person may have answered, or been asked anew, meanwhile."""
        now = self._clock.now()
        if enrolment.state is EnrolmentState.PENDING and now >= enrolment.expires_at:
            return True
        receipt = tx.receipts.first(enrolment_id=enrolment.id)
        return receipt is not None and (now >= receipt.expires_at or self._is_over_as_signed(receipt))

    def _is_over_as_signed(self, receipt: Receipt) -> bool:
        now = self._clock.now()
        with suppress(ConsentRefused):  # a forged offer allows nothing; its column still ends it
            if now >= claimed_expiry(receipt.offer):
                return now >= expiry(read_offer(receipt.offer, controller_key=self._keyring.controller))
        return False

    def _outlived(self) -> set[str]:
        """People without a face on record whose purpose's retention is over."""
        with self._store.read() as tx:
            return {
                subject.id
                for gallery in tx.galleries.find()
                for subject in tx.subjects.find(gallery_id=gallery.id, state=SubjectState.WITHOUT_FACE)
                if self._clock.now() >= subject.created_at + tx.purposes.get(gallery.purpose_id).retention
            }

    def _restored(self) -> set[str]:
        """People who withdrew and were brought back by a restored backup."""
        with self._store.read() as tx:
            buried = (tombstone.subject_id for tombstone in tx.tombstones.find())
            return {subject_id for subject_id in buried if tx.subjects.first(id=subject_id) is not None}

    @staticmethod
    def _has_nothing_left(tx: Transaction, subject_id: str) -> bool:
        """Whether nothing allows to keep somebody; who is served without a face has their own time."""
        if tx.subjects.get(subject_id).state is SubjectState.WITHOUT_FACE:
            return False
        return not tx.enrolments.count(subject_id=subject_id)
