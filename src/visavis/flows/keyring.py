"""The keys a running server holds."""

import unicodedata
from dataclasses import dataclass

from joserfc.jwk import OKPKey

from visavis.model.consent import Subject, SubjectKey
from visavis.protect.keys import tag, unwrap


@dataclass(frozen=True, slots=True, repr=False)
class Keyring:
    """The root key (32 bytes) and the controller's signing key; never printed."""

    root: bytes
    controller: OKPKey

    def reference_tag(self, *, gallery_id: str, external_reference: str) -> bytes:
        """By which a person is found in one gallery under the operator's own name for them.

        Spaces around a name, and how a keyboard composes its letters (Unicode NFC), make no other name.
        """
        name = unicodedata.normalize("NFC", external_reference.strip())
        return tag(self.root, use="external references", of=f"{gallery_id}|{name}".encode())

    def secret_tag(self, secret: str, *, use: str) -> bytes:
        """What is kept of a secret that was handed out (192 random bits, so nothing slower is needed).

        Keyed, so that whoever can write to the database cannot put the hash of a secret of their own there.
        """
        return tag(self.root, use=use, of=secret.encode())

    def tombstone_tag(self, reference_tag: bytes) -> bytes:
        """What a tombstone keeps of that name."""
        return tag(self.root, use="tombstones", of=reference_tag)

    def open_subject_key(self, key: SubjectKey, *, subject: Subject) -> bytes:
        """The subject's key.

        :raises SealBroken: the row belongs to another subject or public key, or was edited.
        """
        return unwrap(key.wrapped, root=self.root, subject_id=subject.id, public_key=subject.public_key)
