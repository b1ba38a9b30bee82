"""Exchanging the keys of galleries and subjects while the server serves.

Each step is one transaction, after which every reference can still be read; what was begun and not finished goes on at
the next look.
"""

import threading
from contextlib import suppress
from dataclasses import replace
from typing import Final

from visavis.flows.entries import open_told, seal_told
from visavis.flows.generation import advance
from visavis.flows.keyring import Keyring
from visavis.flows.live import LiveGalleries
from visavis.flows.ports import Clock, RootPlace, Store, Transaction
from visavis.flows.readings import reseal_reasons
from visavis.flows.record import done_by, record_act, reseal_openings
from visavis.model.access import ApiKey
from visavis.model.audit import Event
from visavis.model.consent import Reference, Subject
from visavis.model.errors import IntegrityError
from visavis.model.keys import RootWithCustodians, SealBroken, SubjectSecret
from visavis.protect.gallery_keys import PLAIN, GalleryKeys, new_gallery_key, open_gallery_key
from visavis.protect.keys import new_subject_secret
from visavis.protect.references import Stored, open_personal, open_stored, seal_personal, seal_stored

_AT_ONCE: Final = 200


class Rotate:
    """The rotating flow."""

    def __init__(self, *, store: Store, keyring: Keyring, clock: Clock, live: LiveGalleries, place: RootPlace) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._live = live
        self._place = place
        self._one_at_a_time = threading.Lock()

    def root(self, *, by: ApiKey | None = None) -> None:
        """Exchange the root key in its file. Nothing below it changes but the store key.

        1. The new root is on the disk beside the old one. 2. Either opens the key store. 3. The new one takes the old
        one's place. 4. It alone opens the store. Whichever file a crash leaves opens the store, and the next start goes
        on from there.

        :param by: who asks for it, which is entered, here and below; None: nobody with a key or an account.
        :raises RootWithCustodians: it is not in a file.
        """
        keys = self._keyring.keys
        if keys.custody.mode != "keyfile":
            raise RootWithCustodians
        with self._one_at_a_time:
            root = self._place.exchange(lambda fresh: keys.change(lambda store: store.with_seat(fresh)))
            keys.change(lambda store: store.finished(root))
        with self._store.write() as tx:
            self._enter(tx, "root", by)

    def gallery(self, gallery_id: str, *, by: ApiKey | None = None) -> int:
        """Exchange a gallery's key, and say how many subjects' references were transformed anew.

        :raises NotFound: there is no such gallery.
        """
        with self._one_at_a_time:
            with self._store.write() as tx:
                tx.galleries.get(gallery_id)
                self._next_version(tx, gallery_id)
                self._enter(tx, "gallery", by, gallery=gallery_id)
            return self._finish(gallery_id)

    def subject(self, subject_id: str, *, by: ApiKey | None = None) -> None:
        """Exchange a subject's key: everything that is sealed for them is sealed anew, in one transaction.

        :raises NotFound: there is no such subject. :raises SealBroken: something of theirs does not open; nothing
            was changed.
        """
        with self._store.write() as tx:
            subject = tx.subjects.get(subject_id)
            self._exchange(tx, subject)
            self._enter(tx, "subject", by, about=tx.subjects.get(subject_id))

    def look(self) -> int:
        """Finish what was begun, and bring what the first release wrote to the present form."""
        with self._one_at_a_time:
            return self._look()

    def _look(self) -> int:
        done = 0
        with self._store.read() as tx:
            galleries = [(g.id, tx.gallery_keys.count(gallery_id=g.id)) for g in tx.galleries.find()]
        for gallery_id, versions in galleries:
            if not versions:
                with self._store.write() as tx:
                    self._next_version(tx, gallery_id)
                done += self._finish(gallery_id)
            elif versions > 1:
                done += self._finish(gallery_id)
        return done

    def _enter(
        self, tx: Transaction, of: str, by: ApiKey | None, *, about: Subject | None = None, **details: str
    ) -> None:
        """Count it, so that a database from before is known to be older, and enter it into the log."""
        advance(tx, self._keyring)
        record_act(
            tx,
            Event.KEY,
            now=self._clock.now(),
            fields={"act": "rotate", "of": of},
            details={**details, **done_by(by)},
            keyring=self._keyring,
            about=about,
        )

    def _next_version(self, tx: Transaction, gallery_id: str) -> None:
        latest = max((row.version for row in tx.gallery_keys.find(gallery_id=gallery_id)), default=PLAIN)
        tx.gallery_keys.add(new_gallery_key(gallery_id, version=latest + 1, installation=self._keyring.installation))

    def _finish(self, gallery_id: str) -> int:
        """1. Every reference is transformed by the newest version. 2. So is what is in memory. 3. Older ones go.

        The newest as it is now: what is added meanwhile must not take this one out, which references still have.
        """
        with self._store.read() as tx:
            newest = max(row.version for row in tx.gallery_keys.find(gallery_id=gallery_id))
        done = self._reseal_all(gallery_id)
        self._live.rebuild(gallery_id)
        with self._store.write() as tx:
            for row in tx.gallery_keys.find(gallery_id=gallery_id):
                if row.version >= newest:
                    continue
                self._keyring.transforms.forget(open_gallery_key(row, installation=self._keyring.installation))
                tx.gallery_keys.remove(id=row.id)
        self._store.scrub()
        return done

    def _reseal_all(self, gallery_id: str) -> int:
        done, after = 0, None
        while True:
            with self._store.read() as tx:
                subjects = tx.subjects.page(after=after, limit=_AT_ONCE, gallery_id=gallery_id)
            if not subjects:
                return done
            after = subjects[-1].id
            for found in subjects:
                # Who has a key that nobody can open is passed over: no version of the gallery's opens it either.
                with suppress(IntegrityError), self._store.write() as tx:
                    subject = tx.subjects.first(id=found.id)
                    if subject is not None:
                        self._reseal(tx, subject)
                        done += 1

    def _reseal(self, tx: Transaction, subject: Subject) -> None:
        secret = self._keyring.open_subject_key(tx.subject_keys.get(subject.id), subject=subject)
        if not secret.version:
            self._exchange(tx, subject)
            return
        for reference in tx.references.find(subject_id=subject.id):
            with suppress(SealBroken):  # one that was edited must not keep the others from the next version
                tx.references.change(self._resealed(tx, reference, subject, old=secret, new=secret))

    def _exchange(self, tx: Transaction, subject: Subject) -> None:
        row = tx.subject_keys.get(subject.id)
        old = self._keyring.open_subject_key(row, subject=subject)
        new = new_subject_secret(after=old)
        for reference in tx.references.find(subject_id=subject.id):
            tx.references.change(self._resealed(tx, reference, subject, old=old, new=new))
        personal = seal_personal(
            open_personal(subject, secret=old), secret=new, subject_id=subject.id, gallery_id=subject.gallery_id
        )
        told = [(e, open_told(tx, e, keyring=self._keyring)) for e in tx.import_entries.find(subject_id=subject.id)]
        reseal_reasons(tx, subject, old=old, new=new)
        reseal_openings(tx, old=old, new=new)
        wrapped = self._keyring.wrap_subject_key(new, subject_id=subject.id, public_key=subject.public_key)
        tx.subject_keys.change(replace(row, wrapped=wrapped))
        tx.subjects.change(replace(subject, sealed_personal=personal))
        for entry, what in told:
            if what is not None:
                tx.import_entries.change(seal_told(what, entry, secret=new, keyring=self._keyring))

    def _resealed(
        self, tx: Transaction, reference: Reference, subject: Subject, *, old: SubjectSecret, new: SubjectSecret
    ) -> Reference:
        gallery, keys = tx.galleries.get(subject.gallery_id), self._keyring.gallery_keys(tx, subject.gallery_id)
        receipt = tx.receipts.first(enrolment_id=reference.enrolment_id)
        receipt_id = "" if receipt is None else receipt.id
        stored = open_stored(reference, receipt_id=receipt_id, secret=old, subject=subject, gallery=gallery)
        names = (reference.id, receipt_id, subject.id, gallery.id, gallery.model_id)
        return replace(reference, sealed=seal_stored(_moved(stored, keys), secret=new, names=names))


def _moved(stored: Stored, keys: GalleryKeys) -> Stored:
    return Stored(keys.moved(stored.vector, stored=stored.version, wanted=keys.latest), keys.latest)
