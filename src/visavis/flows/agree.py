"""The person's side of enrolling: read, agree or decline."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from visavis.consent.receipt import countersigned_by, expiry, read_offer
from visavis.decide.target import require_photos
from visavis.flows.bars import Bars
from visavis.flows.credentials import Issued, issue, issue_once
from visavis.flows.doubles import Doubles
from visavis.flows.entries import drop_links
from visavis.flows.erase import erase_enrolment, erase_subject
from visavis.flows.invited import photo_tag, reference_name
from visavis.flows.keyring import Keyring
from visavis.flows.live import LiveGalleries
from visavis.flows.offers import linked
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.record import record_life
from visavis.flows.subjects import external_reference_of, make_subject, with_public_key
from visavis.model.audit import Event
from visavis.model.consent import (
    MAX_REFERENCES,
    ConsentExpired,
    ConsentForged,
    Enrolment,
    EnrolmentState,
    LinkUnknown,
    PhotosExchanged,
    PhotosMissing,
    Receipt,
    Subject,
    SubjectState,
    TooManyPhotos,
)
from visavis.model.purpose import Purpose


@dataclass(frozen=True, slots=True)
class Terms:
    """What the link shows: the signed offer, the record inside it and whether it waits for an answer.

    ``photos``: how many of the person's own an invitation has; None where the link is of an ordinary enrolment.
    """

    offer: str
    record: dict[str, Any]
    waiting: bool
    expires_at: datetime
    photos: int | None


@dataclass(frozen=True, slots=True)
class Agreed:
    """The receipt, and the other way in where it is new. The same whether or not an operator has to look first."""

    subject_id: str
    receipt_id: str
    offer: str
    countersignature: str
    other_way: Issued | None


@dataclass(frozen=True, slots=True)
class Declined:
    """Under which identifier the person goes on being served without their face, and how, where that is new."""

    subject_id: str
    other_way: Issued | None


class Agree:
    """The flow behind a one-time link."""

    def __init__(
        self, *, store: Store, keyring: Keyring, clock: Clock, live: LiveGalleries, doubles: Doubles, bars: Bars
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._live = live
        self._doubles = doubles
        self._bars = bars

    def terms(self, link_secret: str) -> Terms:
        """What there is to agree to.

        :raises LinkUnknown: the link was used, has expired or never existed.
        :raises PurposeEnded: nobody can agree to it any more.
        """
        with self._store.read() as tx:
            enrolment = self._enrolment(tx, link_secret)
            _purpose_of(tx, enrolment).require_not_over(self._clock.now())
            receipt = self._receipt(tx, enrolment)
            offer = read_offer(receipt.offer, controller_key=self._keyring.controller)
            waiting = enrolment.state is EnrolmentState.PENDING
            photos = tx.references.count(enrolment_id=enrolment.id) if enrolment.invites else None
            return Terms(receipt.offer, offer, waiting, enrolment.expires_at, photos)

    def countersign(self, link_secret: str, countersignature: str, *, photos: Collection[bytes] = ()) -> Agreed:
        """The person agrees.

        1. The link is theirs and waits for an answer.
        2. The offer is the controller's and not over.
        3. The countersignature is for this offer.
        4. It was made with the key the person has used before, if they have.
        5. There is a photo; and where the person sent some themselves, each that waits is one of ``photos``, and they
           are no more than one person may have with those of before. Not sooner: whoever holds the link without that
           key must not learn what there was (rule S3).
        6. Another person's references are now compared for the first time: a probable duplicate, or photos that do not
           look like one person, wait for an operator. The answer does not tell.

        :param photos: SHA-256 of each photo that the person sent themselves, where they were invited to. Else whoever
            has the link too could put their own face in the place of the person's before they sign.
        :raises LinkUnknown: 1. :raises ConsentForged: 2 to 4. :raises ConsentExpired: 2.
        :raises PhotosMissing, PhotosExchanged, TooManyPhotos, PromiseTooStrict: 5.
        :raises PurposeEnded: nobody can agree to it any more.
        """
        with self._doubles.one_at_a_time, self._live.followed() as touched, self._store.write() as tx:
            enrolment = self._enrolment(tx, link_secret)
            if enrolment.state is not EnrolmentState.PENDING:
                raise LinkUnknown
            touched.add(enrolment.subject_id)
            receipt = self._receipt(tx, enrolment)
            if receipt.countersignature is not None:
                raise LinkUnknown  # whatever the row of the enrolment says
            if self._clock.now() >= expiry(read_offer(receipt.offer, controller_key=self._keyring.controller)):
                raise ConsentExpired
            raw_key = countersigned_by(countersignature, offer=receipt.offer)
            subject = tx.subjects.get(enrolment.subject_id)
            _purpose_of(tx, enrolment).require_not_over(self._clock.now())
            if subject.public_key is not None and subject.public_key != raw_key:
                raise ConsentForged(
                    "This person's earlier receipt was countersigned with another key: sign with that one, or, if it is"
                    " lost, have them withdraw before they are enrolled anew."
                )
            self._require_photos(tx, enrolment, subject, photos)
            tx.receipts.change(replace(receipt, countersignature=countersignature))
            subject = with_public_key(tx, subject, raw_key, keyring=self._keyring)
            self._record_grant(tx, subject, receipt, countersignature)
            self._admit_or_hold(tx, enrolment, subject)
            drop_links(tx, enrolment, subject, keyring=self._keyring)
            other_way = issue_once(tx, subject, keyring=self._keyring, now=self._clock.now())
        return Agreed(subject.id, receipt.id, receipt.offer, countersignature, other_way)

    def decline(self, link_secret: str) -> Declined:
        """The person says no: their face is erased at once, and they get the other way in (rule S7).

        :raises LinkUnknown: the link was used, has expired or never existed.
        """
        now = self._clock.now()
        with self._store.write() as tx:
            enrolment = self._enrolment(tx, link_secret)
            if enrolment.state is not EnrolmentState.PENDING:
                raise LinkUnknown
            subject = tx.subjects.get(enrolment.subject_id)
            record_life(tx, Event.DECLINE, subject, keyring=self._keyring, now=now, enrolment=enrolment.id)
            if subject.state is not SubjectState.PENDING:
                erase_enrolment(tx, enrolment, keyring=self._keyring, now=now)
                declined = Declined(subject.id, None)
            else:
                name = external_reference_of(tx, subject, keyring=self._keyring)
                gallery = tx.galleries.get(subject.gallery_id)
                erase_subject(tx, subject, reason="declined", keyring=self._keyring, now=now)
                known = make_subject(
                    tx,
                    gallery=gallery,
                    external_reference=name,
                    state=SubjectState.WITHOUT_FACE,
                    keyring=self._keyring,
                    now=now,
                )
                declined = Declined(known.id, issue(tx, known, keyring=self._keyring, now=now))
        self._store.scrub()
        return declined

    def _enrolment(self, tx: Transaction, link_secret: str) -> Enrolment:
        return linked(tx, link_secret, keyring=self._keyring, now=self._clock.now())

    def _require_photos(
        self, tx: Transaction, enrolment: Enrolment, subject: Subject, photos: Collection[bytes]
    ) -> None:
        """Check 5."""
        waiting = {reference.photo_tag: reference.id for reference in tx.references.find(enrolment_id=enrolment.id)}
        own = len(waiting)
        if not own:
            raise PhotosMissing
        if not enrolment.invites:
            return
        secret = self._keyring.open_subject_key(tx.subject_keys.get(subject.id), subject=subject)
        named = {photo_tag(secret, enrolment, digest) for digest in photos}
        # A reference is sealed under its identifier, and that follows from its tag: neither can be another photo's.
        named = {tag_ for tag_ in named if waiting.get(tag_) == reference_name(secret, tag_)}
        if waiting.keys() - named:
            raise PhotosExchanged
        held = tx.references.count(subject_id=enrolment.subject_id)
        if held > MAX_REFERENCES:
            raise TooManyPhotos(f"With {held - own} from before there may be {MAX_REFERENCES - held + own} more.")
        gallery = tx.galleries.get(tx.subjects.get(enrolment.subject_id).gallery_id)
        calibration = self._bars.calibration_of(gallery.id)
        require_photos(tx.purposes.get(gallery.purpose_id), of_person=held, calibration=calibration)

    @staticmethod
    def _receipt(tx: Transaction, enrolment: Enrolment) -> Receipt:
        receipt = tx.receipts.first(enrolment_id=enrolment.id)
        if receipt is None:
            raise LinkUnknown
        return receipt

    def _record_grant(self, tx: Transaction, subject: Subject, receipt: Receipt, countersignature: str) -> None:
        """What was agreed to, by the digests of the two texts that the person holds."""
        record_life(
            tx,
            Event.GRANT,
            subject,
            keyring=self._keyring,
            now=self._clock.now(),
            receipt=receipt.id,
            offer_sha256=hashlib.sha256(receipt.offer.encode()).hexdigest(),
            countersignature_sha256=hashlib.sha256(countersignature.encode()).hexdigest(),
        )

    def _admit_or_hold(self, tx: Transaction, enrolment: Enrolment, subject: Subject) -> None:
        review = self._doubles.photos_differ(tx, enrolment, subject)
        review = review or self._doubles.probable_duplicate(tx, enrolment, subject)
        held = review is not None
        state = SubjectState.HELD if held and subject.state is not SubjectState.ACTIVE else SubjectState.ACTIVE
        tx.subjects.change(replace(subject, state=state))
        # Entered for who is held as well: else the log, which everybody reads, told who looks like somebody (rule S3).
        record_life(tx, Event.ENROL, subject, keyring=self._keyring, now=self._clock.now(), enrolment=enrolment.id)
        batch_state = EnrolmentState.HELD if held else EnrolmentState.ACTIVE
        tx.enrolments.change(replace(enrolment, state=batch_state, link_hash=None))
        if review is not None:
            tx.reviews.add(review)


def _purpose_of(tx: Transaction, enrolment: Enrolment) -> Purpose:
    gallery = tx.galleries.get(tx.subjects.get(enrolment.subject_id).gallery_id)
    return tx.purposes.get(gallery.purpose_id)
