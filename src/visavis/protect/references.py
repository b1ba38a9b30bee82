"""What is sealed for a subject, and for which place."""

import json
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.model.consent import Reference, Subject
from visavis.model.keys import SealBroken, SubjectSecret
from visavis.model.purpose import Gallery
from visavis.model.template import Template
from visavis.protect.envelope import Context, seal, unseal
from visavis.protect.gallery_keys import PLAIN, GalleryKeys

VERSION_BYTES: Final = 4
_STORED_FLOAT: Final = np.dtype("<f4")
SQUARED_TOLERANCE: Final = 2e-3
"""A length of 1 within 0.001."""
_KIND: Final = "transformed reference"
_FIRST_KIND: Final = "reference"
"""As the first release sealed them: not transformed. Only keys of version 0 have such."""
_UNVERSIONED: Final = PLAIN.to_bytes(VERSION_BYTES, "big")

Names = tuple[str, str, str, str, str]
"""Where a reference belongs: its name, and those of the receipt, the subject, the gallery and the model."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A template as it is stored: a unit vector (float32, (d,)), transformed by that version of its gallery's key."""

    vector: NDArray[np.float32]
    version: int


def seal_template(
    template: Template,
    *,
    secret: SubjectSecret,
    keys: GalleryKeys,
    reference_id: str,
    receipt_id: str,
    subject_id: str,
    gallery: Gallery,
) -> bytes:
    """Transform one template by the gallery's key and seal it for one reference of one subject.

    :param receipt_id: the receipt that has to be countersigned for it; under another one it does not open (rule S1).
    """
    vector = keys.moved(template.vector, stored=PLAIN, wanted=keys.latest)
    names = (reference_id, receipt_id, subject_id, gallery.id, template.model_id)
    return _seal(vector, keys.latest, secret, names)


def seal_stored(stored: Stored, *, secret: SubjectSecret, names: Names) -> bytes:
    """Seal a template that is transformed already."""
    return _seal(stored.vector, stored.version, secret, names)


def _seal(vector: NDArray[np.float32], version: int, secret: SubjectSecret, names: Names) -> bytes:
    plaintext = version.to_bytes(VERSION_BYTES, "big") + vector.astype(_STORED_FLOAT, copy=False).tobytes()
    return seal(plaintext, key=secret.sealing, context=Context(_KIND, names), key_version=secret.version)


def open_stored(
    reference: Reference, *, receipt_id: str, secret: SubjectSecret, subject: Subject, gallery: Gallery
) -> Stored:
    """Open a reference where it belongs.

    :raises SealBroken: the row was moved to another receipt, subject, gallery or model, or edited.
    """
    names = (reference.id, receipt_id, subject.id, gallery.id, gallery.model_id)
    return open_sealed(reference.sealed, secret=secret, names=names)


def open_sealed(sealed: bytes, *, secret: SubjectSecret, names: Names) -> Stored:
    """The same for who has no rows at hand.

    :raises SealBroken: as ``open_stored``.
    """
    plaintext = open_plain(sealed, secret=secret, names=names)
    return Stored(_vector(plaintext[VERSION_BYTES:]), int.from_bytes(plaintext[:VERSION_BYTES], "big"))


def open_plain(sealed: bytes, *, secret: SubjectSecret, names: Names) -> bytes:
    """What is in the seal of a reference: the version of its gallery's key, and its numbers.

    :raises SealBroken: as ``open_stored``.
    """
    key, version = secret.sealing, secret.version
    try:
        return unseal(sealed, key=key, context=Context(_KIND, names), key_version=version)
    except SealBroken:
        if version:
            raise
        return _UNVERSIONED + unseal(sealed, key=key, context=Context(_FIRST_KIND, names))


def _vector(floats: bytes) -> NDArray[np.float32]:
    vector = np.frombuffer(floats, dtype=_STORED_FLOAT).astype(np.float32)
    if not abs(float(vector.dot(vector)) - 1.0) < SQUARED_TOLERANCE:
        raise SealBroken("A reference is not a unit vector.")
    return vector


def open_template(
    reference: Reference,
    *,
    receipt_id: str,
    secret: SubjectSecret,
    keys: GalleryKeys,
    subject: Subject,
    gallery: Gallery,
) -> Template:
    """The template of a reference, as the model made it.

    :raises SealBroken: as ``open_stored``.
    """
    stored = open_stored(reference, receipt_id=receipt_id, secret=secret, subject=subject, gallery=gallery)
    return Template(vector=keys.moved(stored.vector, stored=stored.version, wanted=PLAIN), model_id=gallery.model_id)


def seal_personal(fields: dict[str, str], *, secret: SubjectSecret, subject_id: str, gallery_id: str) -> bytes:
    """Seal what the operator calls the person."""
    context = Context("personal fields", (subject_id, gallery_id))
    plaintext = json.dumps(fields, sort_keys=True).encode()
    return seal(plaintext, key=secret.sealing, context=context, key_version=secret.version)


def open_personal(subject: Subject, *, secret: SubjectSecret) -> dict[str, str]:
    """Open what the operator calls the person.

    :raises SealBroken: the row was moved or edited.
    """
    context = Context("personal fields", (subject.id, subject.gallery_id))
    told = unseal(subject.sealed_personal, key=secret.sealing, context=context, key_version=secret.version)
    fields: dict[str, str] = json.loads(told)
    return fields
