"""The keys a running server holds."""

import threading
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from joserfc.jwk import OKPKey

from visavis.flows.ports import KeyFile, Transaction
from visavis.model.consent import Subject, SubjectKey
from visavis.model.keys import Custody, KeyTree, SubjectSecret
from visavis.protect.envelope import key_version_of
from visavis.protect.epochs import epoch_key, grown, present
from visavis.protect.gallery_keys import GalleryKeys, Transforms, open_gallery_key
from visavis.protect.key_store import KeyStore
from visavis.protect.keys import tag, unwrap, wrap


class Keys:
    """The opened key store.

    Every change is on the disk before anybody sees it; what another process wrote is read before anything follows.
    """

    def __init__(self, store: KeyStore, file: KeyFile) -> None:
        self._store = store
        self._file = file
        self._stamp: object = None
        self._changing = threading.RLock()
        self.erased: Callable[[str], bool] = lambda _: False
        """Whether the list of tombstones beside the key store tells of a subject; nothing that writes to the database
        changes what it says."""

    @property
    def tree(self) -> KeyTree:
        """What it keeps, at this moment."""
        return self._newest().tree

    @property
    def custody(self) -> Custody:
        """Who holds the root."""
        return self._newest().custody

    def renew(self) -> None:
        """Read what another process wrote, if one did.

        :raises KeyStoreDamaged: it cannot be read.
        """
        self._newest()

    def change(self, change: Callable[[KeyStore], KeyStore]) -> None:
        """Put another store in the place of this one.

        :raises OSError: the disk did not take it; nothing has changed.
        """
        with self._changing, self._file.held():
            before = self._newest()
            changed = change(before)
            if changed != before:
                self._file.write(changed.sealed())
                self._store, self._stamp = changed, self._file.stamp()

    def _newest(self) -> KeyStore:
        """The store as it is on the disk; an older one in its place is not taken.

        :raises KeyStoreDamaged: the root was exchanged while this process ran, or somebody edited the store.
        """
        stamp = self._file.stamp()
        if stamp in (None, self._stamp):
            return self._store
        with self._changing:
            # Told before it is read: what is written in between is read again.
            stamp = self._file.stamp()
            found = self._store.reread(self._file.read())
            if found.tree.generation >= self._store.tree.generation:
                self._store = found
            self._stamp = stamp
            return self._store

    def change_tree(self, change: Callable[[KeyTree], KeyTree]) -> None:
        """The same for what it keeps."""
        self.change(lambda store: store.with_tree(change(store.tree)))

    def follow(self, generation: int) -> None:
        """Remember how far the database has come, so that an older one is known."""
        if generation > self.tree.generation:
            self.change_tree(lambda tree: grown(tree, generation=generation))


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """The keys of the installation, of its epochs and of the controller; never printed."""

    keys: Keys
    controller: OKPKey
    backup_window: timedelta = timedelta(days=30)
    """How long a backup can be brought back, and so how long tombstones have to stay."""
    transforms: Transforms = field(default_factory=Transforms)

    @property
    def installation(self) -> bytes:
        """What keyed hashes, and keys for one use of the server's, are derived from (32 bytes)."""
        return self.keys.tree.installation

    def reference_tag(self, *, gallery_id: str, external_reference: str) -> bytes:
        """By which a person is found in one gallery under the operator's own name for them.

        Spaces around a name, and how a keyboard composes its letters (Unicode NFC), make no other name.
        """
        name = unicodedata.normalize("NFC", external_reference.strip())
        return tag(self.installation, use="external references", of=f"{gallery_id}|{name}".encode())

    def secret_tag(self, secret: str, *, use: str) -> bytes:
        """What is kept of a secret that was handed out (192 random bits, so nothing slower is needed).

        Keyed, so that whoever can write to the database cannot put the hash of a secret of their own there.
        """
        return tag(self.installation, use=use, of=secret.encode())

    def tombstone_tag(self, reference_tag: bytes) -> bytes:
        """What a tombstone keeps of that name."""
        return tag(self.installation, use="tombstones", of=reference_tag)

    def open_subject_key(self, key: SubjectKey, *, subject: Subject) -> SubjectSecret:
        """The subject's secret.

        :raises SealBroken: the row belongs to another subject or public key, or was edited.
        :raises EpochDestroyed: nobody can open it any more.
        """
        return self.open_wrapped(key.wrapped, subject_id=subject.id, public_key=subject.public_key)

    def open_wrapped(self, wrapped: bytes, *, subject_id: str, public_key: bytes | None) -> SubjectSecret:
        """The same for who has no rows at hand."""
        epoch = key_version_of(wrapped)
        opening = epoch_key(self.keys.tree, epoch)
        return unwrap(wrapped, epoch=epoch, epoch_key=opening, subject_id=subject_id, public_key=public_key)

    def wrap_subject_key(self, secret: SubjectSecret, *, subject_id: str, public_key: bytes | None) -> bytes:
        """Wrap a subject's secret in the present epoch."""
        epoch = present(self.keys.tree)
        return wrap(secret, epoch=epoch.number, epoch_key=epoch.key, subject_id=subject_id, public_key=public_key)

    def gallery_keys(self, tx: Transaction, gallery_id: str) -> GalleryKeys:
        """The keys of a gallery.

        :raises SealBroken: a row belongs to another gallery, or was edited.
        """
        rows = tx.gallery_keys.find(gallery_id=gallery_id)
        opened = {row.version: open_gallery_key(row, installation=self.installation) for row in rows}
        return GalleryKeys(opened, self.transforms)
