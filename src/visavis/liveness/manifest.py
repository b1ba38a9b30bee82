"""Whether what a capture bundle says of itself holds, before any picture is looked at (``spec/capture-bundle.md``)."""

import hashlib
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

import rfc8785
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from visavis.model.challenge import (
    FRAMES,
    MAX_FRAME_BYTES,
    MAX_MANIFEST,
    Bundle,
    BundleForged,
    BundleLate,
    BundleMalformed,
    BundleRetimed,
    BundleSpliced,
    Challenge,
    Done,
    FramesRepeated,
    Manifest,
    Step,
)

TYPE: Final = "visavis-capture+jws"
VERSION: Final = "visavis-capture-1"
_ALGORITHM: Final = "Ed25519"
_HEADER: Final = {"alg": _ALGORITHM, "typ": TYPE}
_MEMBERS: Final = {"version", "session_id", "nonce", "signer", "began_ms", "steps", "frames"}
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_GAPS: Final = (60, 400)
"""Shortest and longest time between two frames, milliseconds."""
_TOO_LATE_MS: Final = 600
"""How much later than the pause asks a step may be shown: pages are busy."""
_LATEST_MS: Final = 60_000
"""Later than any time in a bundle."""
_MOST_MS: Final = 2**53
"""Whole numbers are exact up to here in every language (RFC 8785)."""


def sign(
    challenge: Challenge,
    *,
    session_id: str,
    signer: str,
    key: OKPKey,
    began_ms: int,
    manifest: Manifest,
    frames: Sequence[bytes],
) -> Bundle:
    """A bundle as a device sends it.

    :param began_ms: when the first frame was taken, milliseconds since 1970.
    """
    payload: dict[str, Any] = {
        "version": VERSION,
        "session_id": session_id,
        "nonce": challenge.nonce,
        "signer": signer,
        "began_ms": began_ms,
        "steps": [{"do": s.step.value, "shown_ms": s.shown_ms, "done_ms": s.done_ms} for s in manifest.steps],
        "frames": [
            {"at_ms": at, "sha256": hashlib.sha256(frame).hexdigest()}
            for at, frame in zip(manifest.at_ms, frames, strict=True)
        ],
    }
    token = jws.serialize_compact(dict(_HEADER), rfc8785.dumps(payload), key, algorithms=[_ALGORITHM])
    return Bundle(token, tuple(frames))


def checked(
    bundle: Bundle, *, challenge: Challenge, session_id: str, signer: str, public_key: bytes, now: datetime
) -> Manifest:
    """What the manifest of ``bundle`` says, where all of it holds; checks 1 to 7 of the specification.

    :param public_key: the signer's, 32 bytes. :param now: when the bundle came.
    :raises BundleMalformed: 1, it is of another form. :raises BundleForged: 2, it is not signed by that key, or 3, it
        is for another session, challenge or signer. :raises BundleLate: 4, it came too late, or lasted longer than the
        time there was. :raises BundleRetimed: 5, steps or frames are not timed as asked.
    :raises BundleSpliced: 6, the frames are others. :raises FramesRepeated: 7, two frames are the same.
    """
    # 1, 2
    payload = _payload(bundle.manifest, public_key=public_key)
    manifest, digests = _read(payload)
    # 3
    if (payload["session_id"], payload["nonce"], payload["signer"]) != (session_id, challenge.nonce, signer):
        raise BundleForged("The capture is for another session or challenge.")
    # 4
    had_ms = (now - challenge.drawn_at).total_seconds() * 1000
    if not 0 <= max(manifest.at_ms[-1], manifest.steps[-1].done_ms) <= had_ms or now >= challenge.expires_at:
        raise BundleLate
    # 5
    _require_schedule(manifest, challenge)
    # 6
    if len(bundle.frames) != len(digests) or any(len(frame) > MAX_FRAME_BYTES for frame in bundle.frames):
        raise BundleSpliced("There are more, fewer or larger frames than the manifest allows.")
    if [hashlib.sha256(frame).hexdigest() for frame in bundle.frames] != digests:
        raise BundleSpliced("A frame is not the one that the manifest names.")
    # 7
    if len(set(digests)) != len(digests):
        raise FramesRepeated
    return manifest


def _payload(token: str, *, public_key: bytes) -> dict[str, Any]:
    if len(token) > MAX_MANIFEST:
        raise BundleMalformed("The manifest is longer than any.")
    key = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": urlsafe_b64encode(public_key).rstrip(b"=").decode()})
    try:
        parts = jws.extract_compact(token.encode("ascii"))
        payload = json.loads(parts.payload)
        canonical = rfc8785.dumps(payload)
        header = dict(parts.headers())
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
        raise BundleMalformed("The manifest is not a JWS over canonical JSON.") from None
    if not isinstance(payload, dict) or header != _HEADER or canonical != parts.payload:
        raise BundleMalformed("The manifest is not a JWS over canonical JSON.")
    try:
        jws.deserialize_compact(token, key, algorithms=[_ALGORITHM])
    except (JoseError, ValueError):
        _read(payload)  # what is not even of the form is told so first
        raise BundleForged("The signature does not check out.") from None
    return payload


def _read(payload: dict[str, Any]) -> tuple[Manifest, list[str]]:
    """The manifest in its form, and the frames' digests."""
    texts = ("session_id", "nonce", "signer")
    if (
        set(payload) != _MEMBERS
        or payload["version"] != VERSION
        or not all(isinstance(payload[name], str) for name in texts)
        or not _is_time(payload["began_ms"], most=_MOST_MS)
    ):
        raise BundleMalformed("The manifest has other members than it should.")
    steps = tuple(_step(one) for one in _rows(payload["steps"], {"do", "shown_ms", "done_ms"}))
    frames = _rows(payload["frames"], {"at_ms", "sha256"})
    fewest, most = FRAMES
    if not steps or not fewest <= len(frames) <= most:
        raise BundleMalformed(f"A capture has at least one step and {fewest} to {most} frames.")
    for frame in frames:
        if (
            not _is_time(frame["at_ms"])
            or not isinstance(frame["sha256"], str)
            or not _DIGEST.fullmatch(frame["sha256"])
        ):
            raise BundleMalformed("A frame is not described as it should be.")
    return Manifest(steps, tuple(frame["at_ms"] for frame in frames)), [frame["sha256"] for frame in frames]


def _rows(value: object, members: set[str]) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(row, dict) and set(row) == members for row in value):
        raise BundleMalformed("Steps or frames are not described as they should be.")
    return value


def _step(row: dict[str, Any]) -> Done:
    names = {step.value: step for step in Step}
    step = names.get(row["do"]) if isinstance(row["do"], str) else None
    if step is None or not _is_time(row["shown_ms"]) or not _is_time(row["done_ms"]):
        raise BundleMalformed("A step is not described as it should be.")
    return Done(step, row["shown_ms"], row["done_ms"])


def _is_time(value: object, *, most: int = _LATEST_MS) -> bool:
    return type(value) is int and 0 <= value <= most


def _require_schedule(manifest: Manifest, challenge: Challenge) -> None:
    if [done.step for done in manifest.steps] != [asked.step for asked in challenge.steps]:
        raise BundleRetimed("The steps are not those that were asked.")
    before = 0
    for done, asked in zip(manifest.steps, challenge.steps, strict=True):
        pause, lasted = done.shown_ms - before, done.done_ms - done.shown_ms
        if not 0 <= pause - asked.pause_ms <= _TOO_LATE_MS or not 0 < lasted <= asked.within_ms:
            raise BundleRetimed("A step was not shown when the challenge asks, or not for as long.")
        before = done.done_ms
    shortest, longest = _GAPS
    if manifest.at_ms[0] != 0 or any(not shortest <= later - at <= longest for at, later in pairwise(manifest.at_ms)):
        raise BundleRetimed("The frames do not follow each other as those of a camera do.")
    if manifest.at_ms[-1] < before - longest:
        raise BundleRetimed("The frames end before the last step does.")
