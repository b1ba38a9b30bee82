"""Bringing in the people of an export bundle: those whose receipts check out, and nobody else.

A receipt is for one gallery and one purpose. Where those are this installation's own, and its controller's key signed
it, the receipt stands: the people moved to another machine. Everywhere else an old receipt shows only that somebody
agreed elsewhere, so they are asked: they stay pending under an offer of this installation (rule S1).
"""

import hashlib
from base64 import urlsafe_b64decode
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from visavis.consent.bundle import (
    CarriedPerson,
    Header,
    read_header,
    read_person,
    require_receipts,
    words_of,
)
from visavis.consent.receipt import expiry, guardian_until
from visavis.flows.bars import Bars
from visavis.flows.doubles import Doubles
from visavis.flows.enrol import Enrol, Usable
from visavis.flows.imports import Imports
from visavis.flows.judging import Judged
from visavis.flows.keyring import Keyring
from visavis.flows.live import LiveGalleries
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.record import record_life
from visavis.flows.subjects import make_subject, with_public_key
from visavis.model.access import AlreadyExists
from visavis.model.audit import Event
from visavis.model.bulk import EntryOutcome, ErasedBefore
from visavis.model.consent import (
    ConsentExpired,
    Enrolment,
    EnrolmentState,
    Receipt,
    Reference,
    Subject,
    SubjectState,
)
from visavis.model.export import BundleForeign, BundleMalformed, CarriedOutcome, TextForeign
from visavis.model.ids import new_id
from visavis.model.purpose import Gallery
from visavis.model.template import Template
from visavis.protect.keys import tag
from visavis.protect.references import seal_template

_EXPIRED: Final = "expired"
"""Why somebody was erased who never answered, or whose time was over: they may be asked again."""

_TOLERANCE: Final = 1e-3
"""How far the length of a template may be from 1."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What became of one person of a bundle. ``code`` says why they were left out."""

    number: int
    outcome: CarriedOutcome
    code: str | None = None


@dataclass(frozen=True, slots=True)
class _Checked:
    """Somebody whose line and receipts are true. ``left_out`` is why they are not taken all the same."""

    person: CarriedPerson
    offers: Sequence[dict[str, Any]]
    usable: Sequence[Usable]
    left_out: str | None


class Incoming:
    """The flow of bundles that come in."""

    def __init__(
        self,
        *,
        store: Store,
        keyring: Keyring,
        clock: Clock,
        enrol: Enrol,
        imports: Imports,
        live: LiveGalleries,
        doubles: Doubles,
        bars: Bars,
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._enrol = enrol
        self._imports = imports
        self._live = live
        self._doubles = doubles
        self._bars = bars

    def bring(self, import_id: str, *, controller_key: bytes, header: bytes, people: Sequence[bytes]) -> list[Carried]:
        """Take in some people of a bundle, in the gallery of an import. Safe to repeat.

        1. The header was signed by the controller that the operator names, and the bundle is not too old.
        2. The gallery has the same model, and its purpose the same controller in the same words.
        3. Every line was signed by that controller for this bundle, every template is one, and every receipt is true:
           offered by that controller, countersigned by the person, for the bundle's gallery and purpose. One that is
           not refuses the whole call, before anything is stored.
        4. Left out is whose receipt is over, who agreed under other words, and who withdrew, declined or was erased
           here: by their identifier, by a receipt, and by the operator's name for them.
        5. Where controller key, gallery and purpose are this installation's own, the others move in with their
           receipts. Else they are enrolled by the import, and asked: a guardian, where one has agreed before,
           until the same day (rule S8).

        :param controller_key: 32 bytes, from a source other than the bundle.
        :param header: the bundle's first line, without its end, and ``people`` lines of it.
        :raises Refusal: 1 to 3, a full gallery, or what ``Imports.bring`` raises.
        """
        # 1
        found = read_header(header, controller_key=controller_key, now=self._clock.now())
        # 2
        gallery = self._fitting(import_id, found)
        # 3, 4
        with self._store.read() as tx:
            buried = {id_ for tombstone in tx.tombstones.find() for id_ in tombstone.receipt_ids}
        checked = [self._checked(line, found, gallery, buried) for line in people]
        # 5
        moves = self._is_own(found, gallery)
        return [self._one(import_id, each, found, gallery, moves=moves) for each in checked]

    def _fitting(self, import_id: str, header: Header) -> Gallery:
        of = self._imports.get(import_id)
        gallery = self._enrol.gallery(of.gallery_id)
        if gallery.model_id != header.model_id:
            raise BundleForeign(f"Its templates were made with {header.model_id}.")
        with self._store.read() as tx:
            controller = tx.purposes.get(gallery.purpose_id).controller
        if header.purpose.get("controller") != controller:
            raise BundleForeign("Its people agreed with another controller.")
        return gallery

    def _is_own(self, header: Header, gallery: Gallery) -> bool:
        public = self._keyring.controller.as_dict(private=False)["x"]
        own = (urlsafe_b64decode(f"{public}=="), gallery.id, gallery.purpose_id)
        return own == (header.controller_key, header.gallery_id, header.purpose_id)

    def _checked(self, line: bytes, header: Header, gallery: Gallery, buried: Collection[str]) -> _Checked:
        person = read_person(line, header=header)
        usable = [_usable(reference.template, header.model_id) for reference in person.references]
        try:
            offers = require_receipts(person, header=header, now=self._clock.now())
        except ConsentExpired as over:
            return _Checked(person, (), usable, over.code)
        with self._store.read() as tx:
            known = {(text.language, text.text) for text in tx.purpose_texts.find(purpose_id=gallery.purpose_id)}
            erased = self._is_erased(tx, person, gallery) or any(one.id in buried for one in person.receipts)
        left_out = ErasedBefore.code if erased else None
        if not {words_of(offer) for offer in offers} <= known:
            left_out = left_out or TextForeign.code
        return _Checked(person, offers, usable, left_out)

    def _is_erased(self, tx: Transaction, person: CarriedPerson, gallery: Gallery) -> bool:
        """Whether a tombstone keeps them out: theirs, or of their name in the gallery."""
        name = self._keyring.reference_tag(gallery_id=gallery.id, external_reference=person.external_reference)
        named = tx.tombstones.find(reference_tag=self._keyring.tombstone_tag(name))
        known = tx.tombstones.count(subject_id=person.subject_id) > 0
        return known or any(tombstone.reason != _EXPIRED for tombstone in named)

    def _one(self, import_id: str, each: _Checked, header: Header, gallery: Gallery, *, moves: bool) -> Carried:
        number = each.person.number
        if each.left_out is not None:
            return Carried(number, CarriedOutcome.LEFT_OUT, each.left_out)
        if moves:
            try:
                self._move(each, header, gallery)
            except (AlreadyExists, ErasedBefore) as refusal:
                return Carried(number, CarriedOutcome.LEFT_OUT, refusal.code)
            return Carried(number, CarriedOutcome.MOVED)
        digests = [usable.digest for usable in each.usable]
        days = [day for day in map(guardian_until, each.offers) if day is not None]
        brought = self._imports.bring(
            import_id,
            each.person.external_reference,
            digests,
            lambda: Judged(each.usable, ()),
            guardian_until=min(days, default=None),
        )
        if brought.outcome is EntryOutcome.PENDING:
            return Carried(number, CarriedOutcome.PENDING)
        return Carried(number, CarriedOutcome.LEFT_OUT, brought.refusals[0].code if brought.refusals else None)

    def _move(self, each: _Checked, header: Header, gallery: Gallery) -> None:
        """Take somebody in with what they agreed to.

        :raises AlreadyExists: they are here otherwise, or somebody has their name.
        :raises ErasedBefore: they withdrew a moment ago. :raises GalleryFull: there is no room.
        """
        person, now = each.person, self._clock.now()
        with self._doubles.one_at_a_time, self._live.followed() as touched, self._store.write() as tx:
            if self._is_here(tx, person):
                return
            if self._is_erased(tx, person, gallery):
                raise ErasedBefore
            self._bars.require_room(tx, gallery, tx.purposes.get(gallery.purpose_id), adding=len(each.usable))
            touched.add(person.subject_id)
            subject = make_subject(
                tx,
                gallery=gallery,
                external_reference=person.external_reference,
                state=SubjectState.PENDING,
                keyring=self._keyring,
                now=now,
                subject_id=person.subject_id,
            )
            subject = with_public_key(tx, subject, person.public_key, keyring=self._keyring)
            enrolments = [
                self._receive(tx, subject, each, place, header=header, gallery=gallery)
                for place in range(len(person.receipts))
            ]
            self._admit_or_hold(tx, subject, enrolments)

    @staticmethod
    def _is_here(tx: Transaction, person: CarriedPerson) -> bool:
        """Whether they moved in before.

        :raises AlreadyExists: somebody is here under their identifier with other receipts.
        """
        if tx.subjects.first(id=person.subject_id) is None:
            return False
        held = {receipt.id for receipt in tx.receipts.find(subject_id=person.subject_id)}
        if {receipt.id for receipt in person.receipts} <= held:
            return True
        raise AlreadyExists

    def _receive(
        self, tx: Transaction, subject: Subject, each: _Checked, place: int, *, header: Header, gallery: Gallery
    ) -> Enrolment:
        """Write one receipt with its references, and what the log says of them."""
        carried, offer, now = each.person.receipts[place], each.offers[place], self._clock.now()
        until = expiry(offer)
        enrolment = Enrolment(new_id("enr"), subject.id, EnrolmentState.ACTIVE, None, now, until)
        tx.enrolments.add(enrolment)
        tx.receipts.add(Receipt(carried.id, enrolment.id, subject.id, carried.offer, carried.countersignature, until))
        secret = self._keyring.open_subject_key(tx.subject_keys.get(subject.id), subject=subject)
        keys = self._keyring.gallery_keys(tx, gallery.id)
        of = [reference.receipt_id for reference in each.person.references]
        for usable in (usable for usable, receipt_id in zip(each.usable, of, strict=True) if receipt_id == carried.id):
            reference_id = new_id("ref")
            sealed = seal_template(
                usable.template,
                secret=secret,
                keys=keys,
                reference_id=reference_id,
                receipt_id=carried.id,
                subject_id=subject.id,
                gallery=gallery,
            )
            photo_tag = tag(secret.tagging, use="photos", of=usable.digest)
            tx.references.add(Reference(reference_id, subject.id, enrolment.id, sealed, photo_tag, now))
        self._enter(tx, subject, enrolment, each, place, header)
        return enrolment

    def _enter(
        self, tx: Transaction, subject: Subject, enrolment: Enrolment, each: _Checked, place: int, header: Header
    ) -> None:
        """What they were asked and agreed to before, as far as it stands: the log of another machine has the rest."""
        carried, now = each.person.receipts[place], self._clock.now()
        said = {"receipt": carried.id, "export": header.request_id}
        granted = {
            "offer_sha256": hashlib.sha256(carried.offer.encode()).hexdigest(),
            "countersignature_sha256": hashlib.sha256(carried.countersignature.encode()).hexdigest(),
        }
        record_life(tx, Event.OFFER, subject, keyring=self._keyring, now=now, enrolment=enrolment.id, **said)
        record_life(tx, Event.GRANT, subject, keyring=self._keyring, now=now, **said, **granted)
        record_life(tx, Event.ENROL, subject, keyring=self._keyring, now=now, enrolment=enrolment.id)

    def _admit_or_hold(self, tx: Transaction, subject: Subject, enrolments: Sequence[Enrolment]) -> None:
        held = 0
        for enrolment in enrolments:
            review = self._doubles.photos_differ(tx, enrolment, subject)
            review = review or self._doubles.probable_duplicate(tx, enrolment, subject)
            if review is not None:
                held += 1
                tx.enrolments.change(replace(enrolment, state=EnrolmentState.HELD))
                tx.reviews.add(review)
        state = SubjectState.HELD if held == len(enrolments) else SubjectState.ACTIVE
        tx.subjects.change(replace(subject, state=state))


def _usable(template: bytes, model_id: str) -> Usable:
    """A template that another installation made.

    :raises BundleMalformed: it is no unit vector.
    """
    vector = np.frombuffer(template, dtype="<f4").astype(np.float32)
    if not abs(float(np.linalg.norm(vector)) - 1.0) < _TOLERANCE:
        raise BundleMalformed("A template is not a unit vector.")
    return Usable(hashlib.sha256(template).digest(), Template(vector, model_id))
