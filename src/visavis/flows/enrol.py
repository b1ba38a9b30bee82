"""Enrolling somebody: photos become sealed references that stay unknown to the matcher until the person agrees."""

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from visavis.flows.bars import Bars
from visavis.flows.erase import erase_enrolment
from visavis.flows.extract import Extractor
from visavis.flows.keyring import Keyring
from visavis.flows.offers import link_end, link_hash, link_life, new_link, receipt_for, receipt_of, require_minor
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.record import BROUGHT, INVITED, forget_openings, record_life
from visavis.flows.subjects import make_subject
from visavis.model.access import RequestInvalid
from visavis.model.audit import Event
from visavis.model.consent import (
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
from visavis.model.ids import new_id
from visavis.model.keys import SubjectSecret
from visavis.model.purpose import Gallery, ModelChanged
from visavis.model.template import Template
from visavis.protect.epochs import LENGTH
from visavis.protect.gallery_keys import GalleryKeys
from visavis.protect.keys import tag
from visavis.protect.references import seal_template
from visavis.quality.gate import ENROLMENT

MAX_EXTERNAL_REFERENCE = 200
"""Longest name, in characters, that an operator may have for a person."""


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

    ``guardian_until`` and ``invites`` are what it asked for; ``forgotten`` are references that it took out.
    """

    guardian_until: date | None = None
    invites: bool = False
    created: bool = False
    before: Enrolment | None = None
    receipt: Receipt | None = None
    link_hash: bytes | None = None
    reference_ids: list[str] = field(default_factory=list)
    forgotten: list[Reference] = field(default_factory=list)


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
        require_minor(guardian_until, now=self._clock.now())
        name, gallery = stripped(external_reference), self.gallery(gallery_id)
        found = {hashlib.sha256(p).digest(): p for p in photos}
        usable = [self.judge(photo, digest=digest) for digest, photo in found.items()]
        return self.store(gallery, name, usable, guardian_until=guardian_until)

    def invite(self, *, gallery_id: str, external_reference: str, guardian_until: date | None = None) -> Offered:
        """Let somebody enrol themselves: they are asked as by ``request``, and send their photos through the link.

        Whoever waits for an answer is asked anew; photos that wait are forgotten. Whether anybody was there, and with
        how many references, changes nothing that the enroller is told (rule S3).

        :raises Refusal: the leaf says which step; nothing was stored.
        """
        require_minor(guardian_until, now=self._clock.now())
        name, gallery = stripped(external_reference), self.gallery(gallery_id)
        return self.store(gallery, name, (), guardian_until=guardian_until)

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
        return Usable(digest, self._extractor.extract(photo, gate=ENROLMENT))

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
        :param photos: one to five, all different; none: the person is invited to send some.
        :param beside: what has to be written with it.
        :param guardian_until: the day with which the consent of a guardian ends, where one has to agree.
        :raises Refusal: the leaf says which step; nothing was stored.
        """
        done = _Done(guardian_until=guardian_until, invites=not photos)
        try:
            with self._store.write() as tx:
                offered, secret = self._write(tx, gallery, external_reference, photos, done)
                if beside is not None:
                    beside.write(tx, offered, secret=secret)
        except VisavisError:
            raise
        except Exception:
            # The store failed without saying what it kept: whatever that is, it is taken back.
            with contextlib.suppress(Exception):  # a store that cannot even undo leaves a pending row, which expires
                self._undo(done, beside)
            raise
        if done.forgotten:
            self._store.scrub()
        return offered

    def _write(
        self, tx: Transaction, gallery: Gallery, external_reference: str, photos: Sequence[Usable], done: _Done
    ) -> tuple[Offered, SubjectSecret]:
        now, purpose = self._clock.now(), tx.purposes.get(gallery.purpose_id)
        purpose.require_not_over(now)
        if done.invites:
            # For one photo at least, before anything is looked up: what somebody has must not show (rule S3).
            self._bars.require_room(tx, gallery, purpose, adding=1)
        subject = self._subject(tx, gallery, external_reference, now)
        secret = self._keyring.open_subject_key(tx.subject_keys.get(subject.id), subject=subject)
        known = {r.photo_tag: r for r in tx.references.find(subject_id=subject.id)}
        tags = {tag(secret.tagging, use="photos", of=photo.digest): photo for photo in photos}
        fresh = {t: photo for t, photo in tags.items() if t not in known}
        enrolment = self._enrolment_for(tx, subject, [known[t] for t in tags if t in known], fresh=bool(fresh))
        if enrolment is None:
            enrolment = self._new_enrolment(tx, gallery, subject, now + link_life(purpose), done)
        receipt = receipt_of(tx, enrolment)
        if enrolment.state is EnrolmentState.PENDING and not done.created:
            self._ask_anew(tx, gallery, enrolment, receipt, done)
        if not done.invites:
            self._require_room(tx, gallery, subject, adding=len(fresh))
        done.before, done.receipt = enrolment, receipt
        keys = self._keyring.gallery_keys(tx, gallery.id)
        for photo_tag, photo in fresh.items():
            reference = new_reference(
                photo, photo_tag, secret=secret, keys=keys, receipt=receipt, gallery=gallery, now=now
            )
            tx.references.add(reference)
            done.reference_ids.append(reference.id)
        link_secret = new_link(enrolment.id, keyring=self._keyring)
        # The same time to answer for every fresh link: an older date would tell the enroller that somebody was there.
        linked = replace(
            enrolment,
            link_hash=link_hash(link_secret, invites=done.invites, keyring=self._keyring),
            expires_at=link_end(purpose, now, done.guardian_until),
        )
        done.link_hash = linked.link_hash
        tx.enrolments.change(linked)
        said = {"enrolment": linked.id, "receipt": receipt.id, "photos": INVITED if done.invites else BROUGHT}
        record_life(tx, Event.OFFER, subject, keyring=self._keyring, now=now, **said)
        return Offered(subject.id, linked.id, link_secret, linked.expires_at), secret

    def _subject(self, tx: Transaction, gallery: Gallery, external_reference: str, now: datetime) -> Subject:
        """Whoever is there under that name, or somebody new."""
        tag_ = self._keyring.reference_tag(gallery_id=gallery.id, external_reference=external_reference)
        return tx.subjects.first(gallery_id=gallery.id, reference_tag=tag_) or make_subject(
            tx,
            gallery=gallery,
            external_reference=external_reference,
            state=SubjectState.PENDING,
            keyring=self._keyring,
            now=now,
        )

    @staticmethod
    def _enrolment_for(tx: Transaction, subject: Subject, known: list[Reference], *, fresh: bool) -> Enrolment | None:
        """The batch that new photos join: the one still waiting; or, all of them being known, the one that has them.

        An invitation that waits has none of those, and goes on waiting.
        """
        waiting = tx.enrolments.first(subject_id=subject.id, state=EnrolmentState.PENDING)
        if fresh or not known or (waiting is not None and not waiting.invites):
            return waiting
        return tx.enrolments.get(known[0].enrolment_id)

    def _new_enrolment(
        self, tx: Transaction, gallery: Gallery, subject: Subject, expires_at: datetime, done: _Done
    ) -> Enrolment:
        now = self._clock.now()
        enrolment = Enrolment(new_id("enr"), subject.id, EnrolmentState.PENDING, None, now, expires_at)
        tx.enrolments.add(enrolment)
        tx.receipts.add(self._receipt(tx, gallery, enrolment, new_id("rec"), done))
        done.created = True
        return enrolment

    def _ask_anew(self, tx: Transaction, gallery: Gallery, enrolment: Enrolment, receipt: Receipt, done: _Done) -> None:
        """Under the purpose's present text and from today: what the older link showed is void.

        Where either invites, so are the photos that wait. Somebody else may have had the older link: what they sent
        must not become the face of who agrees with the new one. And what a person agrees to is either what the
        operator brought or what they sent themselves, never some of both.
        """
        tx.receipts.change(self._receipt(tx, gallery, enrolment, receipt.id, done))
        if enrolment.invites or done.invites:
            done.forgotten = list(tx.references.find(enrolment_id=enrolment.id))
            tx.references.remove(enrolment_id=enrolment.id)

    def _receipt(
        self, tx: Transaction, gallery: Gallery, enrolment: Enrolment, receipt_id: str, done: _Done
    ) -> Receipt:
        return receipt_for(
            tx,
            gallery=gallery,
            subject=tx.subjects.get(enrolment.subject_id),
            enrolment_id=enrolment.id,
            receipt_id=receipt_id,
            now=self._clock.now(),
            backup_days=self._backup_days,
            guardian_until=done.guardian_until,
            keyring=self._keyring,
        )

    def _require_room(self, tx: Transaction, gallery: Gallery, subject: Subject, *, adding: int) -> None:
        held = tx.references.count(subject_id=subject.id)
        if held + adding > MAX_REFERENCES:
            raise TooManyPhotos(f"The person has {held} references.")
        self._bars.require_room(tx, gallery, tx.purposes.get(gallery.purpose_id), adding=adding, held=held)

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
                    for reference in done.forgotten:
                        tx.references.add(reference)
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


def new_reference(
    photo: Usable,
    photo_tag: bytes,
    *,
    secret: SubjectSecret,
    keys: GalleryKeys,
    receipt: Receipt,
    gallery: Gallery,
    now: datetime,
    reference_id: str | None = None,
) -> Reference:
    """A photo as a reference that opens under one receipt only, which has to be countersigned for it (rule S1).

    :param reference_id: under which it is sealed; a random one if not given.
    """
    reference_id = reference_id or new_id("ref")
    sealed = seal_template(
        photo.template,
        secret=secret,
        keys=keys,
        reference_id=reference_id,
        receipt_id=receipt.id,
        subject_id=receipt.subject_id,
        gallery=gallery,
    )
    return Reference(reference_id, receipt.subject_id, receipt.enrolment_id, sealed, photo_tag, now)
