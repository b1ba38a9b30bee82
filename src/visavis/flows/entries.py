"""What an import keeps of one person, sealed like everything else about them."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

from visavis.flows.keyring import Keyring
from visavis.flows.ports import Transaction
from visavis.model.bulk import EntryOutcome, Import, ImportEntry
from visavis.model.consent import Enrolment, Subject
from visavis.model.keys import SubjectSecret
from visavis.protect.envelope import Context, seal, unseal
from visavis.protect.keys import derive

_NOTHING: Final = b""
"""What is sealed about somebody who is erased."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A photo that was refused, by the operator's name for the file; no name: the refusal is about the person."""

    photo: str | None
    code: str


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """What the sealed part of an entry says; never printed. ``link_secret`` is None once it was used."""

    external_reference: str
    refusals: Sequence[Refused]
    link_secret: str | None


def seal_told(told: Told, entry: ImportEntry, *, secret: SubjectSecret | None, keyring: Keyring) -> ImportEntry:
    """The entry with what it says, under the subject's key; under one of the server's where there is no subject."""
    plaintext = json.dumps(asdict(told)).encode()
    key, version = _key(secret, keyring)
    return replace(entry, sealed=seal(plaintext, key=key, context=_context(entry), key_version=version))


def open_told(tx: Transaction, entry: ImportEntry, *, keyring: Keyring) -> Told | None:
    """What the entry says; None where the person is erased.

    :raises SealBroken: the row was moved or edited.
    """
    if entry.outcome is EntryOutcome.ERASED:
        return None
    secret = None
    if entry.subject_id is not None:
        subject = tx.subjects.get(entry.subject_id)
        secret = keyring.open_subject_key(tx.subject_keys.get(subject.id), subject=subject)
    key, version = _key(secret, keyring)
    fields = json.loads(unseal(entry.sealed, key=key, context=_context(entry), key_version=version))
    fields["refusals"] = [Refused(**refused) for refused in fields["refusals"]]
    return Told(**fields)


def drop_links(tx: Transaction, enrolment: Enrolment, subject: Subject, *, keyring: Keyring) -> None:
    """Forget the secret of a link that was used.

    :param subject: as stored now, with the key the person agreed with.
    """
    for entry in tx.import_entries.find(enrolment_id=enrolment.id):
        told = open_told(tx, entry, keyring=keyring)
        if told is not None and told.link_secret is not None:
            secret = keyring.open_subject_key(tx.subject_keys.get(subject.id), subject=subject)
            without = replace(told, link_secret=None)
            tx.import_entries.change(seal_told(without, entry, secret=secret, keyring=keyring))


def erase_entries(tx: Transaction, *, subject_id: str | None = None, enrolment_id: str | None = None) -> None:
    """Leave no word about somebody, nor about one batch of their photos, in any import."""
    which = {"subject_id": subject_id} if enrolment_id is None else {"enrolment_id": enrolment_id}
    for entry in tx.import_entries.find(**which):
        tx.import_entries.change(erased(entry))


def end_import(tx: Transaction, ended: Import) -> None:
    """Take an import out with all its entries; the people in it are not touched."""
    tx.import_entries.remove(import_id=ended.id)
    tx.imports.remove(id=ended.id)


def erased(entry: ImportEntry) -> ImportEntry:
    """The entry of somebody who is not to be brought back; it keeps that alone."""
    return replace(
        entry,
        outcome=EntryOutcome.ERASED,
        subject_id=None,
        enrolment_id=None,
        stored=0,
        refused=0,
        sealed=_NOTHING,
    )


def _key(secret: SubjectSecret | None, keyring: Keyring) -> tuple[bytes, int]:
    """The key and its version."""
    if secret is None:
        return derive(keyring.installation, "import entries of nobody"), 0
    return secret.sealing, secret.version


def _context(entry: ImportEntry) -> Context:
    return Context("import entry", (entry.id, entry.import_id, entry.subject_id or ""))
