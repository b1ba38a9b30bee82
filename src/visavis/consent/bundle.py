"""The export bundle: references of a gallery with the receipts that allow them, signed by the controller.

Lines of canonical JSON (RFC 8785): a header, one line a person, an end. Each is signed by the exporting controller, a
person's with the name of the request, so that none can be put into another bundle, and none's references beside
another's receipts. ``spec/export-bundle.md`` has an example, the fields and vectors. Encrypting is not done here.
"""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc.jwk import OKPKey

from visavis.consent.receipt import as_public_key, read_offer
from visavis.consent.rules import require_live_consent
from visavis.model.consent import MAX_REFERENCES, ConsentForged, Receipt, Subject, SubjectState
from visavis.model.export import BUNDLE_LIFE, CLOCKS_APART, BundleForged, BundleMalformed, BundleOver
from visavis.model.public_key import is_sound_key

FORMAT: Final = "visavis-export-bundle-1"
MAX_LINE: Final = 2 * 1024 * 1024
"""Longest line, in bytes."""

Kind = Literal["header", "person", "end"]
_LABELS: Final[dict[str, bytes]] = {
    kind: f"visavis export bundle 1 {kind}\n".encode() for kind in ("header", "person", "end")
}
_HEADER: Final = {
    "format", "request", "approvals", "gallery", "purpose", "controller_key", "model_id", "dimension", "made_at",
}  # fmt: skip
_PERSON: Final = {
    "request_id", "number", "subject_id", "public_key", "external_reference", "receipts", "references",
}  # fmt: skip
_END: Final = {"request_id", "people", "references", "left_out", "sha256"}
_FLOAT_BYTES: Final = 4


@dataclass(frozen=True, slots=True)
class Header:
    """What a bundle says of itself; ``told`` is all of it."""

    request_id: str
    gallery_id: str
    purpose_id: str
    purpose: Mapping[str, Any]
    controller_key: bytes
    model_id: str
    dimension: int
    made_at: datetime
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CarriedReference:
    """A template as the model made it, float32 in little-endian order, and the receipt that allows it."""

    receipt_id: str
    template: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class CarriedReceipt:
    """A receipt as the person holds it."""

    id: str
    offer: str
    countersignature: str


@dataclass(frozen=True, slots=True)
class CarriedPerson:
    """One person of a bundle; ``public_key`` is the raw Ed25519 key they agreed with."""

    number: int
    subject_id: str
    public_key: bytes
    external_reference: str = field(repr=False)
    receipts: Sequence[CarriedReceipt]
    references: Sequence[CarriedReference]


@dataclass(frozen=True, slots=True)
class End:
    """How much a bundle has: people, references, and people who were left out."""

    people: int
    references: int
    left_out: int
    sha256: str


def write_line(kind: Kind, told: Mapping[str, Any], *, controller_key: OKPKey) -> bytes:
    """One line with its end, signed."""
    inner = rfc8785.dumps(dict(told))
    private = controller_key.private_key
    if not isinstance(private, Ed25519PrivateKey):
        raise TypeError("the controller's key is an Ed25519 key")
    signature = _text(private.sign(_LABELS[kind] + inner))
    return rfc8785.dumps({kind: dict(told), "signature": signature}) + b"\n"


def read_line(line: bytes, *, kind: Kind, controller_key: bytes) -> dict[str, Any]:
    """What stands in a line that this controller signed.

    1. It is of the form, in canonical JSON, with nothing beside it.
    2. The signature is the controller's, over a line of this kind.

    :param line: without its end.
    :param controller_key: the raw Ed25519 key (32 bytes) that somebody named who knows the controller.
    :raises BundleMalformed: 1. :raises BundleForged: 2.
    """
    # 1
    try:
        found = json.loads(line) if len(line) <= MAX_LINE else None
        canonical = rfc8785.dumps(found)
    except (ValueError, RecursionError, TypeError):
        raise BundleMalformed("A line is not JSON.") from None
    if not isinstance(found, dict) or canonical != line or set(found) != {kind, "signature"}:
        raise BundleMalformed(f"A line is not the {kind} that should stand there.")
    told, signature = found[kind], _bytes(found["signature"])
    if not isinstance(told, dict):
        raise BundleMalformed(f"The {kind} has no members.")
    # 2
    if not is_sound_key(controller_key):
        raise BundleForged("The controller's key is none.")
    try:
        Ed25519PublicKey.from_public_bytes(controller_key).verify(signature, _LABELS[kind] + rfc8785.dumps(told))
    except (InvalidSignature, ValueError):
        raise BundleForged(f"The {kind} was not signed by the controller that was named.") from None
    return told


def read_header(line: bytes, *, controller_key: bytes, now: datetime) -> Header:
    """The header, of a bundle that can still be brought in.

    1. The controller signed it, and names themselves in it.
    2. It has the members of a header.
    3. It is not older than tombstones are kept, and not from days that are to come.

    :raises BundleMalformed, BundleForged: 1 and 2. :raises BundleOver: 3.
    """
    # 1, 2
    told = read_line(line, kind="header", controller_key=controller_key)
    try:
        if set(told) != _HEADER or told["format"] != FORMAT:
            raise BundleMalformed("This is not a bundle of a form that is known.")
        named = _bytes(told["controller_key"]["x"])
        header = Header(
            request_id=_str(told["request"]["id"]),
            gallery_id=_str(told["gallery"]["id"]),
            purpose_id=_str(told["purpose"]["id"]),
            purpose=told["purpose"],
            controller_key=named,
            model_id=_str(told["model_id"]),
            dimension=_count(told["dimension"]),
            made_at=datetime.fromisoformat(_str(told["made_at"])).astimezone(UTC),
            told=told,
        )
        asked = (_str(told["request"]["gallery_id"]), _str(told["request"]["purpose_id"]))
    except (KeyError, TypeError, ValueError, OverflowError):
        raise BundleMalformed("A member of the header is missing or not of its form.") from None
    if named != controller_key:
        raise BundleForged("The header names another controller than the one that signed it.")
    if asked != (header.gallery_id, header.purpose_id):
        raise BundleMalformed("The request was for another gallery or purpose.")
    # 3
    if not -CLOCKS_APART < now - header.made_at < BUNDLE_LIFE:
        raise BundleOver
    return header


def read_person(line: bytes, *, header: Header) -> CarriedPerson:
    """One person, with references of whom each is allowed by one of their receipts.

    1. The controller signed the line, for this bundle.
    2. It has the members of a person, and templates as long as the model makes them.
    3. Each reference names a receipt that is there, and each receipt has a reference.

    Whether the receipts are true is asked by ``require_receipts``.

    :raises BundleMalformed: 2 and 3. :raises BundleForged: 1.
    """
    # 1
    told = read_line(line, kind="person", controller_key=header.controller_key)
    if told.get("request_id") != header.request_id:
        raise BundleForged("A person was put here from another bundle.")
    # 2
    try:
        if set(told) != _PERSON:
            raise BundleMalformed("A person has other members than they should.")
        receipts = [
            CarriedReceipt(_str(one["receipt_id"]), _str(one["offer"]), _str(one["countersignature"]))
            for one in told["receipts"]
        ]
        references = [CarriedReference(_str(one["receipt_id"]), _bytes(one["template"])) for one in told["references"]]
        person = CarriedPerson(
            number=_count(told["number"]),
            subject_id=_str(told["subject_id"]),
            public_key=_bytes(told["public_key"]),
            external_reference=_str(told["external_reference"]),
            receipts=receipts,
            references=references,
        )
    except (KeyError, TypeError, ValueError):
        raise BundleMalformed("A member of a person is missing or not of its form.") from None
    if any(len(reference.template) != _FLOAT_BYTES * header.dimension for reference in references):
        raise BundleMalformed("A template is longer or shorter than the model makes them.")
    # 3
    known = [receipt.id for receipt in receipts]
    if len(set(known)) != len(known) or {reference.receipt_id for reference in references} != set(known):
        raise BundleMalformed("A reference has no receipt, or a receipt no reference.")
    if not 1 <= len(references) <= MAX_REFERENCES:
        raise BundleMalformed("A person has no references, or more than one may have.")
    return person


def read_end(line: bytes, *, header: Header) -> End:
    """How much the bundle says that it has.

    :raises BundleMalformed, BundleForged: it is not the end of this bundle.
    """
    told = read_line(line, kind="end", controller_key=header.controller_key)
    if set(told) != _END:
        raise BundleMalformed("The end has other members than it should.")
    if told["request_id"] != header.request_id:
        raise BundleForged("The end is another bundle's.")
    try:
        counts = [_count(told[name]) for name in ("people", "references", "left_out")]
        return End(counts[0], counts[1], counts[2], _str(told["sha256"]))
    except TypeError:
        raise BundleMalformed("A count of the end is none.") from None


def require_receipts(person: CarriedPerson, *, header: Header, now: datetime) -> list[dict[str, Any]]:
    """Rule S1 for somebody who comes in a bundle: each receipt is theirs, whole and not over. Gives what they say.

    1. The exporting controller signed each offer: for this receipt, subject, gallery and purpose.
    2. The person countersigned it with the one key that is theirs.
    3. It names the purpose's controller as the header has them.
    4. Its time is not over.

    :raises ConsentForged: 1, 2 or 3. :raises ConsentExpired: 4.
    """
    key = as_public_key(header.controller_key)
    if not is_sound_key(person.public_key):
        raise ConsentForged("The person's key is none.")
    subject = Subject(
        person.subject_id, header.gallery_id, SubjectState.ACTIVE, b"", b"", person.public_key, header.made_at
    )
    offers = []
    for carried in person.receipts:
        receipt = Receipt(carried.id, "", person.subject_id, carried.offer, carried.countersignature, header.made_at)
        try:
            # 1, 2, 4
            require_live_consent(receipt, subject=subject, purpose_id=header.purpose_id, controller_key=key, now=now)
            offer = read_offer(carried.offer, controller_key=key)
            controllers, _words = controllers_of(offer), words_of(offer)
        except (KeyError, TypeError, AttributeError):
            # Another controller's server signs what it likes.
            raise ConsentForged("What the controller signed has not the form of an offer.") from None
        # 3
        if controllers != [header.purpose.get("controller")]:
            raise ConsentForged("The receipt names another controller than the bundle.")
        offers.append(offer)
    return offers


def controllers_of(offer: Mapping[str, Any]) -> list[Any]:
    """Who an offer says decides about the data, by name."""
    return [name for purpose in offer["pii_processing"]["purposes"] for name in purpose["pii_controllers"]]


def words_of(offer: Mapping[str, Any]) -> tuple[str, str]:
    """The language and the words that the person read."""
    notice = offer["pii_processing"]["privacy_notice"]
    return str(notice["language"]), str(notice["text"])


@dataclass(slots=True)
class Reading:
    """A bundle that is read line by line, kept to its order and its end.

    :param controller_key: as ``read_line``.
    """

    controller_key: bytes
    now: datetime
    header: Header | None = None
    end: End | None = None
    people: int = 0
    references: int = 0
    _digest: Any = field(default_factory=hashlib.sha256, repr=False)

    def take(self, line: bytes) -> CarriedPerson | None:
        """The next line, without its end; the person in it, if there is one.

        :raises BundleMalformed, BundleForged, BundleOver: it is not the line that should come.
        """
        if self.end is not None:
            raise BundleMalformed("There is something behind the end.")
        if self.header is None:
            self.header = read_header(line, controller_key=self.controller_key, now=self.now)
        elif line.startswith(b'{"end":'):
            self._finish(line, self.header)
            return None
        else:
            person = read_person(line, header=self.header)
            self.people += 1
            self.references += len(person.references)
            if person.number != self.people:
                raise BundleMalformed("The people are not in their order.")
            self._digest.update(line + b"\n")
            return person
        self._digest.update(line + b"\n")
        return None

    def finish(self) -> tuple[Header, End]:
        """What was read, once it is whole.

        :raises BundleMalformed: it broke off.
        """
        if self.header is None or self.end is None:
            raise BundleMalformed("The bundle breaks off before its end.")
        return self.header, self.end

    def _finish(self, line: bytes, header: Header) -> None:
        end = read_end(line, header=header)
        if (end.people, end.references, end.sha256) != (self.people, self.references, self._digest.hexdigest()):
            raise BundleMalformed("The bundle has more or less in it than its end says.")
        self.end = end


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: Any) -> bytes:
    try:
        data = urlsafe_b64decode(_str(text) + "==")
    except (ValueError, TypeError):
        raise BundleMalformed("What should be base64 is not.") from None
    if _text(data) != text:
        raise BundleMalformed("What should be base64 is not.")
    return data


def _str(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError("not a count")
    return value
