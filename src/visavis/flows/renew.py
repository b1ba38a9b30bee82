"""Going on: somebody whose consent ends soon agrees again, with the same key and for the same references.

Nothing is kept of an offer until it is countersigned: it comes back whole, and the controller's signature says that it
is ours. The new receipt then steps into the place of the old one, and the references that were sealed under that are
sealed under this: there is never a reference without a receipt of its own (rule S1). No photo is asked for, since
nothing that is kept becomes more or other by it.
"""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from visavis.consent.receipt import (
    asked_at,
    claimed_guardian_until,
    countersigned_by,
    expiry,
    guardian_until,
    read_offer,
    renewed_by,
    statement_for,
)
from visavis.consent.rules import require_live_consent
from visavis.flows.held import Held
from visavis.flows.keyring import Keyring
from visavis.flows.live import LiveGalleries
from visavis.flows.offers import receipt_for
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.purposes import newest_text
from visavis.flows.record import record_life
from visavis.model.access import NotFound
from visavis.model.audit import Event
from visavis.model.consent import (
    ConsentExpired,
    ConsentForged,
    Receipt,
    RenewalNoLater,
    RenewalOutdated,
    RenewalTooEarly,
    Subject,
)
from visavis.model.errors import Refusal
from visavis.model.ids import new_id
from visavis.model.purpose import Purpose
from visavis.protect.epochs import LENGTH
from visavis.protect.references import open_stored, seal_stored

WITHIN: Final = timedelta(days=30)
"""How long before its end a consent can be renewed; half of its time, where that is shorter."""
OFFER_LIFE: Final = timedelta(hours=1)
"""How long somebody may take to read what they are asked."""


class Renew:
    """Offers to go on, and takes the answer."""

    def __init__(
        self, *, store: Store, keyring: Keyring, clock: Clock, live: LiveGalleries, backup_window: timedelta
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._live = live
        self._backup_days = (backup_window + LENGTH).days

    def renewable(self, tx: Transaction, held: Held) -> list[str]:
        """Which of somebody's receipts can be renewed now."""
        found = []
        for receipt in held.receipts:
            with suppress(Refusal):
                self._offered(tx, held.subject, receipt)
                found.append(receipt.id)
        return found

    def offer(self, subject_id: str, receipt_id: str) -> tuple[Receipt, str]:
        """What somebody is asked who wants to go on, under the purpose's newest text, and the sentence to agree to.

        1. The receipt is theirs, and they agreed to it. 2. It is not over, and ends soon. 3. The new one ends later:
        neither the purpose's end nor a guardian's day moves by it (rule S8).

        :raises NotFound: 1. :raises ConsentExpired, RenewalTooEarly: 2. :raises RenewalNoLater: 3.
        :raises PurposeEnded: nobody is asked for it any more.
        """
        with self._store.read() as tx:
            offered = self._offered(tx, tx.subjects.get(subject_id), _receipt_of(tx, subject_id, receipt_id))
        return offered, statement_for(offered.offer)

    def accept(self, subject_id: str, receipt_id: str, *, offer: str, countersignature: str) -> Receipt:
        """The person goes on.

        1. The offer is the controller's, for this person, in place of this receipt, under the newest text, with the
           guardian's day that would be asked for now, and was made within the hour.
        2. The countersignature is for this offer, and made with the person's own key.
        3. The receipt it renews could still be renewed.
        4. References, old receipt and new are exchanged in one transaction.

        The same answer again changes nothing, and is answered alike.

        :raises RenewalOutdated: 1. :raises ConsentForged: 1 or 2. :raises NotFound, ConsentRefused: 3.
        """
        asked = read_offer(offer, controller_key=self._keyring.controller)
        raw_key = countersigned_by(countersignature, offer=offer)
        with self._live.followed() as touched, self._store.write() as tx:
            subject = tx.subjects.get(subject_id)
            if subject.public_key != raw_key:
                raise ConsentForged("The receipt was countersigned with another key.")
            again = tx.receipts.first(id=str(asked.get("record_id")), subject_id=subject_id)
            if again is not None and again.countersignature == countersignature and again.offer == offer:
                return again
            old = _receipt_of(tx, subject_id, receipt_id)
            fresh = self._offered(tx, subject, old)
            self._require_current(tx, asked, subject, old, fresh)
            purpose = _purpose_of(tx, subject)
            new = replace(
                fresh,
                id=str(asked["record_id"]),
                offer=offer,
                countersignature=countersignature,
                expires_at=min(purpose.consent_until(asked_at(asked)), expiry(asked)),
            )
            require_live_consent(
                new,
                subject=subject,
                purpose_id=purpose.id,
                controller_key=self._keyring.controller,
                now=self._clock.now(),
            )
            touched.add(subject_id)
            self._exchange(tx, subject, old, new)
        self._store.scrub()
        return new

    def _offered(self, tx: Transaction, subject: Subject, receipt: Receipt) -> Receipt:
        now, purpose = self._clock.now(), _purpose_of(tx, subject)
        purpose.require_not_over(now)
        if receipt.countersignature is None:
            raise NotFound("Nobody agreed to this receipt yet.")
        end = self._end_of(receipt)
        if now >= end:
            raise ConsentExpired
        if now < end - min(WITHIN, purpose.retention / 2):
            raise RenewalTooEarly
        offered = receipt_for(
            tx,
            gallery=tx.galleries.get(subject.gallery_id),
            subject=subject,
            enrolment_id=receipt.enrolment_id,
            receipt_id=new_id("rec"),
            now=now,
            backup_days=self._backup_days,
            guardian_until=None,
            keyring=self._keyring,
            renews=receipt.id,
        )
        if self._end_of(offered) <= end:
            raise RenewalNoLater
        return offered

    def _end_of(self, receipt: Receipt) -> datetime:
        """As it was signed; its column only ever ends it sooner."""
        signed = expiry(read_offer(receipt.offer, controller_key=self._keyring.controller))
        return min(signed, receipt.expires_at)

    def _require_current(
        self, tx: Transaction, asked: dict[str, Any], subject: Subject, old: Receipt, fresh: Receipt
    ) -> None:
        purpose = _purpose_of(tx, subject)
        text = newest_text(tx, purpose.id)
        made, now = asked_at(asked), self._clock.now()
        for_this = (renewed_by(asked), asked["pii_principal_id"]) == (old.id, subject.id)
        newest = asked["pii_processing"]["privacy_notice"]["version"] == text.version
        # A nearer day may have been agreed to in another enrolment meanwhile (rule S8).
        same_day = guardian_until(asked) == claimed_guardian_until(fresh.offer)
        if not (for_this and newest and same_day and made - timedelta(minutes=1) <= now < made + OFFER_LIFE):
            raise RenewalOutdated

    def _exchange(self, tx: Transaction, subject: Subject, old: Receipt, new: Receipt) -> None:
        """Check 4; a reference that does not open keeps everything as it was.

        :raises SealBroken: one of them was edited or moved.
        """
        gallery = tx.galleries.get(subject.gallery_id)
        secret = self._keyring.open_subject_key(tx.subject_keys.get(subject.id), subject=subject)
        for reference in tx.references.find(enrolment_id=old.enrolment_id):
            stored = open_stored(reference, receipt_id=old.id, secret=secret, subject=subject, gallery=gallery)
            names = (reference.id, new.id, subject.id, gallery.id, gallery.model_id)
            tx.references.change(replace(reference, sealed=seal_stored(stored, secret=secret, names=names)))
        tx.receipts.remove(id=old.id)
        tx.receipts.add(new)
        now, keyring = self._clock.now(), self._keyring
        record_life(tx, Event.OFFER, subject, keyring=keyring, now=now, enrolment=new.enrolment_id, receipt=new.id)
        record_life(
            tx,
            Event.GRANT,
            subject,
            keyring=keyring,
            now=now,
            receipt=new.id,
            renews=old.id,
            offer_sha256=hashlib.sha256(new.offer.encode()).hexdigest(),
            countersignature_sha256=hashlib.sha256(str(new.countersignature).encode()).hexdigest(),
        )


def _receipt_of(tx: Transaction, subject_id: str, receipt_id: str) -> Receipt:
    found: Sequence[Receipt] = tx.receipts.find(id=receipt_id, subject_id=subject_id)
    if not found:
        raise NotFound("There is no such receipt of this person.")
    return found[0]


def _purpose_of(tx: Transaction, subject: Subject) -> Purpose:
    return tx.purposes.get(tx.galleries.get(subject.gallery_id).purpose_id)
