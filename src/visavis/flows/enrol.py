"""Enrolling somebody: photos become sealed references that stay unknown to the matcher until the person agrees."""

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from visavis.consent.receipt import claimed_guardian_until, expiry, record, sign_offer
from visavis.flows.bars import Bars
from visavis.flows.erase import erase_enrolment
from visavis.flows.extract import Extractor
from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.purposes import newest_text
from visavis.flows.record import forget_openings, record_life
from visavis.flows.subjects import make_subject
from visavis.model.access import NotFound, RequestInvalid
from visavis.model.audit import Event
from visavis.model.consent import (
    LINK_DAYS,
    MAX_PHOTOS,
    MAX_REFERENCES,
    Enrolment,
    EnrolmentState,
    Receipt,
    Reference,
    Subject,
    SubjectState,
    TooManyPhotos,
)
from visavis.model.errors import VisavisError
from visavis.model.ids import new_id, new_secret
from visavis.model.keys import SubjectSecret
from visavis.model.purpose import Gallery, ModelChanged, Purpose
from visavis.model.template import Template
from visavis.protect.epochs import LENGTH
from visavis.protect.keys import tag
from visavis.protect.references import seal_template

MAX_EXTERNAL_REFERENCE = 200
"""Longest name, in characters, that an operator may have for a person."""


MAX_GUARDIAN_YEARS = 21
"""Nobody is a minor for longer, anywhere."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What the enroller is told, whoever was there before: ids and the secret of the person's one-time link."""

    subject_id: str
    enrolment_id: str
    link_secret: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Usable:
    """A photo that may be stored: its SHA-256 digest and the template of the one person in it."""

    digest: bytes
    template: Template


class Beside(Protocol):
    """What is written together with an enrolment, and taken back with it."""

    def write(self, tx: Transaction, offered: Offered, *, secret: SubjectSecret) -> None:
        """Add to the transaction that stores the enrolment; what it raises keeps the enrolment out as well."""

    def undo(self, tx: Transaction) -> None:
        """Take that back, where a store failed without saying what it kept."""


@dataclass(slots=True)
class _Done:
    """What a request wrote, for taking it back: enrolment and receipt as they were before, and what was added.

    ``guardian_until`` is what it asked for.
    """

    guardian_until: date | None = None
    created: bool = False
    before: Enrolment | None = None
    receipt: Receipt | None = None
    link_hash: bytes | None = None
    reference_ids: list[str] = field(default_factory=list)


class Enrol:
    """The enrolling flow."""

    def __init__(
        self,
        *,
        store: Store,
        keyring: Keyring,
        clock: Clock,
        extractor: Extractor,
        bars: Bars,
        backup_window: timedelta,
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._extractor = extractor
        self._bars = bars
        # An epoch is emptied a day after its end at the latest; from then on the window counts.
        self._backup_days = (backup_window + LENGTH).days

    def request(
        self,
        *,
        gallery_id: str,
        external_reference: str,
        photos: Sequence[bytes],
        guardian_until: date | None = None,
    ) -> Offered:
        """Store photos of one person as pending references and offer them the purpose to countersign.

        1. The request has one to five photos, a name that the operator has for the person and, where a guardian has to
           agree (rule S8), a day to come on which that ends.
        2. The gallery exists and was made with the model that runs.
        3. Every photo shows exactly one usable face.
        4. The gallery can hold them within its promise, and the person too.
        5. Key, subject, receipt and references are written together, or not at all.

        The same photo of the same person again is stored once, and answered with the enrolment that has it and a fresh
        link. Nobody else in the gallery is looked at here: that would tell the enroller who is there (rule S3) and
        would compare somebody who has not agreed (rule S1).

        :raises Refusal: the leaf says which step; nothing was stored.
        """
        if not 1 <= len(photos) <= MAX_PHOTOS:
            raise TooManyPhotos(f"There are {len(photos)} photos.")
        self._require_minor(guardian_until)
        name, gallery = stripped(external_reference), self.gallery(gallery_id)
        found = {hashlib.sha256(p).digest(): p for p in photos}
        usable = [self.judge(photo, digest=digest) for digest, photo in found.items()]
        return self.store(gallery, name, usable, guardian_until=guardian_until)

    def gallery(self, gallery_id: str) -> Gallery:
        """The gallery, if people can be enrolled in it now (check 2).

        :raises NotFound: there is none. :raises ModelChanged: it was made with another model.
        :raises PurposeEnded: nobody is asked for its purpose any more.
        """
        with self._store.read() as tx:
            return self.gallery_in(tx, gallery_id)

    def gallery_in(self, tx: Transaction, gallery_id: str) -> Gallery:
        """The same within a transaction."""
        gallery = tx.galleries.get(gallery_id)
        if gallery.model_id != self._extractor.model_id:
            raise ModelChanged(f"The gallery was made with {gallery.model_id}.")
        tx.purposes.get(gallery.purpose_id).require_not_over(self._clock.now())
        return gallery

    def judge(self, photo: bytes, *, digest: bytes) -> Usable:
        """The template of the one person in a photo (check 3).

        :raises ImageRefused, FaceRefused: there is none.
        """
        return Usable(digest, self._extractor.extract(photo))

    def store(
        self,
        gallery: Gallery,
        external_reference: str,
        photos: Sequence[Usable],
        *,
        beside: Beside | None = None,
        guardian_until: date | None = None,
    ) -> Offered:
        """Write one person's pending references (checks 4 and 5): everything that enrols ends here.

        :param external_reference: ``stripped``.
        :param photos: one to five, all different.
        :param beside: what has to be written with it.
        :param guardian_until: the day with which the consent of a guardian ends, where one has to agree.
        :raises Refusal: the leaf says which step; nothing was stored.
        """
        done = _Done(guardian_until=guardian_until)
        try:
            with self._store.write() as tx:
                offered, secret = self._write(tx, gallery, external_reference, photos, done)
                if beside is not None:
                    beside.write(tx, offered, secret=secret)
                return offered
        except VisavisError:
            raise
        except Exception:
            # The store failed without saying what it kept: whatever that is, it is taken back.
            with contextlib.suppress(Exception):  # a store that cannot even undo leaves a pending row, which expires
                self._undo(done, beside)
            raise

    def _write(
        self, tx: Transaction, gallery: Gallery, external_reference: str, photos: Sequence[Usable], done: _Done
    ) -> tuple[Offered, SubjectSecret]:
        now, purpose = self._clock.now(), tx.purposes.get(gallery.purpose_id)
        purpose.require_not_over(now)
        tag_ = self._keyring.reference_tag(gallery_id=gallery.id, external_reference=external_reference)
        subject = tx.subjects.first(gallery_id=gallery.id, reference_tag=tag_)
        if subject is None:
            subject = make_subject(
                tx,
                gallery=gallery,
                external_reference=external_reference,
                state=SubjectState.PENDING,
                keyring=self._keyring,
                now=now,
            )
        secret = self._keyring.open_subject_key(tx.subject_keys.get(subject.id), subject=subject)
        keys = self._keyring.gallery_keys(tx, gallery.id)
        known = {r.photo_tag: r for r in tx.references.find(subject_id=subject.id)}
        tags = {tag(secret.tagging, use="photos", of=photo.digest): photo for photo in photos}
        fresh = {t: photo for t, photo in tags.items() if t not in known}
        enrolment = self._enrolment_for(tx, subject, [known[t] for t in tags if t in known], fresh=bool(fresh))
        if enrolment is None:
            enrolment = self._new_enrolment(tx, gallery, purpose, subject, now, done.guardian_until)
            done.created = True
        self._require_room(tx, gallery, purpose, len(known), len(fresh))
        receipt = _receipt_of(tx, enrolment)
        if enrolment.state is EnrolmentState.PENDING and not done.created:
            # Asked anew, under the purpose's present text and from today: what the older link showed is void.
            tx.receipts.change(
                self._receipt(tx, gallery, purpose, subject, enrolment.id, receipt.id, now, done.guardian_until)
            )
        done.before, done.receipt = enrolment, receipt
        for photo_tag, photo in fresh.items():
            reference_id = new_id("ref")
            sealed = seal_template(
                photo.template,
                secret=secret,
                keys=keys,
                reference_id=reference_id,
                receipt_id=receipt.id,
                subject_id=subject.id,
                gallery=gallery,
            )
            tx.references.add(Reference(reference_id, subject.id, enrolment.id, sealed, photo_tag, now))
            done.reference_ids.append(reference_id)
        link_secret = new_secret()
        # The same time to answer for every fresh link: an older date would tell the enroller that somebody was there.
        linked = replace(
            enrolment,
            link_hash=self._keyring.secret_tag(link_secret, use="links"),
            expires_at=_link_end(purpose, now, done.guardian_until),
        )
        done.link_hash = linked.link_hash
        tx.enrolments.change(linked)
        record_life(tx, Event.OFFER, subject, keyring=self._keyring, now=now, enrolment=linked.id, receipt=receipt.id)
        return Offered(subject.id, linked.id, link_secret, linked.expires_at), secret

    @staticmethod
    def _enrolment_for(tx: Transaction, subject: Subject, known: list[Reference], *, fresh: bool) -> Enrolment | None:
        """The batch that new photos join: the one still waiting; or, all of them being known, the one that has them."""
        waiting = tx.enrolments.first(subject_id=subject.id, state=EnrolmentState.PENDING)
        if waiting is not None or fresh or not known:
            return waiting
        return tx.enrolments.get(known[0].enrolment_id)

    def _new_enrolment(
        self,
        tx: Transaction,
        gallery: Gallery,
        purpose: Purpose,
        subject: Subject,
        now: datetime,
        guardian_until: date | None,
    ) -> Enrolment:
        expires_at = now + link_life(purpose)
        enrolment = Enrolment(new_id("enr"), subject.id, EnrolmentState.PENDING, None, now, expires_at)
        tx.enrolments.add(enrolment)
        tx.receipts.add(self._receipt(tx, gallery, purpose, subject, enrolment.id, new_id("rec"), now, guardian_until))
        return enrolment

    def _receipt(
        self,
        tx: Transaction,
        gallery: Gallery,
        purpose: Purpose,
        subject: Subject,
        enrolment_id: str,
        receipt_id: str,
        now: datetime,
        guardian_until: date | None,
    ) -> Receipt:
        """An offer under the purpose's newest text, waiting for the person."""
        text = newest_text(tx, purpose.id)
        asked = record(
            receipt_id=receipt_id,
            subject_id=subject.id,
            purpose=purpose,
            text=text,
            gallery=gallery,
            now=now,
            backup_days=self._backup_days,
            guardian_until=_earliest_end(tx, subject, guardian_until),
        )
        offer = sign_offer(asked, controller_key=self._keyring.controller)
        return Receipt(
            receipt_id, enrolment_id, subject.id, offer, None, min(purpose.consent_until(now), expiry(asked))
        )

    def _require_minor(self, until: date | None) -> None:
        if until is None:
            return
        today = self._clock.now().astimezone(UTC).date()
        # By year, month and day: the 29th of February is no day of the year that it would end in.
        furthest = (today.year + MAX_GUARDIAN_YEARS, today.month, today.day)
        if until <= today or (until.year, until.month, until.day) > furthest:
            raise RequestInvalid(f"guardian_until: a day to come, at most {MAX_GUARDIAN_YEARS} years away.")

    def _require_room(self, tx: Transaction, gallery: Gallery, purpose: Purpose, held: int, adding: int) -> None:
        if held + adding > MAX_REFERENCES:
            raise TooManyPhotos(f"The person has {held} references.")
        self._bars.require_room(tx, gallery, purpose, adding=adding, held=held)

    def _undo(self, done: _Done, beside: Beside | None) -> None:
        with self._store.write() as tx:
            if beside is not None:
                beside.undo(tx)
            before = done.before
            enrolment = None if before is None else tx.enrolments.first(id=before.id)
            if before is None or enrolment is None:
                return
            if done.created:
                erase_enrolment(tx, enrolment, keyring=self._keyring, now=self._clock.now())
            else:
                for reference_id in done.reference_ids:
                    tx.references.remove(id=reference_id)
                if enrolment.link_hash == done.link_hash and done.receipt is not None:
                    tx.enrolments.change(before)
                    tx.receipts.change(done.receipt)
            subject = tx.subjects.get(enrolment.subject_id)
            if subject.state is SubjectState.PENDING and not tx.enrolments.count(subject_id=subject.id):
                record_life(tx, Event.ERASE, subject, keyring=self._keyring, now=self._clock.now())
                forget_openings(tx, subject, keyring=self._keyring)
                tx.subject_keys.remove(id=subject.id)
                tx.subjects.remove(id=subject.id)
        self._store.scrub()


def stripped(external_reference: str) -> str:
    """The operator's name for a person, as it is kept.

    :raises RequestInvalid: it is empty or too long.
    """
    name = external_reference.strip()
    if not 0 < len(name) <= MAX_EXTERNAL_REFERENCE:
        raise RequestInvalid(f"external_reference: 1 to {MAX_EXTERNAL_REFERENCE} characters.")
    return name


def _earliest_end(tx: Transaction, subject: Subject, asked: date | None) -> date | None:
    """Until when a guardian has to agree: as asked for, and as a guardian has agreed before.

    Without the latter, more photos, asked for without a guardian, would turn a guardian's consent into one that does
    not end. It is taken over without a word: a refusal would tell the enroller that somebody was there (rule S3).
    """
    agreed = [r.offer for r in tx.receipts.find(subject_id=subject.id) if r.countersignature is not None]
    days = [asked, *(claimed_guardian_until(offer) for offer in agreed)]
    return min((day for day in days if day is not None), default=None)


def _receipt_of(tx: Transaction, enrolment: Enrolment) -> Receipt:
    receipt = tx.receipts.first(enrolment_id=enrolment.id)
    if receipt is None:
        raise NotFound("The enrolment has no receipt.")
    return receipt


def _link_end(purpose: Purpose, now: datetime, guardian_until: date | None) -> datetime:
    """When a link ends that is asked for now. Only the request counts: what is held already must not show (rule S3)."""
    end = now + link_life(purpose)
    return end if guardian_until is None else min(end, datetime.combine(guardian_until, time(), UTC))


def link_life(purpose: Purpose) -> timedelta:
    """A link lasts two weeks, and no longer than the consent it asks for."""
    return min(timedelta(days=LINK_DAYS), purpose.retention)
