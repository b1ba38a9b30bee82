"""A capture that answers a challenge, as a device signs and sends it (``spec/capture-bundle.md``)."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws
from joserfc.jwk import OKPKey

from visavis.model.challenge import CAPTURE_TYPE, CAPTURE_VERSION
from visavis.wire.deciding import ChallengeAnswer

_ALGORITHM: Final = "Ed25519"


@dataclass(frozen=True, slots=True)
class Taken:
    """What a device took while somebody did what a challenge asks.

    ``began_ms`` is when the first frame was taken, milliseconds since 1970. ``steps`` are, for each step, when it was
    shown and when it was done, ``frames`` when each was taken and its bytes (JPEG); in milliseconds since the first.
    """

    challenge: ChallengeAnswer
    began_ms: int
    steps: Sequence[tuple[int, int]]
    frames: Sequence[tuple[int, bytes]] = field(repr=False)


def manifest(taken: Taken, *, signer: str, private_key: Ed25519PrivateKey) -> str:
    """The signed manifest of ``taken``.

    :param signer: the identifier of the station or subject whose key that is.
    """
    header = {"alg": _ALGORITHM, "typ": CAPTURE_TYPE}
    payload = rfc8785.dumps(described(taken, signer=signer))
    return jws.serialize_compact(header, payload, _key(private_key), algorithms=[_ALGORITHM])


def described(taken: Taken, *, signer: str) -> dict[str, Any]:
    """What the manifest says."""
    return {
        "version": CAPTURE_VERSION,
        "session_id": taken.challenge.session_id,
        "nonce": taken.challenge.nonce,
        "signer": signer,
        "began_ms": taken.began_ms,
        "steps": [
            {"do": asked.do, "shown_ms": shown, "done_ms": done}
            for asked, (shown, done) in zip(taken.challenge.steps, taken.steps, strict=True)
        ],
        "frames": [{"at_ms": at, "sha256": hashlib.sha256(frame).hexdigest()} for at, frame in taken.frames],
    }


def _key(private_key: Ed25519PrivateKey) -> OKPKey:
    public, private = private_key.public_key().public_bytes_raw(), private_key.private_bytes_raw()
    return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": _text(public), "d": _text(private)})


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
