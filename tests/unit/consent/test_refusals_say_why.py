"""A refused signature says which of the checks it failed, and the forms that pass are exactly those of the format."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from visavis.consent.receipt import (
    MAX_JWS,
    as_public_key,
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
from visavis.consent.rules import require_live_consent
from visavis.consent.sentences import ENGLISH
from visavis.model.consent import ConsentForged, Receipt, Subject, SubjectState
from visavis.model.public_key import is_sound_key
from visavis.model.purpose import Gallery, LivenessMode, Purpose, PurposeText, TargetKind

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
CONTROLLER, KEY, OTHER = (OKPKey.generate_key("Ed25519") for _ in range(3))
PURPOSE = Purpose("pur_a", "Door", "Acme", "a@b", "NL", 90, TargetKind.FPIR, 0.01, LivenessMode.ATTENDED, NOW)
TEXT = PurposeText("pur_a.1", "pur_a", 1, "en", "We open the door.", NOW)
GALLERY = Gallery("gal_a", "pur_a", "name", "model", NOW)


def asked(*, purpose: Purpose = PURPOSE, now: datetime = NOW) -> dict[str, Any]:
    return record(
        receipt_id="rec_a", subject_id="sub_a", purpose=purpose, text=TEXT, gallery=GALLERY, now=now, backup_days=31
    )


RECORD = asked()
OFFER = sign_offer(RECORD, controller_key=CONTROLLER)
AGREED = countersign(OFFER, subject_key=KEY, now=NOW)


def part(token: str, at: int) -> dict[str, Any]:
    """The header (0) or the payload (1) of a JWS."""
    text = token.split(".")[at]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found


def encoded(value: object) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(header: dict[str, Any], payload: bytes, key: OKPKey = KEY, *, spaces: int = 0) -> str:
    """A JWS of any header and payload whose signature is right; spaces may follow JSON."""
    head = json.dumps(header, separators=(",", ":")).encode() + b" " * spaces
    text = f"{encoded(head)}.{encoded(payload)}"
    private = Ed25519PrivateKey.from_private_bytes(urlsafe_b64decode(str(key.as_dict(private=True)["d"]) + "="))
    return f"{text}.{encoded(private.sign(text.encode()))}"


def changed(*, header: dict[str, Any] | None = None, payload: dict[str, Any] | None = None, spaces: int = 0) -> str:
    """The countersignature with parts of it changed, signed again."""
    said = rfc8785.dumps({**part(AGREED, 1), **(payload or {})})
    return signed({**part(AGREED, 0), **(header or {})}, said, spaces=spaces)


LONG = changed(payload={"more": "x" * MAX_JWS})
WEAK = {"kty": "OKP", "crv": "Ed25519", "x": encoded(bytes(32))}


def agree_to(token: str, *, offer: str = OFFER) -> Callable[[], object]:
    return lambda: countersigned_by(token, offer=offer)


def offered(token: str) -> Callable[[], object]:
    return lambda: read_offer(token, controller_key=CONTROLLER)


def granted(token: str) -> Callable[[], object]:
    return lambda: granted_by(token, session_id="ses_a", text="text", language="en")


GRANT = grant(session_id="ses_a", text="text", language="en", holder_key=KEY, now=NOW)


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (offered(countersign(OFFER, subject_key=CONTROLLER, now=NOW)), "This is not a consent offer."),
        (
            offered(sign_offer({**RECORD, "schema_version": "x"}, controller_key=CONTROLLER)),
            "This is not a consent offer.",
        ),
        (offered(sign_offer(RECORD, controller_key=OTHER)), "The signature does not check out."),
        (offered(LONG), "The JWS is longer than any receipt."),
        (offered("text"), "The signature does not check out."),
        (agree_to(AGREED, offer="other"), "The countersignature is for another offer."),
        (agree_to(changed(payload={"statement": "x"})), "The countersignature is for another statement."),
        (agree_to(OFFER), "This is not a signature with a public key."),
        (agree_to(GRANT), "This is not a signature with a public key."),
        (
            agree_to(changed(header={"jku": "https://x.example"})),
            "The header names another key, or an extension that changes what was signed.",
        ),
        (agree_to(changed(header={"jwk": "x"})), "This is not a signature with a public key."),
        (agree_to(changed(header={"jwk": {**WEAK, "d": "x"}})), "This is not a signature with a public key."),
        (agree_to(changed(header={"jwk": {**WEAK, "x": "é"}})), "The public key cannot be read."),
        (agree_to(changed(header={"jwk": WEAK})), "The public key is not an Ed25519 key."),
        (agree_to(changed(header={"jwk": {**WEAK, "x": "AAAA"}})), "The public key cannot be read."),
        (
            agree_to(changed(header={"jwk": {**part(AGREED, 0)["jwk"], "crv": "X25519"}})),
            "The public key is not an Ed25519 key.",
        ),
        (agree_to(signed(part(AGREED, 0), b"{}", OTHER)), "The signature does not check out."),
        (
            agree_to(signed(part(AGREED, 0), json.dumps(part(AGREED, 1)).encode())),
            "The JWS does not hold a record in canonical JSON.",
        ),
        (agree_to(LONG), "The JWS is longer than any receipt."),
        (agree_to("text"), "This is not a JWS."),
        (agree_to(encoded(["list"]) + ".x.x"), "This is not a JWS."),
        (granted(AGREED), "This is not a signature with a public key."),
        (
            granted(grant(session_id="ses_b", text="text", language="en", holder_key=KEY, now=NOW)),
            "The grant is for another session, text or statement.",
        ),
        (lambda: expiry({}), "The offer does not say until when it is valid."),
    ],
)
def test_a_refused_signature_says_which_check_it_failed(act: Callable[[], object], why: str) -> None:
    with pytest.raises(ConsentForged) as refused:
        act()
    assert refused.value.detail == why


SUBJECT = Subject("sub_a", "gal_a", SubjectState.ACTIVE, b"", b"", countersigned_by(AGREED, offer=OFFER), NOW)


def require(
    offer: str = OFFER, countersignature: str = AGREED, *, purpose_id: str = "pur_a", subject: Subject = SUBJECT
) -> None:
    receipt = Receipt("rec_a", "enr_a", "sub_a", offer, countersignature, NOW + timedelta(days=90))
    require_live_consent(receipt, subject=subject, purpose_id=purpose_id, controller_key=CONTROLLER, now=NOW)


def test_consent_that_is_not_this_persons_says_whether_place_or_key_is_wrong() -> None:
    require()
    with pytest.raises(ConsentForged) as place:
        require(purpose_id="pur_b")
    assert place.value.detail == "The receipt is for other photos or another person, gallery or purpose."
    with pytest.raises(ConsentForged) as key:
        require(countersignature=countersign(OFFER, subject_key=OTHER, now=NOW))
    assert key.value.detail == "The receipt was countersigned with another key than the subject's."


@pytest.mark.parametrize("missing", ["pii_processing", "purposes"])
def test_an_offer_that_names_no_purpose_is_for_none(missing: str) -> None:
    bare = {**RECORD, "pii_processing": {k: v for k, v in RECORD["pii_processing"].items() if k != missing}}
    offer = sign_offer({k: v for k, v in bare.items() if k != missing}, controller_key=CONTROLLER)
    with pytest.raises(ConsentForged, match="or purpose"):
        require(offer, countersign(offer, subject_key=KEY, now=NOW))


def test_the_longest_receipt_that_is_read_is_as_long_as_it_says() -> None:
    def of_length(length: int) -> str:
        # Three characters of a payload are four of a JWS; spaces in the header make up for what is left over.
        more = (length - len(changed(payload={"more": ""}))) * 3 // 4
        tokens = [changed(payload={"more": "x" * (more - n)}, spaces=m) for n in range(6) for m in range(4)]
        return next(token for token in tokens if len(token) == length)

    assert countersigned_by(of_length(MAX_JWS), offer=OFFER) == SUBJECT.public_key
    with pytest.raises(ConsentForged, match="longer than any"):
        countersigned_by(of_length(MAX_JWS + 1), offer=OFFER)


@pytest.mark.parametrize("spaces", range(24))
def test_a_header_of_any_length_is_read(spaces: int) -> None:
    assert countersigned_by(changed(spaces=spaces), offer=OFFER) == SUBJECT.public_key


@pytest.mark.parametrize("sign", [0, 0x80])
@pytest.mark.parametrize(
    "point",
    [
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    ],
)
def test_every_point_of_small_order_is_no_key_whatever_its_sign(point: str, sign: int) -> None:
    weak = bytearray.fromhex(point)
    weak[31] |= sign
    assert not is_sound_key(bytes(weak))


def test_a_raw_key_becomes_a_key_as_others_write_it() -> None:
    raw = SUBJECT.public_key
    assert raw is not None
    found = as_public_key(raw).as_dict(private=False)
    assert {name: found[name] for name in ("kty", "crv", "x")} == part(AGREED, 0)["jwk"]


@pytest.mark.usefixtures("in_tokyo")
def test_times_are_whole_seconds_in_utc_wherever_the_server_stands() -> None:
    moment = datetime(2026, 1, 1, 7, 0, 0, 750_000, tzinfo=timezone(timedelta(hours=-5)))
    offer = asked(now=moment)
    assert offer["event"]["event_time"] == "2026-01-01T12:00:00Z"
    assert offer["valid_until"] == "2026-04-01T12:00:00Z"
    assert (expiry(offer), expiry(offer).tzinfo) == (NOW + timedelta(days=90), UTC)
    assert part(countersign(OFFER, subject_key=KEY, now=moment), 1)["given_at"] == "2026-01-01T12:00:00Z"


@pytest.mark.parametrize(("target", "shown"), [(0.1 + 0.2, "0.3"), (1e-6, "1e-06"), (0.01, "0.01")])
def test_the_promised_rate_is_shown_as_a_person_would_write_it(target: float, shown: str) -> None:
    purpose = Purpose("pur_a", "Door", "Acme", "a@b", "NL", 90, TargetKind.FPIR, target, LivenessMode.ATTENDED, NOW)
    promised = asked(purpose=purpose)["pii_processing"]["purposes"][0]["error_target"]
    assert promised == {"rate": "fpir", "at_most": shown}


def test_a_grant_says_what_was_granted_and_when() -> None:
    assert part(grant(session_id="ses_a", text="text", language="en", holder_key=KEY, now=NOW), 1) == {
        "session_id": "ses_a",
        "text_sha256": "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1",
        "statement": ENGLISH.grant,
        "given_at": "2026-01-01T12:00:00Z",
    }


def test_what_ends_with_its_purpose_says_when() -> None:
    ends = replace(PURPOSE, ends_at=NOW + timedelta(days=7, microseconds=5))
    offer = asked(purpose=ends)
    assert offer["pii_processing"]["purposes"][0]["ends_at"] == "2026-01-08T12:00:00Z"
    assert expiry(offer) <= NOW + timedelta(days=7, seconds=1)
    assert "ends_at" not in RECORD["pii_processing"]["purposes"][0]


@pytest.mark.parametrize("more", range(8))
def test_an_offer_of_any_length_says_until_when(more: int) -> None:
    until = {"valid_until": "2027-01-01T00:00:00Z", "more": "x" * more}
    assert claimed_expiry(f"a.{encoded(until)}.c") == datetime(2027, 1, 1, tzinfo=UTC)
    assert claimed_expiry(f"a.{encoded(until)}.c.d.e") == datetime(2027, 1, 1, tzinfo=UTC), "the first counts"


@pytest.mark.parametrize("offer", ["", "a", "a.!!.c", f"a.{encoded([])}.c", f"a.{encoded(None)}.c"])
def test_what_is_no_offer_is_told_to_be_none(offer: str) -> None:
    with pytest.raises(ConsentForged) as refused:
        claimed_expiry(offer)
    assert refused.value.detail == "This is not an offer."
