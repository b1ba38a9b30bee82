"""Signed requests of stations and people: one fixed profile of HTTP Message Signatures (RFC 9421, RFC 9530).

``spec/signed-request.md`` has an example and vectors. Method, path and body digest are covered, together with time,
nonce and the signer's identifier, which the server gave out: a signature is good for one request to one server.
"""

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Final

from visavis.model.public_key import algorithm_of as algorithm_of_public
from visavis.model.public_key import has_signed
from visavis.model.station import SignatureRefused
from visavis.wire.signing import SigningKey, algorithm_of

LABEL: Final = "visavis"
COMPONENTS: Final = '("@method" "@path" "content-digest")'
_PARAMETERS = re.compile(
    re.escape(COMPONENTS)
    + r';created=(?P<created>\d{1,12});nonce="(?P<nonce>[A-Za-z0-9_-]{16,64})"'
    + r';keyid="(?P<keyid>[a-z]{3}_[a-z2-7]{26})";alg="(?P<alg>ed25519|ecdsa-p256-sha256)"'
)
# The last character holds two bits of the signature; any other spelling of it would be a second form of the same.
_SIGNATURE = re.compile(LABEL + r"=:(?P<value>[A-Za-z0-9+/]{85}[AQgw]==):")


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signed request says of itself, before the signature is checked."""

    signer: str
    nonce: str
    created: int
    algorithm: str
    signature: bytes
    base: bytes


def content_digest(body: bytes) -> str:
    """The ``Content-Digest`` header of a body."""
    return "sha-256=:" + base64.b64encode(hashlib.sha256(body).digest()).decode() + ":"


def sign(*, method: str, path: str, body: bytes, signer: str, private_key: SigningKey, created: int) -> dict[str, str]:
    """The three headers that sign one request.

    :param created: seconds since 1970; the server accepts 30 s either way.
    """
    nonce, algorithm = secrets.token_urlsafe(18), algorithm_of(private_key).value
    parameters = f'{COMPONENTS};created={created};nonce="{nonce}";keyid="{signer}";alg="{algorithm}"'
    digest = content_digest(body)
    signature = private_key.sign(_base(method, path, digest, parameters))
    return {
        "Content-Digest": digest,
        "Signature-Input": f"{LABEL}={parameters}",
        "Signature": f"{LABEL}=:{base64.b64encode(signature).decode()}:",
    }


def read(*, method: str, path: str, body_digest: bytes, headers: dict[str, str]) -> Signed:
    """Read the headers of a signed request.

    :param body_digest: SHA-256 of the body that came.
    :param headers: by lower-case name.
    :raises SignatureRefused: a header is missing or not of this profile, or the body is not the one that was signed.
    """
    label, _, parameters = headers.get("signature-input", "").partition("=")
    matched = _PARAMETERS.fullmatch(parameters)
    signature = _SIGNATURE.fullmatch(headers.get("signature", ""))
    if label != LABEL or matched is None or signature is None:
        raise SignatureRefused("The request is not signed in the documented form.")
    digest = "sha-256=:" + base64.b64encode(body_digest).decode() + ":"
    if headers.get("content-digest") != digest:
        raise SignatureRefused("The body is not the one that was signed.")
    return Signed(
        signer=matched["keyid"],
        nonce=matched["nonce"],
        created=int(matched["created"]),
        algorithm=matched["alg"],
        signature=base64.b64decode(signature["value"]),
        base=_base(method, path, digest, parameters),
    )


def verify(signed: Signed, *, public_key: bytes) -> None:
    """Check the signature with the signer's raw key: 32 bytes of Ed25519, or 65 of P-256.

    How it has to be made follows from the key. What the request says of that has to be the same, and decides nothing.

    :raises SignatureRefused: it does not check out.
    """
    said = signed.algorithm == algorithm_of_public(public_key).value
    if not said or not has_signed(public_key, signed.signature, signed.base):
        raise SignatureRefused("The signature does not check out.")


def _base(method: str, path: str, digest: str, parameters: str) -> bytes:
    return (
        f'"@method": {method}\n"@path": {path}\n"content-digest": {digest}\n"@signature-params": {parameters}'
    ).encode()
