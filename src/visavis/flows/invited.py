"""Photos that a person sends themselves, through the link of an invitation."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from visavis.consent.receipt import expiry, read_offer
from visavis.flows.bars import Bars
from visavis.flows.enrol import Enrol, Usable, new_reference
from visavis.flows.keyring import Keyring
from visavis.flows.offers import linked, receipt_of
from visavis.flows.ports import Clock, Store, Transaction
from visavis.model.consent import (
    MAX_PHOTOS,
    ConsentExpired,
    Enrolment,
    EnrolmentState,
    LinkUnknown,
    PhotosFull,
    PhotosNotInvited,
    TooManyPhotos,
)
from visavis.model.errors import FaceRefused, ImageRefused, Kind, Refusal
from visavis.model.keys import SubjectSecret
from visavis.model.purpose import Gallery, GalleryFull
from visavis.protect.keys import tag


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of each photo, in their order: what is wrong with it, None where it was taken; and how many wait."""

    refusals: Sequence[Refusal | None]
    held: int


@dataclass(frozen=True, slots=True)
class _Looked:
    """A photo that was looked at, or did not have to be: ``usable`` is None where it waits already, or is refused."""

    digest: bytes
    usable: Usable | None
    refusal: Refusal | None


class Invited:
    """The flow behind the link of an invitation, until the person answers.

    Only such a link takes photos. That of an ordinary enrolment shows what the operator enrolled: could its holder add
    photos, a consent that the operator collected for one face would come back with another, and nobody who looked at
    the first would have seen the second.
    """

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, enrol: Enrol, bars: Bars) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._enrol = enrol
        self._bars = bars

    def require_open(self, link_secret: str) -> None:
        """Refuse a link through which nothing can be sent.

        :raises LinkUnknown: it is over, was answered or never existed. :raises PhotosNotInvited: it does not invite.
        :raises ConsentExpired: nobody can agree to what it shows any more.
        """
        with self._store.read() as tx:
            self._invitation(tx, link_secret)

    def send(self, link_secret: str, photos: Sequence[bytes]) -> Sent:
        """Take photos of the one person who holds the link.

        1. There are one to five.
        2. The link invites and waits for an answer; people can be enrolled in the gallery now.
        3. Each photo is looked at by itself, as at an enrolment; not one that waits already, nor one too many.
        4. The usable ones are stored together, as references that nobody is matched with before the person agrees. The
           link is looked at again, and whether the gallery has room.

        The same photo again changes nothing. What the person has from another enrolment is not looked at: else whoever
        invited them, and kept the link, could learn of it here (rule S3).

        :raises TooManyPhotos: 1. :raises LinkUnknown, PhotosNotInvited: 2. :raises Refusal: 2, or 4: a full gallery.
        """
        # 1
        if not 1 <= len(photos) <= MAX_PHOTOS:
            raise TooManyPhotos(f"There are {len(photos)} photos.")
        # 2
        with self._store.read() as tx:
            enrolment = self._invitation(tx, link_secret)
            self._enrol.gallery_in(tx, tx.subjects.get(enrolment.subject_id).gallery_id)
            waiting = {r.photo_tag for r in tx.references.find(enrolment_id=enrolment.id)}
            secret = self._secret(tx, enrolment)
        # 3
        looked = self._look(photos, enrolment, waiting=waiting, secret=secret)
        # 4
        return self._store_usable(link_secret, looked)

    def forget(self, link_secret: str) -> None:
        """Take every photo out again that was sent through the link; the person starts over.

        :raises LinkUnknown, PhotosNotInvited: as ``require_open``.
        """
        with self._store.write() as tx:
            tx.references.remove(enrolment_id=self._invitation(tx, link_secret).id)
        self._store.scrub()

    def _invitation(self, tx: Transaction, link_secret: str) -> Enrolment:
        enrolment = linked(tx, link_secret, keyring=self._keyring, now=self._clock.now())
        if enrolment.state is not EnrolmentState.PENDING:
            raise LinkUnknown
        if not enrolment.invites:
            raise PhotosNotInvited
        receipt = receipt_of(tx, enrolment)
        if receipt.countersignature is not None:
            raise LinkUnknown  # whatever the row of the enrolment says: nobody adds to what was signed
        # A guardian's day may come before the link ends, where the request did not name it (rule S8).
        offer = read_offer(receipt.offer, controller_key=self._keyring.controller)
        if self._clock.now() >= expiry(offer):
            raise ConsentExpired
        return enrolment

    def _secret(self, tx: Transaction, enrolment: Enrolment) -> SubjectSecret:
        subject = tx.subjects.get(enrolment.subject_id)
        return self._keyring.open_subject_key(tx.subject_keys.get(subject.id), subject=subject)

    def _look(
        self, photos: Sequence[bytes], enrolment: Enrolment, *, waiting: set[bytes], secret: SubjectSecret
    ) -> list[_Looked]:
        found: dict[bytes, _Looked] = {}
        for photo in photos:
            digest = hashlib.sha256(photo).digest()
            usable = sum(one.usable is not None for one in found.values())
            if digest in found:
                continue
            if photo_tag(secret, enrolment, digest) in waiting:
                found[digest] = _Looked(digest, None, None)
            elif len(waiting) + usable >= MAX_PHOTOS:
                found[digest] = _Looked(digest, None, PhotosFull())
            else:
                found[digest] = self._judged(photo, digest)
        return [found[hashlib.sha256(photo).digest()] for photo in photos]

    def _judged(self, photo: bytes, digest: bytes) -> _Looked:
        try:
            return _Looked(digest, self._enrol.judge(photo, digest=digest), None)
        except (ImageRefused, FaceRefused) as refusal:
            if refusal.kind is Kind.UNAVAILABLE:
                raise  # of the machine, not of the photo: the same call can succeed later
            return _Looked(digest, None, refusal)

    def _store_usable(self, link_secret: str, looked: Sequence[_Looked]) -> Sent:
        with self._store.write() as tx:
            enrolment = self._invitation(tx, link_secret)
            gallery = self._enrol.gallery_in(tx, tx.subjects.get(enrolment.subject_id).gallery_id)
            secret, now = self._secret(tx, enrolment), self._clock.now()
            keys, receipt = self._keyring.gallery_keys(tx, gallery.id), receipt_of(tx, enrolment)
            waiting = {r.photo_tag for r in tx.references.find(enrolment_id=enrolment.id)}
            fresh = {photo_tag(secret, enrolment, one.digest): one.usable for one in looked if one.usable is not None}
            fresh = {tag_: usable for tag_, usable in fresh.items() if tag_ not in waiting}
            # Another call may have brought some meanwhile.
            taken = dict(list(fresh.items())[: MAX_PHOTOS - len(waiting)])
            if taken:
                self._require_room(tx, gallery, adding=len(taken), held=len(waiting))
            for tag_, usable in taken.items():
                reference = new_reference(
                    usable,
                    tag_,
                    secret=secret,
                    keys=keys,
                    receipt=receipt,
                    gallery=gallery,
                    now=now,
                    reference_id=reference_name(secret, tag_),
                )
                tx.references.add(reference)
            left = fresh.keys() - taken.keys()
            refusals = [
                PhotosFull() if photo_tag(secret, enrolment, one.digest) in left else one.refusal for one in looked
            ]
            return Sent(refusals, len(waiting) + len(taken))

    def _require_room(self, tx: Transaction, gallery: Gallery, *, adding: int, held: int) -> None:
        try:
            self._bars.require_room(tx, gallery, tx.purposes.get(gallery.purpose_id), adding=adding, held=held)
        except GalleryFull:
            # How large a gallery is, and what it promises, is the operator's.
            raise GalleryFull("There is no room for more people: tell whoever invited you.") from None


def photo_tag(secret: SubjectSecret, enrolment: Enrolment, digest: bytes) -> bytes:
    """By which a photo is known again within one invitation.

    In another enrolment of the same person it is another photo: each consent has references of its own, and one that
    ends takes none from another.
    """
    return tag(secret.tagging, use="photos of an invitation", of=enrolment.id.encode() + digest)


def reference_name(secret: SubjectSecret, photo_tag_: bytes) -> str:
    """Under which identifier a photo of an invitation is sealed, so that its tag cannot be put on another one's row."""
    named = tag(secret.tagging, use="references of an invitation", of=photo_tag_)
    return f"ref_{base64.b32encode(named[:16]).decode().rstrip('=').lower()}"
