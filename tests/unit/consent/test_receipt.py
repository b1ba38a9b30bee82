"""Signed consent: what is accepted is exactly what was agreed to, by whom, and in one form."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from visavis.consent.receipt import (
    MAX_JWS,
    claimed_expiry,
    countersign,
    countersigned_by,
    expiry,
    grant,
    granted_by,
    read_offer,
    record,
    sign_offer,
)
from visavis.consent.sentences import ENGLISH
from visavis.model.consent import ConsentForged
from visavis.model.public_key import is_sound_key
from visavis.model.purpose import Gallery, LivenessMode, Purpose, PurposeText, TargetKind

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
CONTROLLER = OKPKey.generate_key("Ed25519")
KEY = OKPKey.generate_key("Ed25519")
PURPOSE = Purpose("pur_a", "Door", "Acme", "a@b", "NL", 90, TargetKind.FPIR, 0.01, LivenessMode.ATTENDED, NOW)
TEXT = PurposeText("pur_a.1", "pur_a", 1, "en", "We open the door.", NOW)
GALLERY = Gallery("gal_a", "pur_a", "name", "model", NOW)
RECORD = record(
    receipt_id="rec_a", subject_id="sub_a", purpose=PURPOSE, text=TEXT, gallery=GALLERY, now=NOW, backup_days=31
)
OFFER = sign_offer(RECORD, controller_key=CONTROLLER)


def raw(key: OKPKey) -> bytes:
    return urlsafe_b64decode(str(key.as_dict(private=False)["x"]) + "=")


def encoded(value: object) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(header: dict[str, Any], payload: bytes, key: OKPKey = KEY) -> str:
    """A JWS with any header, signed as its header says."""
    head = {"alg": "Ed25519", "typ": "visavis-countersignature+jws", "jwk": public(key), **header}
    text = f"{encoded(head)}.{encoded(payload)}"
    private = Ed25519PrivateKey.from_private_bytes(urlsafe_b64decode(str(key.as_dict(private=True)["d"]) + "="))
    return f"{text}.{encoded(private.sign(text.encode()))}"


def public(key: OKPKey) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": str(key.as_dict(private=False)["x"])}


def payload_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


AGREED = payload_of(countersign(OFFER, subject_key=KEY, now=NOW))


def test_an_offer_says_what_is_asked_and_until_when() -> None:
    assert read_offer(OFFER, controller_key=CONTROLLER) == RECORD
    assert expiry(RECORD) == NOW + timedelta(days=90)
    assert (RECORD["record_id"], RECORD["pii_principal_id"], RECORD["gallery_id"]) == ("rec_a", "sub_a", "gal_a")
    assert RECORD["pii_processing"]["purposes"][0]["purpose_id"] == "pur_a"


def test_a_countersignature_names_its_key_and_never_the_private_half() -> None:
    token = countersign(OFFER, subject_key=KEY, now=NOW)
    assert countersigned_by(token, offer=OFFER) == raw(KEY)
    assert str(KEY.as_dict(private=True)["d"]) not in token
    assert {
        "given_at": "2026-01-01T12:00:00Z",
        "offer_sha256": AGREED["offer_sha256"],
        "statement": ENGLISH.person,
    } == AGREED


def refused(token: str, *, offer: str = OFFER) -> None:
    with pytest.raises(ConsentForged):
        countersigned_by(token, offer=offer)


GOOD = rfc8785.dumps(AGREED)


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "visavis-offer+jws"},
        {"typ": "visavis-grant+jws"},
        {"typ": "JWT"},
        {"alg": "EdDSA"},
        {"jwk": {**public(KEY), "d": "AAAA"}},
        {"jwk": {"kty": "OKP", "crv": "Ed25519"}},
        {"jwk": "x"},
        {"jwk": public(OKPKey.generate_key("Ed25519"))},
        {"jwk": {**public(KEY), "crv": "X25519"}},
        {"jwk": {**public(KEY), "kty": "oct"}},
        {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}},
        {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": 5}},
    ],
)
def test_another_head_is_refused(header: dict[str, Any]) -> None:
    assert countersigned_by(signed({}, GOOD), offer=OFFER) == raw(KEY)
    refused(signed(header, GOOD))


@pytest.mark.parametrize("alg", ["none", "HS256", "ES256", "", None, ["Ed25519"]])
def test_another_algorithm_is_refused_whatever_the_signature(alg: object) -> None:
    header = {"alg": alg, "typ": "visavis-countersignature+jws", "jwk": public(KEY)}
    good = countersign(OFFER, subject_key=KEY, now=NOW).split(".")[2]
    for signature in ("", good):
        refused(f"{encoded(header)}.{encoded(GOOD)}.{signature}")


@pytest.mark.parametrize(
    "payload",
    [
        json.dumps(AGREED).encode(),
        json.dumps(AGREED, separators=(",", ":"), sort_keys=False).encode()[:-1] + b',"statement":"x"}',
        b'{"statement":"I agree to nothing",' + GOOD[1:],
        GOOD + b"\n",
        GOOD.replace(b"I have", b"\\u0049 have"),
        b"[]",
        b"null",
        b"",
        b"\xff",
        b"[" * 20_000,
        rfc8785.dumps({**AGREED, "statement": "I agree."}),
        rfc8785.dumps({**AGREED, "offer_sha256": "0" * 64}),
        rfc8785.dumps({"given_at": AGREED["given_at"]}),
    ],
)
def test_a_payload_in_another_form_or_of_another_content_is_refused(payload: bytes) -> None:
    refused(signed({}, payload))


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b", "a.b.c.d", "é.é.é", "W1tb" * 10_000 + ".x.x", "x" * (MAX_JWS + 1), encoded("text") + ".x.x"],
)
def test_what_is_no_jws_is_refused(token: str) -> None:
    refused(token)
    with pytest.raises(ConsentForged):
        read_offer(token, controller_key=CONTROLLER)
    with pytest.raises(ConsentForged):
        granted_by(token, session_id="ses_a", text="text", language="en")


def test_a_token_longer_than_any_receipt_is_refused_though_its_signature_fits() -> None:
    refused(signed({}, rfc8785.dumps({**AGREED, "more": "x" * MAX_JWS})))


def test_the_countersignature_of_another_offer_is_refused() -> None:
    other = sign_offer({**RECORD, "record_id": "rec_b"}, controller_key=CONTROLLER)
    refused(countersign(other, subject_key=KEY, now=NOW))
    refused(countersign(OFFER, subject_key=KEY, now=NOW), offer=other)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_every_part_is_signed(at: int) -> None:
    parts = countersign(OFFER, subject_key=KEY, now=NOW).split(".")
    parts[at] = parts[at][:-2] + ("AA" if parts[at][-2:] != "AA" else "BB")
    refused(".".join(parts))


@pytest.mark.parametrize(
    "forge",
    [
        lambda: sign_offer(RECORD, controller_key=KEY),
        lambda: sign_offer({**RECORD, "schema_version": "other"}, controller_key=CONTROLLER),
        lambda: countersign(OFFER, subject_key=CONTROLLER, now=NOW),
        lambda: grant(session_id="ses_a", text="t", language="en", holder_key=CONTROLLER, now=NOW),
        lambda: OFFER[:-4] + "AAAA",
    ],
)
def test_an_offer_that_the_controller_did_not_make_is_refused(forge: Callable[[], str]) -> None:
    with pytest.raises(ConsentForged):
        read_offer(forge(), controller_key=CONTROLLER)


@pytest.mark.parametrize("until", [None, "", "soon", 5, {}, "9999-12-31T23:59:59-14:00"])
def test_an_offer_without_an_end_is_refused(until: object) -> None:
    with pytest.raises(ConsentForged):
        expiry({"valid_until": until})
    with pytest.raises(ConsentForged):
        expiry({})


def test_the_end_that_an_offer_claims_is_the_one_that_is_signed() -> None:
    assert claimed_expiry(OFFER) == expiry(read_offer(OFFER, controller_key=CONTROLLER))
    head, _, signature = OFFER.split(".")
    assert claimed_expiry(f"{head}.{encoded({'valid_until': '2027-01-01T00:00:00Z'})}.{signature}").year == 2027


@pytest.mark.parametrize(
    "offer",
    ["", "a", "a.b", "a.!!.c", ".e30.", f"a.{encoded([])}.c", f"a.{encoded('x')}.c", f"a.{encoded(b'[' * 99_000)}.c"],
)
def test_what_is_no_offer_claims_no_end(offer: str) -> None:
    with pytest.raises(ConsentForged):
        claimed_expiry(offer)


def test_a_grant_is_for_one_session_and_text() -> None:
    token = grant(session_id="ses_a", text="text", language="en", holder_key=KEY, now=NOW)
    assert granted_by(token, session_id="ses_a", text="text", language="en") == raw(KEY)
    for session_id, text in (("ses_b", "text"), ("ses_a", "other")):
        with pytest.raises(ConsentForged):
            granted_by(token, session_id=session_id, text=text, language="en")
    with pytest.raises(ConsentForged):
        granted_by(countersign(OFFER, subject_key=KEY, now=NOW), session_id="ses_a", text="text", language="en")
    refused(token)


@pytest.mark.parametrize("sign", [0, 0x80])
@pytest.mark.parametrize("point", ["00" * 32, "01" + "00" * 31, "ec" + "ff" * 30 + "7f", "ee" + "ff" * 30 + "7f"])
def test_a_key_under_which_anybody_could_sign_is_no_persons(point: str, sign: int) -> None:
    weak = bytearray.fromhex(point)
    weak[31] |= sign
    assert not is_sound_key(bytes(weak))
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": encoded(bytes(weak))}
    header = encoded({"alg": "Ed25519", "jwk": jwk, "typ": "visavis-countersignature+jws"})
    # This signature, R the neutral point and S zero, fits every message under the neutral point.
    refused(f"{header}.{encoded(GOOD)}.{encoded(bytes([1]) + bytes(63))}")


def test_an_ordinary_key_is_sound_and_one_of_another_length_is_not() -> None:
    assert is_sound_key(raw(KEY))
    assert not is_sound_key(raw(KEY)[:31])
    assert not is_sound_key(b"")
