"""The consent receipt: an offer signed by the controller, countersigned by the person.

Both are compact JWS with alg ``Ed25519`` (RFC 9864) over RFC 8785 JSON; ``spec/consent-receipt.md`` has an example, the
fields (ISO/IEC TS 27560, with W3C DPV terms) and vectors. The person's private key is made by the person and never
comes here.
"""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import rfc8785
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from visavis.consent.sentences import ENGLISH, SENTENCES, Sentences, sentences_in
from visavis.model.consent import ConsentForged
from visavis.model.public_key import is_sound_key
from visavis.model.purpose import Gallery, Purpose, PurposeText

ALGORITHM: Final = "Ed25519"
OFFER_TYPE: Final = "visavis-offer+jws"
COUNTERSIGNATURE_TYPE: Final = "visavis-countersignature+jws"
SCHEMA: Final = "visavis-consent-receipt-1"
GRANT_TYPE: Final = "visavis-grant+jws"
_GUARDIAN: Final = "guardian"
_RENEWS: Final = "renews"
_LANGUAGE: Final = "language"
_MISLEADING: Final = frozenset({"jku", "x5u", "x5c", "x5t", "x5t#S256", "crit", "b64"})
"""Header members that a reader of another make may follow, to another key or another signed text than ours."""

MAX_JWS: Final = 64 * 1024
"""Longest JWS that is parsed, in characters."""


def record(
    *,
    receipt_id: str,
    subject_id: str,
    purpose: Purpose,
    text: PurposeText,
    gallery: Gallery,
    now: datetime,
    backup_days: int,
    guardian_until: date | None = None,
    renews: str | None = None,
) -> dict[str, Any]:
    """What the person is asked to agree to, in the fields of ISO/IEC TS 27560.

    Its own sentences are in the language of the purpose's text, so that whoever can read that can read all of it.

    :param backup_days: after how many days nobody can open what backups hold of somebody who was erased.
    :param guardian_until: a guardian agrees for the person until this day begins in UTC; ``None``: the person does.
    :param renews: the receipt in whose place this one steps; ``None``: in no other's.
    """
    said = sentences_in(text.language)
    expires_at = purpose.consent_until(now)
    guardian = {} if guardian_until is None else {"guardian": {"until": guardian_until.isoformat()}}
    if guardian_until is not None:
        expires_at = min(expires_at, _start_of(guardian_until))
    ends = {} if purpose.ends_at is None else {"ends_at": _stamp(purpose.ends_at)}
    return {
        "schema_version": SCHEMA,
        _LANGUAGE: said.language,
        "record_id": receipt_id,
        "pii_principal_id": subject_id,
        "gallery_id": gallery.id,
        "pii_processing": {
            "privacy_notice": {
                "version": text.version,
                "language": text.language,
                "text": text.text,
                "sha256": hashlib.sha256(text.text.encode()).hexdigest(),
            },
            "purposes": [
                {
                    "purpose_id": purpose.id,
                    "purpose": purpose.name,
                    "purpose_type": "dpv:IdentityVerification",
                    "lawful_basis": "eu-gdpr:A9-2-a",
                    "pii_information": [{"pii_type": "dpv-pd:FacialPrint", "sensitive_pii_category": True}],
                    "pii_controllers": [purpose.controller],
                    "processing_methods": said.methods,
                    "retention_period": f"P{purpose.retention_days}D",
                    "backup_retention_period": f"P{backup_days}D",
                    **ends,
                    "liveness": purpose.liveness.value,
                    "error_target": {"rate": purpose.target_kind.value, "at_most": format(purpose.target, ".10g")},
                    "recipients": [],
                    "withdrawal_method": said.withdrawal,
                }
            ],
            "jurisdiction": purpose.jurisdiction,
        },
        "party_identification": [
            {"role": "pii_controller", "party_name": purpose.controller, "party_contact": purpose.contact}
        ],
        "event": {
            "event_type": "dpv:ExplicitlyExpressedConsent",
            "event_state": "requested",
            "event_time": _stamp(now),
        },
        "valid_until": _stamp(expires_at),
        **guardian,
        **({} if renews is None else {_RENEWS: renews}),
    }


def sign_offer(offer: dict[str, Any], *, controller_key: OKPKey) -> str:
    """The controller's signature over a record."""
    return _sign(offer, OFFER_TYPE, controller_key)


def read_offer(offer: str, *, controller_key: OKPKey) -> dict[str, Any]:
    """The record in an offer of this controller.

    :raises ConsentForged: not signed by the controller, not an offer, or in a language without sentences to sign.
    """
    header, payload = _verify(offer, controller_key)
    if header.get("typ") != OFFER_TYPE or payload.get("schema_version") != SCHEMA:
        raise ConsentForged("This is not a consent offer.")
    _sentences(payload)
    return payload


def announces_measuring(offer: dict[str, Any]) -> bool:
    """Whether whoever was asked with this record was told that templates are compared to measure a gallery."""
    return _announces(offer, {one.measured for one in SENTENCES.values()})


def announces_look_alikes(offer: dict[str, Any]) -> bool:
    """Whether whoever was asked with this record was told that look-alikes are found."""
    return _announces(offer, {one.look_alikes for one in SENTENCES.values()})


def countersign(offer: str, *, subject_key: OKPKey, now: datetime) -> str:
    """The person's act: agree to exactly this offer with a key of their own.

    :param subject_key: a private Ed25519 key; only its public half is put into the result.
    """
    payload = {"offer_sha256": _digest(offer), "statement": statement_for(offer), "given_at": _stamp(now)}
    return _sign(payload, COUNTERSIGNATURE_TYPE, subject_key, {"jwk": _public(subject_key)})


def countersigned_by(countersignature: str, *, offer: str) -> bytes:
    """The raw public key (32 bytes) of who agreed to this offer.

    1. The header names the type and carries an Ed25519 public key.
    2. The signature is of that key.
    3. It is for this very offer, with the statement that the person was shown: a guardian's where one has to agree.

    :raises ConsentForged: any of them does not hold.
    """
    raw, payload = _signed_by_header_key(countersignature, COUNTERSIGNATURE_TYPE)
    if payload.get("offer_sha256") != _digest(offer):
        raise ConsentForged("The countersignature is for another offer.")
    if payload.get("statement") != statement_for(offer):
        raise ConsentForged("The countersignature is for another statement.")
    return raw


def statement_for(offer: str) -> str:
    """The sentence that has to be agreed to with this offer. Whose signature the offer bears is not looked at here."""
    try:
        record = _claimed(offer)
        said = _sentences(record)
    except ConsentForged:
        return ENGLISH.person  # nothing that a controller signed: it is refused for that
    return said.guardian if _GUARDIAN in record else said.person


def guardian_until(offer: dict[str, Any]) -> date | None:
    """The day with which a guardian's consent ends (rule S8); ``None`` where the person agrees.

    :raises ConsentForged: there is a guardian, and no such day.
    """
    if _GUARDIAN not in offer:
        return None
    try:
        said = str(offer[_GUARDIAN]["until"])
        day = date.fromisoformat(said)
    except (KeyError, TypeError, ValueError):
        raise ConsentForged("The offer does not say until when a guardian agrees.") from None
    if day.isoformat() != said:
        raise ConsentForged("The offer does not say in the documented form until when a guardian agrees.")
    return day


def renewed_by(offer: dict[str, Any]) -> str | None:
    """The receipt in whose place this offer's steps; ``None`` where it is in no other's."""
    return None if offer.get(_RENEWS) is None else str(offer[_RENEWS])


def asked_at(offer: dict[str, Any]) -> datetime:
    """When the controller asked.

    :raises ConsentForged: the record has no such time.
    """
    try:
        return datetime.fromisoformat(str(offer["event"]["event_time"])).astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        raise ConsentForged("The offer does not say when it was made.") from None


def claimed_guardian_until(offer: str) -> date | None:
    """The same from an offer that is not proven.

    :raises ConsentForged: it is no offer.
    """
    return guardian_until(_claimed(offer))


def claimed_expiry(offer: str) -> datetime:
    """Until when an offer says that its consent is valid; a hundred times as fast as reading it, and unproven.

    Who looks through many for those that are over has only those to read.

    :raises ConsentForged: it is no offer.
    """
    return expiry(_claimed(offer))


def expiry(offer: dict[str, Any]) -> datetime:
    """Until when the offer's consent is valid: never beyond the day that a guardian's ends with, whatever else it says.

    :raises ConsentForged: the record has no such time.
    """
    try:
        until = datetime.fromisoformat(str(offer["valid_until"])).astimezone(UTC)
    except (KeyError, ValueError, OverflowError):
        raise ConsentForged("The offer does not say until when it is valid.") from None
    day = guardian_until(offer)
    return until if day is None else min(until, _start_of(day))


def as_public_key(raw: bytes) -> OKPKey:
    """A raw Ed25519 public key (32 bytes) as a key that verifies."""
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": urlsafe_b64encode(raw).rstrip(b"=").decode()})


def _claimed(offer: str) -> dict[str, Any]:
    """What an offer says, unproven."""
    try:
        payload = offer.split(".", 2)[1]
        record = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, IndexError, RecursionError):
        raise ConsentForged("This is not an offer.") from None
    if not isinstance(record, dict):
        raise ConsentForged("This is not an offer.")
    return record


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _announces(offer: dict[str, Any], lines: set[str]) -> bool:
    purposes = offer.get("pii_processing", {}).get("purposes", [])
    return any(not lines.isdisjoint(purpose.get("processing_methods", [])) for purpose in purposes)


def _sentences(record: dict[str, Any]) -> Sentences:
    """In whose words a record is. Those of the first releases do not say it: they are in English."""
    found = SENTENCES.get(str(record.get(_LANGUAGE, ENGLISH.language)))
    if found is None:
        raise ConsentForged("The offer is in a language that has no sentences to sign.")
    return found


def _public(key: OKPKey) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": str(key.as_dict(private=False)["x"])}


def _signed_by_header_key(token: str, typ: str) -> tuple[bytes, dict[str, Any]]:
    """The key that a JWS carries, if the JWS is of that type and signed with it, and the payload."""
    header = _header(token)
    jwk = header.get("jwk")
    if header.get("typ") != typ or not isinstance(jwk, dict) or set(jwk) != {"kty", "crv", "x"}:
        raise ConsentForged("This is not a signature with a public key.")
    if _MISLEADING & set(header):
        raise ConsentForged("The header names another key, or an extension that changes what was signed.")
    try:
        OKPKey.import_key(jwk)
        raw = urlsafe_b64decode(str(jwk["x"]) + "==")
    except (JoseError, ValueError, KeyError, TypeError):
        raise ConsentForged("The public key cannot be read.") from None
    if (jwk["kty"], jwk["crv"]) != ("OKP", "Ed25519") or not is_sound_key(raw):
        raise ConsentForged("The public key is not an Ed25519 key.")
    # The key that is returned is the key that verifies, however a library reads the header's.
    return raw, _verify(token, as_public_key(raw))[1]


def _stamp(moment: datetime) -> str:
    return (moment.astimezone(UTC) - timedelta(microseconds=moment.microsecond)).isoformat().replace("+00:00", "Z")


def _digest(offer: str) -> str:
    return hashlib.sha256(offer.encode()).hexdigest()


def _sign(payload: dict[str, Any], typ: str, key: OKPKey, extra: dict[str, Any] | None = None) -> str:
    header = {"alg": ALGORITHM, "typ": typ, **(extra or {})}
    return jws.serialize_compact(header, rfc8785.dumps(payload), key, algorithms=[ALGORITHM])


def _header(token: str) -> dict[str, Any]:
    if len(token) > MAX_JWS:
        raise ConsentForged("The JWS is longer than any receipt.")
    try:
        head = token.split(".", 1)[0]
        header = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (ValueError, RecursionError):
        raise ConsentForged("This is not a JWS.") from None
    if not isinstance(header, dict):
        raise ConsentForged("This is not a JWS.")
    return header


def _verify(token: str, key: OKPKey) -> tuple[dict[str, Any], dict[str, Any]]:
    if len(token) > MAX_JWS:
        raise ConsentForged("The JWS is longer than any receipt.")
    try:
        verified = jws.deserialize_compact(token, key, algorithms=[ALGORITHM])
        payload = json.loads(verified.payload)
        canonical = rfc8785.dumps(payload)
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
        raise ConsentForged("The signature does not check out.") from None
    # Whoever checks a receipt later must read what we read: a name given twice is read differently by different tools.
    if not isinstance(payload, dict) or canonical != verified.payload:
        raise ConsentForged("The JWS does not hold a record in canonical JSON.")
    return dict(verified.headers()), payload


def grant(*, session_id: str, text: str, language: str, holder_key: OKPKey, now: datetime) -> str:
    """The holder of a document agrees to one check of it, with a key made for this once.

    :param text: the purpose's. :param language: of that text (BCP 47); the sentence that is signed is in it.
    """
    payload = {
        "session_id": session_id,
        "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "statement": sentences_in(language).grant,
        "given_at": _stamp(now),
    }
    return _sign(payload, GRANT_TYPE, holder_key, {"jwk": _public(holder_key)})


def granted_by(grant: str, *, session_id: str, text: str, language: str) -> bytes:
    """The raw public key (32 bytes) of who granted this check under this text.

    :raises ConsentForged: the grant is not signed, or is for another session, text or statement.
    """
    raw, payload = _signed_by_header_key(grant, GRANT_TYPE)
    expected = (session_id, hashlib.sha256(text.encode()).hexdigest(), sentences_in(language).grant)
    if (payload.get("session_id"), payload.get("text_sha256"), payload.get("statement")) != expected:
        raise ConsentForged("The grant is for another session, text or statement.")
    return raw
