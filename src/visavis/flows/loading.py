"""Opening the references of a gallery for its memory, a page at a time.

Of everybody's consent only what is cheap to see is looked at here: states, tombstones, that there is a countersignature
and that its column does not say that it is over; and keys and seals have to open, which binds each reference to the
person's public key and to one receipt. The two signatures of a receipt, and the date in its signed text, are not
checked. Nobody is recognised, or compared with who enrols, before that is done: ``is_recognisable`` asks the deciding
transaction for it, for each person whom a search finds and for them alone. So a row that somebody forged makes nobody
known, and stands in nobody else's way: a search gives everybody who reaches the threshold, not the nearest few. A
million people are thus in memory within a minute; their signatures alone would take many.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from typing import Final, Protocol

import numpy as np

from visavis.flows.keyring import Keyring
from visavis.flows.ports import Clock, Store
from visavis.model.consent import Place, SealedReference
from visavis.model.errors import IntegrityError
from visavis.model.keys import SealBroken
from visavis.model.purpose import Gallery
from visavis.protect.gallery_keys import GalleryKeys
from visavis.protect.opening import StoredMany, WrappingKeys, read_many
from visavis.protect.references import open_plain

PAGE: Final = 2_000
"""People read at once. Who withdraws waits until what was opened of them is put in, and for the end of a read."""


@dataclass(frozen=True, slots=True)
class Span:
    """People of a gallery who stand behind one place, up to another; see ``Transaction.sealed_references``."""

    after: Place | None
    until: Place | None


@dataclass(frozen=True, slots=True)
class Opened:
    """References that may be held and whose they are, in the same order; how many people that is, and how many not."""

    reference_ids: Sequence[str]
    subject_ids: Sequence[str]
    stored: StoredMany
    subjects: int
    left_out: int

    def without(self, gone: AbstractSet[str]) -> "Opened":
        """The same but for what belongs to these people."""
        if gone.isdisjoint(self.subject_ids):
            return self
        kept = [at for at, subject_id in enumerate(self.subject_ids) if subject_id not in gone]
        return replace(
            self,
            reference_ids=[self.reference_ids[at] for at in kept],
            subject_ids=[self.subject_ids[at] for at in kept],
            stored=StoredMany(self.stored.vectors[kept], self.stored.versions[kept]),
        )


class OpenPages(Protocol):
    """Opens a gallery, in this process or beside it."""

    def __call__(
        self, gallery: Gallery, *, store: Store, keyring: Keyring, clock: Clock
    ) -> Iterator[tuple[Opened, GalleryKeys]]:
        """Everybody who is ACTIVE from the first page on to the last, page by page in any order.

        Beside each page stand the gallery's keys, as they were when it was read or later.

        :raises SealBroken: the gallery's key does not open. What the store raises is passed on: a gallery of which
            something could not be read never ends as if it were whole.
        """


def spans(gallery: Gallery, *, store: Store) -> Iterator[Span]:
    """The pages of a gallery, which leave nobody out who stays as they are."""
    after: Place | None = None
    while True:
        with store.read() as tx:
            until = tx.place_after(gallery.id, after=after, people=PAGE)
        yield Span(after, until)
        if until is None:
            return
        after = until


def open_here(
    gallery: Gallery, *, store: Store, keyring: Keyring, clock: Clock
) -> Iterator[tuple[Opened, GalleryKeys]]:
    """See ``OpenPages``: in this process, one after the other."""
    for span in spans(gallery, store=store):
        yield open_span(span, gallery=gallery, store=store, keyring=keyring, clock=clock)


def open_span(
    span: Span, *, gallery: Gallery, store: Store, keyring: Keyring, clock: Clock
) -> tuple[Opened, GalleryKeys]:
    """One page in this process.

    It is read in a transaction of its own: one over the whole gallery would keep SQLite from emptying its log, in which
    copies of what is erased meanwhile would stay.
    """
    with store.read() as tx:
        rows = tx.sealed_references(gallery.id, after=span.after, until=span.until, now=clock.now())
        keys = keyring.gallery_keys(tx, gallery.id)
    # After the rows: whatever a key among them is wrapped in was there by then.
    return opened(rows, wrapping=wrapping_keys(keyring), gallery=gallery), keys


def wrapping_keys(keyring: Keyring) -> WrappingKeys:
    """The keys of the epochs there are at this moment."""
    return WrappingKeys({epoch.number: epoch.key for epoch in keyring.keys.tree.epochs})


def opened(page: Sequence[SealedReference], *, wrapping: WrappingKeys, gallery: Gallery) -> Opened:
    """Open what there is on a page. Who has one thing that does not check out is left out with everything."""
    rows: list[SealedReference] = []
    plain: list[bytes] = []
    people = left_out = 0
    for _, theirs in groupby(page, itemgetter(0)):
        people += 1
        enrolled = [row for row in theirs if row.is_enrolled]
        try:
            plain += _open_person(enrolled, gallery=gallery, wrapping=wrapping)
            rows += enrolled
        except IntegrityError:
            left_out += 1
    stored, is_unit = read_many(plain)
    names = [str(row.reference_id) for row in rows], [row.subject_id for row in rows]
    found = Opened(*names, stored, people - left_out, left_out)
    if is_unit.all():
        return found
    if not is_unit.any():
        return Opened([], [], stored, 0, people)
    odd = {rows[at].subject_id for at in np.flatnonzero(~is_unit)}
    return replace(found.without(odd), subjects=found.subjects - len(odd), left_out=left_out + len(odd))


def _open_person(rows: Sequence[SealedReference], *, gallery: Gallery, wrapping: WrappingKeys) -> list[bytes]:
    """What is in the seals of one person's references, in the order of the rows.

    :raises IntegrityError: something is not there, over, or does not open.
    """
    if not rows or rows[0].is_gone or not all(row.is_agreed for row in rows):
        raise SealBroken("Somebody's consent is missing or over.")
    subject_id, public_key, wrapped = rows[0][:3]
    if wrapped is None or public_key is None:
        raise SealBroken("Somebody's key is missing.")
    secret = wrapping.unwrap(wrapped, subject_id=subject_id, public_key=public_key)
    where = (subject_id, gallery.id, gallery.model_id)
    return [
        open_plain(row.sealed or b"", secret=secret, names=(str(row.reference_id), str(row.receipt_id), *where))
        for row in rows
    ]
