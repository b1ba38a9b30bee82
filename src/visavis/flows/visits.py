"""Visits: who may read about whom for a few minutes, kept in this process's memory and nowhere else.

A copy of the database has none of them, and nobody who writes to it can make one. A restart ends them all.
"""

import hashlib
import threading
from dataclasses import dataclass
from datetime import datetime

from visavis.flows.keyring import Keyring
from visavis.flows.live import require_recognisable
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.readings import Readings
from visavis.model.consent import LinkUnknown, Subject
from visavis.model.errors import ConsentRefused
from visavis.model.ids import new_id, new_secret
from visavis.model.public_key import is_sound_key
from visavis.model.visit import LINK_LIFE, VISIT_LIFE, Visit, VisitKeyRefused, VisitOver


@dataclass(frozen=True, slots=True)
class Promise:
    """A link that was handed out and not opened: whose, where, by which PIN they were known, and until when."""

    subject_id: str
    station: str
    pin_hash: str
    expires_at: datetime


class Visits:
    """Hands out links, turns one into a visit once, and says what a visit's key may read."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, readings: Readings) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._readings = readings
        self._lock = threading.Lock()
        self._promises: dict[bytes, Promise] = {}
        self._visits: dict[str, Visit] = {}

    def promise(self, subject_id: str, *, station: str, pin_hash: str) -> tuple[str, datetime]:
        """The secret of a link for somebody who was known by face and PIN, and until when it opens.

        An older link and an older visit of theirs end here: whoever was just known is the one. A new PIN ends both,
        too: it is made because somebody else may know the former one.

        :param pin_hash: what is kept of the PIN that they were known by.
        """
        secret, until = new_secret(), self._clock.now() + LINK_LIFE
        with self._lock:
            self._forget(subject_id)
            self._promises[_hash(secret)] = Promise(subject_id, station, pin_hash, until)
        return secret, until

    def open(self, link_secret: str, *, public_key: bytes) -> Visit:
        """Begin a visit with a key that was made for it.

        1. The link was handed out a moment ago, and nobody has opened it.
        2. The person may still be recognised, and has the same PIN.
        3. That somebody reads is recorded, and the person sees it, before anything is told. What fails until here
           leaves the link as it was.
        4. The link is used up. Whoever was known at a station meanwhile has a newer one, and this one is nobody's.

        :param public_key: raw Ed25519, 32 bytes. :raises VisitKeyRefused: it is none.
        :raises LinkUnknown: 1, 2 or 4 does not hold.
        """
        if not is_sound_key(public_key):
            raise VisitKeyRefused
        now, link = self._clock.now(), _hash(link_secret)
        # 1
        with self._lock:
            promise = self._promises.get(link)
        if promise is None or now >= promise.expires_at:
            raise LinkUnknown
        visit = Visit(new_id("vis"), promise.subject_id, public_key, promise.pin_hash, now + VISIT_LIFE)
        # 2, 3
        with self._store.write() as tx:
            subject = self._known(tx, promise.subject_id, promise.pin_hash)
            if subject is None:
                raise LinkUnknown
            self._readings.record_own(tx, subject, visit_id=visit.id, station=promise.station)
        # 4
        with self._lock:
            if self._promises.pop(link, None) is None:
                raise LinkUnknown
            self._forget(visit.subject_id)
            self._visits[visit.id] = visit
        return visit

    def key_of(self, visit_id: str) -> bytes:
        """The raw public key (32 bytes) of a visit.

        :raises VisitOver: there is no such visit any more.
        """
        return self._current(visit_id).public_key

    def subject_of(self, visit_id: str) -> str:
        """About whom a visit may read.

        :raises VisitOver: its time is over, the person may not be recognised any more, or has a new PIN.
        """
        visit = self._current(visit_id)
        with self._store.read() as tx:
            if self._known(tx, visit.subject_id, visit.pin_hash) is None:
                raise VisitOver
        return visit.subject_id

    def end(self, visit_id: str) -> None:
        """The person is done; safe to repeat."""
        with self._lock:
            self._visits.pop(visit_id, None)

    def _current(self, visit_id: str) -> Visit:
        with self._lock:
            visit = self._visits.get(visit_id)
        if visit is None or self._clock.now() >= visit.expires_at:
            self.end(visit_id)
            raise VisitOver
        return visit

    def _known(self, tx: Transaction, subject_id: str, pin_hash: str) -> Subject | None:
        """The person with this PIN, while every consent of theirs lives: the same rule as for a face (S1 and S8)."""
        subject, credential = tx.subjects.first(id=subject_id), tx.credentials.first(id=subject_id)
        if subject is None or credential is None or credential.pin_hash != pin_hash:
            return None
        try:
            require_recognisable(tx, subject, keyring=self._keyring, clock=self._clock)
        except ConsentRefused:
            return None
        return subject

    def _forget(self, subject_id: str) -> None:
        """Drop what this person had, and whatever else is over; the lock is held."""
        now = self._clock.now()
        self._promises = {
            key: one for key, one in self._promises.items() if one.subject_id != subject_id and now < one.expires_at
        }
        self._visits = {
            id_: one for id_, one in self._visits.items() if one.subject_id != subject_id and now < one.expires_at
        }


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
