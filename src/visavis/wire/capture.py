"""A capture that answers a challenge, as a device signs and sends it (``spec/capture-bundle.md``)."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import rfc8785

from visavis.model.challenge import CAPTURE_TYPE, CAPTURE_VERSION
from visavis.wire.deciding import ChallengeAnswer
from visavis.wire.signing import SigningKey, algorithm_of


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


def manifest(taken: Taken, *, signer: str, private_key: SigningKey) -> str:
    """The signed manifest of ``taken``, a compact JWS (RFC 7515).

    :param signer: the identifier of the station or subject whose key that is.
    """
    header = rfc8785.dumps({"alg": algorithm_of(private_key).jose, "typ": CAPTURE_TYPE})
    payload = rfc8785.dumps(described(taken, signer=signer))
    signed = f"{_text(header)}.{_text(payload)}"
    return f"{signed}.{_text(private_key.sign(signed.encode('ascii')))}"


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


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
