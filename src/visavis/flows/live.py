"""The references of people whose consent is live, in memory, one index a gallery."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from visavis.consent.rules import require_live_consent
from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store, Transaction
from visavis.match.index import GalleryIndex
from visavis.model.access import NotFound
from visavis.model.consent import ConsentMissing, EnrolmentState, Reference, Subject, SubjectState
from visavis.model.errors import ConsentRefused, IntegrityError
from visavis.model.purpose import Gallery
from visavis.model.template import Template
from visavis.protect.references import open_template


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many subjects were taken into memory, and how many were left out because something did not check out."""

    subjects: int
    left_out: int


class LiveGalleries:
    """Indexes built from the sealed rows; the database stays the truth.

    Taking in and dropping run under one lock and read the database inside it: whoever withdrew before the read is not
    taken in, and whoever withdraws after it is dropped after it.
    """

    def __init__(
        self, *, store: Store, keyring: Keyring, clock: Clock, new_index: Callable[[str], GalleryIndex]
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._new_index = new_index
        self._indexes: dict[str, GalleryIndex] = {}
        self._lock = threading.RLock()

    def load(self) -> Loaded:
        """Take in everybody whose consent is live, at start."""
        taken = left_out = 0
        with self._lock, self._store.read() as tx:
            self._indexes.clear()
            for gallery in tx.galleries.find():
                for subject in tx.subjects.find(gallery_id=gallery.id, state=SubjectState.ACTIVE):
                    if self._take_in(tx, subject, gallery):
                        taken += 1
                    else:
                        left_out += 1
        return Loaded(subjects=taken, left_out=left_out)

    def index(self, gallery: Gallery) -> GalleryIndex:
        """The index of one gallery."""
        with self._lock:
            if gallery.id not in self._indexes:
                self._indexes[gallery.id] = self._new_index(gallery.model_id)
            return self._indexes[gallery.id]

    def refresh(self, subject_id: str) -> None:
        """Make memory agree with the database about one subject, after a commit."""
        with self._lock, self._store.read() as tx:
            for index in self._indexes.values():
                index.remove_subject(subject_id)
            subject = tx.subjects.first(id=subject_id)
            if subject is not None:
                self._take_in(tx, subject, tx.galleries.get(subject.gallery_id))

    @contextmanager
    def followed(self) -> Iterator[set[str]]:
        """Refresh the subjects that are put into the set when the block ends, well or not.

        A store that failed may have kept what was written; then memory has to agree with that.
        """
        touched: set[str] = set()
        try:
            yield touched
        finally:
            with ExitStack() as every:  # one that fails must not keep the others in memory
                for subject_id in touched:
                    every.callback(self.refresh, subject_id)

    def _take_in(self, tx: Transaction, subject: Subject, gallery: Gallery) -> bool:
        """Hold one subject's references if all of it checks out; else nothing of them."""
        try:
            require_recognisable(tx, subject, keyring=self._keyring, clock=self._clock)
            active = {e.id for e in tx.enrolments.find(subject_id=subject.id, state=EnrolmentState.ACTIVE)}
            references = [r for r in tx.references.find(subject_id=subject.id) if r.enrolment_id in active]
            templates = open_references(tx, references, subject, keyring=self._keyring)
        except (ConsentRefused, IntegrityError, NotFound):
            return False
        index = self.index(gallery)
        for reference, template in zip(references, templates, strict=True):
            index.put(reference_id=reference.id, subject_id=subject.id, template=template)
        return True


def require_recognisable(tx: Transaction, subject: Subject, *, keyring: Keyring, clock: Clock) -> None:
    """Rule S1 for everything that is active about a subject; one receipt that is over stops all until it is purged.

    A tombstone beats every row: somebody who withdrew does not come back with a restored backup.

    :raises ConsentRefused: the leaf says what is missing.
    """
    if tx.tombstones.count(subject_id=subject.id):
        raise ConsentMissing
    purpose_id = tx.galleries.get(subject.gallery_id).purpose_id
    active = tx.enrolments.find(subject_id=subject.id, state=EnrolmentState.ACTIVE)
    receipts = [tx.receipts.first(enrolment_id=enrolment.id) for enrolment in active]
    if subject.state is not SubjectState.ACTIVE:
        receipts = []
    for receipt in receipts or [None]:
        require_live_consent(
            receipt, subject=subject, purpose_id=purpose_id, controller_key=keyring.controller, now=clock.now()
        )


def open_references(
    tx: Transaction, references: list[Reference], subject: Subject, *, keyring: Keyring
) -> list[Template]:
    """The templates of some references of one subject.

    :raises SealBroken: one of them, or the subject's key, does not check out.
    """
    gallery = tx.galleries.get(subject.gallery_id)
    key = keyring.open_subject_key(tx.subject_keys.get(subject.id), subject=subject)
    receipts = {receipt.enrolment_id: receipt.id for receipt in tx.receipts.find(subject_id=subject.id)}
    return [
        open_template(
            reference,
            receipt_id=receipts.get(reference.enrolment_id, ""),
            subject_key=key,
            subject=subject,
            gallery=gallery,
        )
        for reference in references
    ]
