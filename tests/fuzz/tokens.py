"""Fuzz receipts and signed requests: ``python -m fuzz.tokens -max_total_time=300``, in ``tests``."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fuzz.harness import atheris, fuzz
from joserfc.jwk import OKPKey

with atheris.instrument_imports(include=["visavis", "joserfc", "rfc8785"]):
    from visavis.consent import receipt
    from visavis.model.errors import VisavisError
    from visavis.model.public_key import is_sound_key
    from visavis.wire import signature

NOW = datetime(2027, 1, 1, tzinfo=UTC)
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RAW = PRIVATE.public_key().public_bytes_raw()
KEY = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": urlsafe_b64encode(RAW).rstrip(b"=").decode(),
                         "d": urlsafe_b64encode(bytes(range(32))).rstrip(b"=").decode()})  # fmt: skip
RECORD = {"schema_version": receipt.SCHEMA, "valid_until": "2028-01-01T00:00:00Z"}
OFFER = receipt.sign_offer(RECORD, controller_key=KEY)
COUNTERSIGNATURE = receipt.countersign(OFFER, subject_key=KEY, now=NOW)
GRANT = receipt.grant(session_id="ses_x", text="text", language="en", holder_key=KEY, now=NOW)
HEADERS = signature.sign(
    method="POST", path="/v1/sessions", body=b"{}", signer="sta_" + "a" * 26, private_key=PRIVATE, created=1
)
SEPARATOR = b"\n"


def any_token(content: bytes) -> None:
    """Text that claims to be a JWS, read at every place that reads one."""
    read(content.decode(errors="surrogateescape"))


def signed_token(content: bytes) -> None:
    """Any header and any payload, under a signature that checks out: what is behind the signature must hold too."""
    header, _, payload = content.partition(SEPARATOR)
    signing_input = encoded(header) + b"." + encoded(payload)
    read((signing_input + b"." + encoded(PRIVATE.sign(signing_input))).decode())


def record(content: bytes) -> None:
    """A record that the controller signed, whatever it says."""
    try:
        offer = json.loads(content)
    except (ValueError, RecursionError):
        return
    if isinstance(offer, dict):
        attempt(lambda: receipt.expiry(offer))


def request(content: bytes) -> None:
    """The three headers of a signed request."""
    values = content.decode("latin-1").split("\n")
    headers = dict(zip(("content-digest", "signature-input", "signature"), values, strict=False))
    digest = hashlib.sha256(b"{}").digest()
    attempt(
        lambda: signature.verify(
            signature.read(method="POST", path="/v1/sessions", body_digest=digest, headers=headers), public_key=RAW
        )
    )


def public_key(content: bytes) -> None:
    """Bytes that claim to be somebody's public key."""
    if is_sound_key(content):
        receipt.as_public_key(content)


def read(token: str) -> None:
    """Read a token as everything that it could be."""
    attempt(lambda: receipt.expiry(receipt.read_offer(token, controller_key=KEY)))
    attempt(lambda: receipt.countersigned_by(token, offer=OFFER))
    attempt(lambda: receipt.granted_by(token, session_id="ses_x", text="text", language="en"))


def attempt(act: Callable[[], object]) -> None:
    """Only named errors of ours come out."""
    try:
        act()
    except VisavisError as error:
        if not error.code:
            raise AssertionError from error


def encoded(content: bytes) -> bytes:
    """As in a JWS."""
    return urlsafe_b64encode(content).rstrip(b"=")


ACTS = [any_token, signed_token, record, request, public_key]


def once(content: bytes) -> None:
    """The first byte says what the others are."""
    if content:
        ACTS[content[0] % len(ACTS)](content[1:])


def seeds() -> list[bytes]:
    """Something valid of each sort."""
    parts = [token.split(".") for token in (OFFER, COUNTERSIGNATURE, GRANT)]
    plain = [SEPARATOR.join(decoded(part) for part in token[:2]) for token in parts]
    return [
        *(b"\0" + token.encode() for token in (OFFER, COUNTERSIGNATURE, GRANT)),
        *(b"\1" + content for content in plain),
        b"\2" + json.dumps(RECORD).encode(),
        b"\2" + json.dumps({**RECORD, "valid_until": "9999-12-31T23:59:59-14:00"}).encode(),
        b"\3" + "\n".join(HEADERS.values()).encode(),
        b"\4" + RAW,
    ]


def decoded(part: str) -> bytes:
    """The bytes of one part of a JWS."""
    return urlsafe_b64decode(part + "==")


if __name__ == "__main__":
    fuzz("tokens", once, seeds=seeds(), max_len=4096)
