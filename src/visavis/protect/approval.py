"""What custodians sign when references are handed over in bulk, and whether enough of them did.

Pure: no clock, no store. The forms, to the byte, are in ``spec/export-bundle.md``.
"""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, Final

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pyrage import RecipientError, x25519

from visavis.model.export import (
    MAX_LIFE,
    Approval,
    ApprovalForeign,
    ApprovalRepeated,
    ApprovalsTooFew,
    ApprovalUnfit,
    ExportExpired,
    ExportMalformed,
    ExportRequest,
    NoCustodians,
    RecipientMalformed,
)
from visavis.model.keys import Custodian, Custody

FORMAT: Final = "visavis-export-request-1"
MAX_DOCUMENT: Final = 8 * 1024
"""Longest request, in bytes."""

MOST_APPROVALS: Final = 16
"""As many as there can be custodians."""

_LABEL: Final = b"visavis export approval 1\n"
"""Before every request that is signed, so that a signature over it is one over nothing else."""

_KEY_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_STAMP: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_FORMS: Final[dict[str, re.Pattern[str]]] = {
    "id": re.compile(r"exp_[a-z2-7]{26}"),
    "installation": re.compile(r"[!-*,-~]{1,300}"),
    "purpose_id": re.compile(r"pur_[a-z2-7]{26}"),
    "gallery_id": re.compile(r"gal_[a-z2-7]{26}"),
    "recipient": re.compile(r"age1[a-z0-9]{58}"),
    "reason": re.compile(r".{1,200}"),
    "asked_by": re.compile(r".{1,200}"),
    "made_at": _STAMP,
    "expires_at": _STAMP,
    "nonce": re.compile(r"[A-Za-z0-9_-]{21}[AQgw]"),
}
_TIMES: Final = frozenset({"made_at", "expires_at"})


def require_recipient(text: str) -> None:
    """The text is an age X25519 public key, written in the one way there is.

    :raises RecipientMalformed: it is not.
    """
    try:
        known = str(x25519.Recipient.from_str(text))
    except RecipientError:
        raise RecipientMalformed from None
    if known != text:
        raise RecipientMalformed


def write_request(request: ExportRequest) -> bytes:
    """A request as it is signed: canonical JSON (RFC 8785)."""
    told: dict[str, str] = {"format": FORMAT}
    for field in fields(request):
        value = getattr(request, field.name)
        told[field.name] = stamp(value) if isinstance(value, datetime) else value
    return rfc8785.dumps(told)


def read_request(document: bytes) -> ExportRequest:
    """A request.

    1. It is one JSON object in canonical form, not longer than any request.
    2. It has the members of a request, each in its form, and no others.
    3. Its recipient is one, and it does not last longer than it may.

    :raises ExportMalformed: one of them does not hold.
    """
    # 1
    try:
        found = json.loads(document) if len(document) <= MAX_DOCUMENT else None
        canonical = rfc8785.dumps(found)
    except (ValueError, RecursionError, TypeError):
        raise ExportMalformed("This is not JSON.") from None
    if not isinstance(found, dict) or canonical != document:
        raise ExportMalformed("This is not a request in canonical JSON.")
    # 2
    if set(found) != {"format", *_FORMS} or found["format"] != FORMAT:
        raise ExportMalformed("This is not a request of a form that is known.")
    if not all(isinstance(found[name], str) and form.fullmatch(found[name]) for name, form in _FORMS.items()):
        raise ExportMalformed("A member of the request is not of its form.")
    if not (found["reason"].isprintable() and found["asked_by"].isprintable()):
        raise ExportMalformed("The request has characters that cannot be shown.")
    told: dict[str, Any] = {name: found[name] for name in _FORMS}
    told |= {name: _moment(found[name]) for name in _TIMES}
    request = ExportRequest(**told)
    # 3
    try:
        require_recipient(request.recipient)
    except RecipientMalformed:
        raise ExportMalformed("The recipient is no age public key.") from None
    if not request.made_at < request.expires_at <= request.made_at + MAX_LIFE:
        raise ExportMalformed("The request ends before it begins, or lasts too long.")
    return request


def message(document: bytes) -> bytes:
    """What is signed: a line that says what for, and the request as it is written."""
    return _LABEL + document


def approve(document: bytes, *, approval_key: Ed25519PrivateKey) -> Approval:
    """A custodian's word for a request that they have read.

    :raises ExportMalformed: it is not a request.
    """
    read_request(document)
    public = approval_key.public_key().public_bytes_raw()
    return Approval(key=public, signature=approval_key.sign(message(document)))


def require_approval(document: bytes, approval: Approval, *, custody: Custody) -> Custodian:
    """The custodian whose word this is.

    1. There are custodians: a root key in a file is nobody's share.
    2. The key is one of theirs, as they are now: whoever was removed has no say.
    3. It signed exactly this request.

    :raises NoCustodians: 1. :raises ApprovalForeign: 2. :raises ApprovalUnfit: 3.
    """
    # 1
    require_custodians(custody)
    # 2
    found = [custodian for custodian in custody.custodians if custodian.approval_key == approval.key]
    if not found:
        raise ApprovalForeign
    # 3
    try:
        Ed25519PublicKey.from_public_bytes(approval.key).verify(approval.signature, message(document))
    except (InvalidSignature, ValueError):
        raise ApprovalUnfit from None
    return found[0]


def require_live(request: ExportRequest, *, now: datetime) -> None:
    """The request can still be approved and carried out.

    :raises ExportExpired: its time is over, or lies ahead of the clock.
    """
    if not request.made_at <= now < request.expires_at:
        raise ExportExpired


def require_approved(
    document: bytes, approvals: Sequence[Approval], *, custody: Custody, now: datetime
) -> ExportRequest:
    """Rule S6: the request, if so many custodians signed exactly this one as the quorum has.

    1. It is a request of the form that is known.
    2. Its time is not over.
    3. There are custodians.
    4. Each approval is of one of them, as they are now, and over exactly this request. One that is not spoils all: who
       was removed meanwhile may have been removed for it.
    5. No custodian is there twice.
    6. They are at least as many as the quorum has.

    :raises ExportMalformed: 1. :raises ExportExpired: 2. :raises NoCustodians: 3.
    :raises ApprovalForeign, ApprovalUnfit: 4. :raises ApprovalRepeated: 5. :raises ApprovalsTooFew: 6.
    """
    # 1
    request = read_request(document)
    # 2
    require_live(request, now=now)
    # 3
    require_custodians(custody)
    # 4
    said = [require_approval(document, approval, custody=custody) for approval in approvals]
    # 5
    if len({custodian.number for custodian in said}) != len(said) or len({a.key for a in approvals}) != len(said):
        raise ApprovalRepeated
    # 6
    if len(said) < custody.threshold:
        raise ApprovalsTooFew(f"{len(said)} of {custody.threshold} custodians approved.")
    return request


def require_custodians(custody: Custody) -> None:
    """There is a quorum to ask.

    :raises NoCustodians: the root key lies in a file.
    """
    if custody.mode != "quorum" or not custody.custodians or custody.threshold < 1:
        raise NoCustodians


def told_of(approval: Approval) -> dict[str, str]:
    """An approval as it travels and is kept."""
    return {"key": _text(approval.key), "signature": _text(approval.signature)}


def approval_in(told: dict[str, str]) -> Approval:
    """What ``told_of`` made.

    :raises ApprovalUnfit: it is no approval.
    """
    try:
        key, signature = (urlsafe_b64decode(told[name] + "==") for name in ("key", "signature"))
        found = Approval(key, signature)
        if (len(key), len(signature)) == (_KEY_BYTES, _SIGNATURE_BYTES) and told_of(found) == told:
            return found
    except (ValueError, KeyError, TypeError):
        pass
    raise ApprovalUnfit("This is not an approval.")


def stamp(moment: datetime) -> str:
    """A time as documents have it."""
    return moment.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ExportMalformed("A time of the request is none.") from None


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
