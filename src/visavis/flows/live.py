"""The references of people whose consent is live, in memory, one index a gallery."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Final

from visavis.consent.rules import require_live_consent
from visavis.flows.keyed_index import KeyedIndex
from visavis.flows.keyring import Keyring
from visavis.flows.loading import OpenPages, open_here
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.tombstones import is_buried
from visavis.match.index import Candidate, GalleryIndex
from visavis.model.access import NotFound
from visavis.model.consent import ConsentExpired, ConsentMissing, EnrolmentState, Reference, Subject, SubjectState
from visavis.model.errors import ConsentRefused, IntegrityError
from visavis.model.keys import SealBroken
from visavis.model.purpose import Gallery, GalleryLoading
from visavis.model.template import Template
from visavis.protect.gallery_keys import PLAIN
from visavis.protect.references import Stored, open_stored

MANY: Final = 20_000
"""Up to so many people opening them here is done before a process beside this one has started."""

_RETRY_AFTER_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Loaded:
    """How far memory is: people taken in, and people left out because something did not check out.

    ``people`` is how many there are, also who is not to be taken in; when all galleries are in memory it is the sum of
    the other two, and ``is_complete``.
    """

    subjects: int = 0
    left_out: int = 0
    people: int = 0
    is_complete: bool = False


@dataclass(slots=True)
class _Filling:
    """A gallery on its way into memory, and who was refreshed since it began."""

    index: KeyedIndex
    refreshed: set[str] = field(default_factory=set)


class LiveGalleries:
    """Indexes built from the sealed rows; the database stays the truth.

    Somebody who withdrew is in no index from the moment ``refresh`` is back, whatever is loaded meanwhile. Every change
    of an index is made under one lock. ``refresh`` reads the database under it, after the commit, and takes the person
    out of every index, of those being filled as well, or puts in what is true now. A gallery is filled from pages that
    were read outside the lock, so that nobody waits; but who was refreshed since the filling began is left as that left
    them. So either the refresh came before the filling began, and the pages were read after the commit; or it came
    later than what the filling put in, and took that out; or it came in between, and the filling skips the person.

    A gallery that is not in memory as a whole is not searched: whom its other half has would be told that they are
    nobody.
    """

    def __init__(
        self,
        *,
        store: Store,
        keyring: Keyring,
        clock: Clock,
        new_index: Callable[[str], GalleryIndex],
        open_pages: OpenPages = open_here,
    ) -> None:
        """Hold nothing yet.

        :param open_pages: how galleries are opened that have more than ``MANY`` people.
        """
        self._open_pages = open_pages
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._new_index = new_index
        self._indexes: dict[str, KeyedIndex] = {}
        self._filling: dict[str, _Filling] = {}
        self._awaited: set[str] | None = None
        """Galleries that are to be loaded; None before it was known which."""
        self._loaded = Loaded()
        self.gone: Callable[[str], None] = lambda _: None
        """Told of somebody who is not in the database any more, before whoever erased them goes on."""
        self._copied: list[Callable[[str], None]] = []
        self._stopping = threading.Event()
        self._one_at_a_time = threading.Lock()
        self._lock = threading.RLock()

    @property
    def loaded(self) -> Loaded:
        """How far memory is at this moment."""
        return self._loaded

    def load(self) -> Loaded:
        """Take every gallery into memory, at start, the smallest first, so that most stations are soon served.

        Consent is looked at as far as that is cheap; ``loading`` says why that is enough.
        """
        with self._one_at_a_time:
            sizes = self._begin()
            for gallery in sorted(sizes, key=lambda gallery: (sizes[gallery], gallery.id)):
                before = self._loaded
                try:
                    how = self._open_pages if sizes[gallery] > MANY else open_here
                    self._fill(gallery, tell=self._tell, open_pages=how)
                except SealBroken:
                    # The gallery's own key: whoever asks for its index is told, and nobody in it is recognised.
                    self._tell(left_out=sizes[gallery])
                if self._stopping.is_set():
                    break
                done = self._loaded.subjects + self._loaded.left_out - before.subjects - before.left_out
                with self._lock:
                    self._awaited = (self._awaited or set()) - {gallery.id}
                    self._loaded = replace(self._loaded, people=self._loaded.people + done - sizes[gallery])
            self._loaded = replace(self._loaded, is_complete=not self._awaited)
        return self._loaded

    def stop_loading(self) -> None:
        """The server ends: what is not in memory yet stays out."""
        self._stopping.set()

    def index(self, gallery: Gallery) -> KeyedIndex:
        """The index of one gallery.

        :raises GalleryLoading: it is not in memory as a whole. :raises SealBroken: the gallery's key does not open.
        """
        with self._lock:
            if gallery.id not in self._indexes:
                with self._store.read() as tx:
                    self._require_new(tx, gallery.id)
                    self._indexes[gallery.id] = self._fresh(tx, gallery)
            return self._indexes[gallery.id]

    def require_loaded(self, gallery_id: str | None) -> None:
        """Refuse to begin what has to search a gallery that cannot be searched yet.

        :raises GalleryLoading: it is not in memory as a whole.
        """
        with self._lock:
            if gallery_id is not None and gallery_id not in self._indexes:
                with self._store.read() as tx:
                    self._require_new(tx, gallery_id)

    def rebuild(self, gallery_id: str) -> None:
        """Put an index of the newest version of the gallery's key in the place of the one there is."""
        with self._store.read() as tx:
            gallery = tx.galleries.get(gallery_id)
        with self._one_at_a_time:
            self._fill(gallery)

    def refresh(self, subject_id: str) -> None:
        """Make memory agree with the database about one subject, after a commit."""
        with self._lock, self._store.read() as tx:
            for changed in self._copied:
                changed(subject_id)
            for index in self._indexes.values():
                index.remove_subject(subject_id)
            for filling in self._filling.values():
                filling.index.remove_subject(subject_id)
                filling.refreshed.add(subject_id)
            subject = tx.subjects.first(id=subject_id)
            if subject is None:
                self.gone(subject_id)
            else:
                self._take_in(tx, subject, tx.galleries.get(subject.gallery_id))

    @contextmanager
    def telling(self, changed: Callable[[str], None]) -> Iterator[None]:
        """Tell whoever copies what is in memory of everybody who is refreshed, as long as the block lasts.

        :param changed: called before whoever changed them goes on.
        """
        with self._lock:
            self._copied.append(changed)
        try:
            yield
        finally:
            with self._lock:
                self._copied.remove(changed)

    def _begin(self) -> dict[Gallery, int]:
        """Forget what there is, and say how many people each gallery has."""
        with self._lock, self._store.read() as tx:
            sizes = {gallery: tx.subjects.count(gallery_id=gallery.id) for gallery in tx.galleries.find()}
            self._indexes.clear()
            self._awaited = {gallery.id for gallery in sizes}
            self._loaded = Loaded(people=sum(sizes.values()))
        return sizes

    def _fill(
        self, gallery: Gallery, *, tell: Callable[..., None] | None = None, open_pages: OpenPages = open_here
    ) -> None:
        """Read a gallery into a new index, which then takes the place of the one there is.

        :raises SealBroken: the gallery's key does not open.
        """
        try:
            with self._lock, self._store.read() as tx:
                filling = self._filling[gallery.id] = _Filling(self._fresh(tx, gallery))
            pages = open_pages(gallery, store=self._store, keyring=self._keyring, clock=self._clock)
            for found, keys in pages:
                if self._stopping.is_set():
                    return
                with self._lock:
                    kept = found.without(filling.refreshed)
                    filling.index.put_many(
                        reference_ids=kept.reference_ids,
                        subject_ids=kept.subject_ids,
                        stored=kept.stored,
                        keys=keys,
                    )
                if tell is not None:
                    tell(subjects=found.subjects, left_out=found.left_out)
            with self._lock:
                self._indexes[gallery.id] = filling.index
        finally:
            with self._lock:
                self._filling.pop(gallery.id, None)

    def _tell(self, *, subjects: int = 0, left_out: int = 0) -> None:
        told = self._loaded
        self._loaded = replace(told, subjects=told.subjects + subjects, left_out=told.left_out + left_out)

    def _require_new(self, tx: Transaction, gallery_id: str) -> None:
        """A gallery without an index is new, and memory has everybody in it: nobody.

        :raises GalleryLoading: the database has people of it that memory has not.
        """
        if self._awaited is None:
            is_new = not tx.subjects.count(gallery_id=gallery_id, state=SubjectState.ACTIVE)
        else:
            is_new = gallery_id not in self._awaited
        if not is_new:
            raise GalleryLoading(retry_after_s=_RETRY_AFTER_S)

    def _fresh(self, tx: Transaction, gallery: Gallery) -> KeyedIndex:
        keys = self._keyring.gallery_keys(tx, gallery.id)
        return KeyedIndex(self._new_index(gallery.model_id), keys, model_id=gallery.model_id)

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

    def _take_in(self, tx: Transaction, subject: Subject, gallery: Gallery) -> None:
        """Hold one subject's references if all of it checks out; else nothing of them."""
        try:
            require_recognisable(tx, subject, keyring=self._keyring, clock=self._clock)
            active = {e.id for e in tx.enrolments.find(subject_id=subject.id, state=EnrolmentState.ACTIVE)}
            references = [r for r in tx.references.find(subject_id=subject.id) if r.enrolment_id in active]
            found = open_stored_references(tx, references, subject, keyring=self._keyring)
            keys = self._keyring.gallery_keys(tx, gallery.id)
            for index in self._held_in(gallery):
                for reference, stored in zip(references, found, strict=True):
                    index.put(reference_id=reference.id, subject_id=subject.id, stored=stored, keys=keys)
        except (ConsentRefused, IntegrityError, NotFound):
            return

    def _held_in(self, gallery: Gallery) -> list[KeyedIndex]:
        """The indexes of a gallery: one, a second while it is exchanged; none where the load is still to come."""
        filling = self._filling.get(gallery.id)
        held = [] if filling is None else [filling.index]
        if gallery.id in self._indexes or filling is None:
            with suppress(GalleryLoading):
                held.append(self.index(gallery))
        return held


def require_recognisable(tx: Transaction, subject: Subject, *, keyring: Keyring, clock: Clock) -> None:
    """Rule S1 for everything that is active about a subject; one receipt that is over stops all until it is purged.

    A tombstone beats every row: somebody who withdrew does not come back with a restored backup.

    :raises ConsentRefused: the leaf says what is missing.
    """
    if is_buried(tx, subject.id, keyring=keyring):
        raise ConsentMissing
    purpose = tx.purposes.get(tx.galleries.get(subject.gallery_id).purpose_id)
    if purpose.is_over(clock.now()):
        raise ConsentExpired
    active = tx.enrolments.find(subject_id=subject.id, state=EnrolmentState.ACTIVE)
    receipts = [tx.receipts.first(enrolment_id=enrolment.id) for enrolment in active]
    if subject.state is not SubjectState.ACTIVE:
        receipts = []
    for receipt in receipts or [None]:
        require_live_consent(
            receipt, subject=subject, purpose_id=purpose.id, controller_key=keyring.controller, now=clock.now()
        )


def is_recognisable(tx: Transaction, candidate: Candidate, *, keyring: Keyring, clock: Clock) -> bool:
    """Whether a person may be recognised by these references at this moment; see ``recognised_by``."""
    return bool(recognised_by(tx, candidate, keyring=keyring, clock=clock))


def recognised_by(tx: Transaction, candidate: Candidate, *, keyring: Keyring, clock: Clock) -> list[Template]:
    """What a person may be recognised by at this moment, asked of the deciding transaction; nothing where they may not.

    Rule S1. Memory may hold what the database has given up a moment ago, and was filled without looking at signatures:
    whatever a search finds has to pass here before anything follows from it.

    :returns: the templates of the candidate's references, as the model made them.
    """
    subject = tx.subjects.first(id=candidate.subject_id)
    if subject is None or tx.subject_keys.first(id=subject.id) is None:
        return []  # given up a moment ago
    references = [tx.references.first(id=id_, subject_id=subject.id) for id_ in candidate.reference_ids]
    held = [reference for reference in references if reference is not None]
    if not held or len(held) < len(references):
        return []  # one of them was
    active = {enrolment.id for enrolment in tx.enrolments.find(subject_id=subject.id, state=EnrolmentState.ACTIVE)}
    if not active.issuperset(reference.enrolment_id for reference in held):
        return []
    try:
        require_recognisable(tx, subject, keyring=keyring, clock=clock)
        return open_references(tx, held, subject, keyring=keyring)
    except (ConsentRefused, IntegrityError):
        return []


def open_references(
    tx: Transaction, references: list[Reference], subject: Subject, *, keyring: Keyring
) -> list[Template]:
    """The templates of some references of one subject, as the model made them.

    :raises SealBroken: one of them, or the subject's or gallery's key, does not check out.
    """
    model_id = tx.galleries.get(subject.gallery_id).model_id
    keys = keyring.gallery_keys(tx, subject.gallery_id)
    return [
        Template(keys.moved(stored.vector, stored=stored.version, wanted=PLAIN), model_id)
        for stored in open_stored_references(tx, references, subject, keyring=keyring)
    ]


def open_stored_references(
    tx: Transaction, references: list[Reference], subject: Subject, *, keyring: Keyring
) -> list[Stored]:
    """The same as they are stored.

    :raises SealBroken: one of them, or the subject's key, does not check out.
    """
    gallery = tx.galleries.get(subject.gallery_id)
    secret = keyring.open_subject_key(tx.subject_keys.get(subject.id), subject=subject)
    receipts = {receipt.enrolment_id: receipt.id for receipt in tx.receipts.find(subject_id=subject.id)}
    return [
        open_stored(
            reference,
            receipt_id=receipts.get(reference.enrolment_id, ""),
            secret=secret,
            subject=subject,
            gallery=gallery,
        )
        for reference in references
    ]
