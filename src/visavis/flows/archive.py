"""Everything that is held about one person, as a document of theirs to keep (GDPR, articles 15 and 20).

The tables that there are, and what of them is shown, stand in ``flows/kept.py``. What an operator is handed on a
person's word has neither the numbers of a template (rule S6: no API key gets one) nor what opens the person's entries
in the public log, which tells nobody else whose they are. The person gets both with their receipt.
"""

import json
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final

from joserfc.jwk import OKPKey

from visavis.consent.archive import DIGESTS, SIGNATURE, list_files, sign_listed
from visavis.consent.receipt import read_offer
from visavis.flows.counting import counted_about
from visavis.flows.entries import Told, open_told
from visavis.flows.held import Held
from visavis.flows.kept import NOT_KEPT, PERSON, Kept, kept
from visavis.flows.keyring import Keyring
from visavis.flows.live import open_stored_references
from visavis.flows.log import Log, OwnEntry
from visavis.flows.ports import Clock, Store, Transaction
from visavis.flows.readings import Looked, Reader, Readings
from visavis.model.access import RateLimited, ReadingKind, Scope
from visavis.model.consent import EnrolmentState, Receipt, Reference, SubjectState
from visavis.model.errors import ConsentRefused, IntegrityError
from visavis.model.station import SessionKind

FORMAT: Final = "visavis-about-you-1"
_BUSY_S: Final = 5.0
"""When to ask again while one is being made."""
_ALL: Final = 10_000_000
"""More entries than anybody has."""
_AGREED: Final = frozenset({SubjectState.ACTIVE, SubjectState.HELD, EnrolmentState.ACTIVE, EnrolmentState.HELD})
_CONSENTED: Final = "CONSENTED"
"""In place of a state that would tell whether somebody has to look first, and so who looks like somebody (rule S3)."""

_WITHOUT_READINGS: Final = {
    "section": "readings",
    "what": "Who read what is held about you",
    "why": "You see it with your receipt. Without one, ask for this file of an administrator, whose key may see it.",
}
LEFT_OUT_FOR_OPERATORS: Final = (
    {
        "section": "templates",
        "what": "The numbers of your templates",
        "why": "No key of an operator gets them, so that nobody collects them person by person. You get them with your "
        "receipt: page /me, button 'Download everything', or 'visavis me archive'.",
    },
    {
        "section": "log",
        "what": "Your entries in the public log",
        "why": "Only your receipt finds them, so that nobody else can tell which are yours. You get them the same way.",
    },
)


@dataclass(frozen=True, slots=True, repr=False)
class About:
    """What is told about somebody: the document, and the signed texts, by the names of their files; never printed."""

    subject_id: str
    made_at: datetime
    document: Mapping[str, Any]
    signed_texts: Mapping[str, bytes]


class Archives:
    """Makes and signs archives."""

    def __init__(
        self, *, store: Store, keyring: Keyring, clock: Clock, readings: Readings, log: Log, log_key: str, server: str
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._clock = clock
        self._readings = readings
        self._log = log
        self._log_key = log_key
        self._server = server
        self._making: set[str] = set()
        self._lock = threading.Lock()

    def own(self, subject_id: str) -> About:
        """For the person who asks; the caller has checked that it is them.

        :raises NotFound: there is no such person. :raises RateLimited: one is being made.
        """
        return self._about(subject_id, left_out=())

    def on_their_word(self, subject_id: str, *, reader: Reader) -> About:
        """For an operator whom the person asked. That they read it is recorded first, and stands in it.

        :raises NotFound: there is no such person.
        """
        with self._store.write() as tx:
            subject = tx.subjects.get(subject_id)
            self._readings.record(tx, ReadingKind.ARCHIVE, reader, gallery_id=subject.gallery_id, subject=subject)
        may_see_who_looked = Scope.ADMIN.value in reader.key.scopes
        return self._about(
            subject_id, left_out=LEFT_OUT_FOR_OPERATORS + (() if may_see_who_looked else (_WITHOUT_READINGS,))
        )

    def signed(self, about: About, files: Mapping[str, bytes]) -> dict[str, bytes]:
        """These files with the key, the digests of all of them and the controller's signature over those."""
        whole = {**files, **about.signed_texts, "controller-key.json": _json(public_jwk(self._keyring.controller))}
        listed = list_files(whole, subject_id=about.subject_id, made_at=about.made_at)
        signature = sign_listed(listed, controller_key=self._keyring.controller)
        return {**whole, DIGESTS: listed, SIGNATURE: f"{signature}\n".encode()}

    def _about(self, subject_id: str, *, left_out: Sequence[Mapping[str, str]]) -> About:
        with self._one_at_a_time(subject_id):
            return self._collected(subject_id, left_out=left_out)

    @contextmanager
    def _one_at_a_time(self, subject_id: str) -> Iterator[None]:
        """Of one person: proofs of a thousand entries take seconds, and nobody needs two archives at once.

        :raises RateLimited: one is being made.
        """
        with self._lock:
            if subject_id in self._making:
                raise RateLimited("An archive of this person is being made.", retry_after_s=_BUSY_S)
            self._making.add(subject_id)
        try:
            yield
        finally:
            with self._lock:
                self._making.discard(subject_id)

    def _collected(self, subject_id: str, *, left_out: Sequence[Mapping[str, str]]) -> About:
        made_at, without = self._clock.now(), {one["section"] for one in left_out}
        with self._store.read() as tx:
            held, looked = self._readings.held_and_looked(tx, subject_id)
            sections = self._sections(tx, held, [] if "readings" in without else looked)
            if "templates" in without:
                sections["templates"] = [_without_numbers(template) for template in sections["templates"]]
            named = {one["station_id"]: None for name in ("decisions", "sessions") for one in sections[name]}
            stations = {id_: tx.stations.get(id_).name for id_ in named if id_ is not None}
        # Read after the rest, by itself: its entries and proofs come from the disk.
        entries = [] if "log" in without else self._log.own(subject_id, limit=_ALL)
        document = {
            "format": FORMAT,
            "server": self._server,
            "made_at": _plain(made_at),
            "made_for": "the operator, on the person's word" if left_out else "the person",
            "purpose": _purpose(held),
            "gallery": {name: _plain(getattr(held.gallery, name)) for name in ("id", "name", "model_id", "created_at")},
            **sections,
            "log": {"key": self._log_key, "entries": [_entry(own) for own in entries]},
            "stations": stations,
            "left_out": list(left_out),
            "kept": [_told(one) for one in PERSON if one.section is not None],
            "withheld": [{**_told(one), "why_not_shown": one.withheld} for one in PERSON if one.withheld is not None],
            "not_kept": list(NOT_KEPT.values()),
        }
        return About(subject_id, made_at, document, _signed_texts(held.receipts))

    def _sections(self, tx: Transaction, held: Held, looked: Sequence[Looked]) -> dict[str, Any]:
        subject = held.subject
        credential, ids = tx.credentials.first(id=subject.id), counted_about(subject)
        return {
            "subject": {**_row(subject, "subjects"), "name": held.external_reference},
            "templates": self._templates(tx, held),
            "receipts": [self._receipt(receipt) for receipt in held.receipts],
            "enrolments": _rows(tx.enrolments.find(subject_id=subject.id), "enrolments"),
            "other_way": None if credential is None else {**_row(credential, "credentials"), "pin": True, "qr": True},
            "wrong_tries": _rows([one for id_ in ids if (one := tx.tries.first(id=id_)) is not None], "tries"),
            "decisions": _rows(held.decisions, "decisions"),
            "sessions": _sessions(tx, held),
            "readings": [
                {**_row(one.reading, "readings"), "key_name": one.key_name, "reason": one.reason} for one in looked
            ],
            "imports": self._imports(tx, subject.id),
        }

    def _templates(self, tx: Transaction, held: Held) -> list[dict[str, Any]]:
        """Each template as it is stored: turned by the gallery's key, so that it fits nowhere else."""
        made = []
        ends = {receipt.enrolment_id: receipt.expires_at for receipt in held.receipts}
        for reference in held.references:
            told = {**_row(reference, "references"), "model_id": held.gallery.model_id}
            told |= {"expires_at": _plain(ends.get(reference.enrolment_id)), **self._numbers(tx, held, reference)}
            made.append(told)
        return made

    def _numbers(self, tx: Transaction, held: Held, reference: Reference) -> dict[str, Any]:
        try:
            (stored,) = open_stored_references(tx, [reference], held.subject, keyring=self._keyring)
        except IntegrityError:
            return {"length": None, "gallery_key_version": None, "numbers": None}  # damaged: nothing opens it
        # Nine digits give every float32 back exactly.
        numbers = [float(f"{number:.9g}") for number in stored.vector.tolist()]
        return {"length": len(numbers), "gallery_key_version": stored.version, "numbers": numbers}

    def _receipt(self, receipt: Receipt) -> dict[str, Any]:
        """With what stands in it; a text that the controller did not sign is shown as it is, and not read."""
        record = given_at = None
        with suppress(ConsentRefused):
            record = read_offer(receipt.offer, controller_key=self._keyring.controller)
        if receipt.countersignature is not None:
            given_at = _payload(receipt.countersignature).get("given_at")
        return {**_row(receipt, "receipts"), "given_at": given_at, "record": record}

    def _imports(self, tx: Transaction, subject_id: str) -> list[dict[str, Any]]:
        found = []
        for entry in tx.import_entries.find(subject_id=subject_id):
            of, told = tx.imports.get(entry.import_id), self._opened(tx, entry)
            refusals = [] if told is None else [{"photo": one.photo, "code": one.code} for one in told.refusals]
            context = {"name": of.name, "made_by": of.made_by, "expires_at": _plain(of.expires_at)}
            found.append({**_row(entry, "import_entries"), **context, "refusals": refusals})
        return found

    def _opened(self, tx: Transaction, entry: Any) -> Told | None:
        try:
            return open_told(tx, entry, keyring=self._keyring)
        except IntegrityError:
            return None


def _without_numbers(template: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in template.items() if name != "numbers"}


def public_jwk(key: OKPKey) -> dict[str, str]:
    """The public half of the controller's key (RFC 7517)."""
    members = {name: str(value) for name, value in key.as_dict(private=False).items()}
    return {**members, "kid": key.thumbprint(), "use": "sig", "alg": "Ed25519"}


def as_json(document: Mapping[str, Any]) -> bytes:
    """The document as it stands in the archive."""
    return _json(document)


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


def _told(one: Kept) -> dict[str, Any]:
    return {"section": one.section, "what": one.what, "why": one.why, "until": one.until}


def _purpose(held: Held) -> dict[str, Any]:
    purpose = held.purpose
    names = ("id", "name", "controller", "contact", "jurisdiction", "retention_days", "target_kind", "target")
    more = ("max_fnmr", "liveness", "created_at", "ends_at")
    return {name: _plain(getattr(purpose, name)) for name in (*names, *more)}


def _sessions(tx: Transaction, held: Held) -> list[dict[str, Any]]:
    """Those of decisions about the person, and those they were invited to."""
    own = tx.sessions.find(subject_id=held.subject.id, kind=SessionKind.PERSONAL)
    found = {session.id: session for session in own}
    for decision in held.decisions:
        found[decision.session_id] = tx.sessions.get(decision.session_id)
    return _rows(sorted(found.values(), key=lambda session: session.opened_at), "sessions")


def _signed_texts(receipts: Iterable[Receipt]) -> dict[str, bytes]:
    files = {}
    for receipt in receipts:
        files[f"receipts/{receipt.id}.offer.jws"] = receipt.offer.encode()
        if receipt.countersignature is not None:
            files[f"receipts/{receipt.id}.countersignature.jws"] = receipt.countersignature.encode()
    return files


def _entry(own: OwnEntry) -> dict[str, Any]:
    """The entry as ``/v1/me/log`` has it."""
    return {
        "index": own.index,
        "entry": own.entry.decode("ascii"),
        "salt": urlsafe_b64encode(own.opened.salt).rstrip(b"=").decode(),
        "details": dict(own.opened.details),
        "proof": None if own.proof is None else bytes(own.proof).decode(),
    }


def _rows(values: Iterable[Any], table: str) -> list[dict[str, Any]]:
    return [_row(value, table) for value in values]


def _row(value: Any, table: str) -> dict[str, Any]:
    """What of a row is shown, by the names of its columns."""
    return {name: _plain(getattr(value, name)) for name in kept(table).fields}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    if isinstance(value, Enum):
        return _CONSENTED if value in _AGREED else value.value
    if isinstance(value, bytes):
        return urlsafe_b64encode(value).rstrip(b"=").decode()
    return value


def _payload(token: str) -> dict[str, Any]:
    """What a JWS says, unchecked: it is shown to the person whose word it is."""
    try:
        part = token.split(".")[1]
        payload = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        return {}
    return payload if isinstance(payload, dict) else {}
