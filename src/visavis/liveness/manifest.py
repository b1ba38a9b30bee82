"""Whether what a capture bundle says of itself holds, before any picture is looked at (``spec/capture-bundle.md``)."""

import hashlib
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

import rfc8785
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from visavis.model.challenge import (
    CAPTURE_TYPE,
    CAPTURE_VERSION,
    FRAMES,
    MAX_FRAME_BYTES,
    MAX_MANIFEST,
    Asked,
    Capture,
    CaptureForged,
    CaptureLate,
    CaptureMalformed,
    CaptureRetimed,
    CaptureSpliced,
    Challenge,
    Done,
    FramesRepeated,
    Manifest,
    Step,
)
from visavis.model.public_key import Algorithm, algorithm_of

_MEMBERS: Final = {"version", "session_id", "nonce", "signer", "began_ms", "steps", "frames"}
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_GAPS: Final = (60, 400)
"""Shortest and longest time between two frames, milliseconds."""
_TOO_LATE_MS: Final = 600
"""How much later than the pause asks a step may be shown: pages are busy."""
_SKEW_MS: Final = 30_000
"""How far the device's clock may be from ours, either way: as of signed requests."""
_LATEST_MS: Final = 60_000
"""Later than any time in a capture."""
_MOST_MS: Final = 2**53
"""Whole numbers are exact up to here in every language (RFC 8785)."""


def checked(
    capture: Capture, *, challenge: Challenge, session_id: str, signer: str, public_key: bytes, now: datetime
) -> Manifest:
    """What the manifest of ``capture`` says, where all of it holds; checks 1 to 7 of the specification.

    :param public_key: the signer's, raw; how it signs follows from it. :param now: when the bundle came.
    :raises CaptureMalformed: 1, it is of another form. :raises CaptureForged: 2, it is not signed by that key, or 3, it
        is for another session, challenge or signer. :raises CaptureLate: 4, it came too late, or lasted longer than the
        time there was. :raises CaptureRetimed: 5, steps or frames are not timed as asked.
    :raises CaptureSpliced: 6, the frames are others. :raises FramesRepeated: 7, two frames are the same.
    """
    # 1, 2
    payload = _payload(capture.manifest, public_key=public_key)
    manifest, digests = described(payload)
    # 3
    if (payload["session_id"], payload["nonce"], payload["signer"]) != (session_id, challenge.nonce, signer):
        raise CaptureForged("The capture is for another session or challenge.")
    # 4
    drawn_ms, now_ms = (moment.timestamp() * 1000 for moment in (challenge.drawn_at, now))
    lasted = max(manifest.at_ms[-1], manifest.steps[-1].done_ms)
    if now >= challenge.expires_at or not 0 <= lasted <= now_ms - drawn_ms:
        raise CaptureLate
    if not drawn_ms - _SKEW_MS <= payload["began_ms"] <= now_ms + _SKEW_MS:
        raise CaptureLate("The capture was taken at another time, or the clock of the device is wrong.")
    # 5
    require_schedule(manifest, challenge.steps)
    # 6
    if len(capture.frames) != len(digests) or any(len(frame) > MAX_FRAME_BYTES for frame in capture.frames):
        raise CaptureSpliced("There are more, fewer or larger frames than the manifest allows.")
    if [hashlib.sha256(frame).hexdigest() for frame in capture.frames] != digests:
        raise CaptureSpliced("A frame is not the one that the manifest names.")
    # 7
    if len(set(digests)) != len(digests):
        raise FramesRepeated
    return manifest


def _payload(token: str, *, public_key: bytes) -> dict[str, Any]:
    if len(token) > MAX_MANIFEST:
        raise CaptureMalformed("The manifest is longer than any.")
    try:
        parts = jws.extract_compact(token.encode("ascii"))
        payload = json.loads(parts.payload)
        canonical = rfc8785.dumps(payload)
        header = dict(parts.headers())
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
        raise CaptureMalformed("The manifest is not a JWS over canonical JSON.") from None
    algorithm = algorithm_of(public_key).jose
    if not isinstance(payload, dict) or header != {"alg": algorithm, "typ": CAPTURE_TYPE} or canonical != parts.payload:
        raise CaptureMalformed("The manifest is not a JWS over canonical JSON.")
    try:
        jws.deserialize_compact(token, _key(public_key), algorithms=[algorithm])
    except (JoseError, ValueError):
        described(payload)  # what is not even of the form is told so first
        raise CaptureForged("The signature does not check out.") from None
    return payload


def _key(raw: bytes) -> OKPKey | ECKey:
    if algorithm_of(raw) is Algorithm.ED25519:
        return OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": _text(raw)})
    half = len(raw) // 2 + 1  # the first byte says that both coordinates follow
    return ECKey.import_key({"kty": "EC", "crv": "P-256", "x": _text(raw[1:half]), "y": _text(raw[half:])})


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def described(payload: Mapping[str, Any]) -> tuple[Manifest, list[str]]:
    """What a manifest's payload says, and the frames' digests: whatever it is worth.

    :raises CaptureMalformed: it is of another form.
    """
    texts = ("session_id", "nonce", "signer")
    if (
        set(payload) != _MEMBERS
        or payload["version"] != CAPTURE_VERSION
        or not all(isinstance(payload[name], str) for name in texts)
        or not _is_time(payload["began_ms"], most=_MOST_MS)
    ):
        raise CaptureMalformed("The manifest has other members than it should.")
    steps = tuple(_step(one) for one in _rows(payload["steps"], {"do", "shown_ms", "done_ms"}))
    frames = _rows(payload["frames"], {"at_ms", "sha256"})
    fewest, most = FRAMES
    if not steps or not fewest <= len(frames) <= most:
        raise CaptureMalformed(f"A capture has at least one step and {fewest} to {most} frames.")
    for frame in frames:
        if (
            not _is_time(frame["at_ms"])
            or not isinstance(frame["sha256"], str)
            or not _DIGEST.fullmatch(frame["sha256"])
        ):
            raise CaptureMalformed("A frame is not described as it should be.")
    return Manifest(steps, tuple(frame["at_ms"] for frame in frames)), [frame["sha256"] for frame in frames]


def _rows(value: object, members: set[str]) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(row, dict) and set(row) == members for row in value):
        raise CaptureMalformed("Steps or frames are not described as they should be.")
    return value


def _step(row: dict[str, Any]) -> Done:
    names = {step.value: step for step in Step}
    step = names.get(row["do"]) if isinstance(row["do"], str) else None
    if step is None or not _is_time(row["shown_ms"]) or not _is_time(row["done_ms"]):
        raise CaptureMalformed("A step is not described as it should be.")
    return Done(step, row["shown_ms"], row["done_ms"])


def _is_time(value: object, *, most: int = _LATEST_MS) -> bool:
    return type(value) is int and 0 <= value <= most


def require_schedule(manifest: Manifest, steps: Sequence[Asked]) -> None:
    """Check 5: steps and frames are timed as ``steps`` ask.

    :raises CaptureRetimed: they are not.
    """
    if [done.step for done in manifest.steps] != [asked.step for asked in steps]:
        raise CaptureRetimed("The steps are not those that were asked.")
    before = 0
    for done, asked in zip(manifest.steps, steps, strict=True):
        pause, lasted = done.shown_ms - before, done.done_ms - done.shown_ms
        if not 0 <= pause - asked.pause_ms <= _TOO_LATE_MS or not 0 < lasted <= asked.within_ms:
            raise CaptureRetimed("A step was not shown when the challenge asks, or not for as long.")
        before = done.done_ms
    shortest, longest = _GAPS
    if manifest.at_ms[0] != 0 or any(not shortest <= later - at <= longest for at, later in pairwise(manifest.at_ms)):
        raise CaptureRetimed("The frames do not follow each other as those of a camera do.")
    if manifest.at_ms[-1] < before - longest:
        raise CaptureRetimed("The frames end before the last step does.")
