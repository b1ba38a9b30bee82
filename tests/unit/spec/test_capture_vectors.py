"""The specification of capture bundles and what we do are one: every vector, with the class of its failure."""

import json
from base64 import b64decode, urlsafe_b64decode
from datetime import datetime
from typing import Any, Final

import pytest
from fixtures import make_capture_vectors

from visavis.liveness.manifest import checked
from visavis.model.challenge import (
    Asked,
    Capture,
    CaptureForged,
    CaptureLate,
    CaptureMalformed,
    CaptureRetimed,
    CaptureSpliced,
    Challenge,
    FramesRepeated,
    Step,
)
from visavis.model.errors import LivenessRefused

VECTORS: Final[list[dict[str, Any]]] = json.loads(make_capture_vectors.VECTORS.read_text(encoding="ascii"))["vectors"]
CLASSES: Final = {
    "form": CaptureMalformed,
    "signature": CaptureForged,
    "binding": CaptureForged,
    "time": CaptureLate,
    "schedule": CaptureRetimed,
    "frames": CaptureSpliced,
    "repeated": FramesRepeated,
}
DETAILS: Final = {"signature": "signature", "binding": "another session or challenge"}


def outcome(vector: dict[str, Any]) -> LivenessRefused | None:
    steps = tuple(Asked(Step(one["do"]), one["pause_ms"], one["within_ms"]) for one in vector["steps"])
    challenge = Challenge(vector["nonce"], steps, datetime.fromisoformat(vector["drawn_at"]))
    try:
        read = checked(
            Capture(vector["manifest"], tuple(b64decode(frame) for frame in vector["frames"])),
            challenge=challenge,
            session_id=vector["session_id"],
            signer=vector["signer"],
            public_key=urlsafe_b64decode(vector["public_key"] + "="),
            now=datetime.fromisoformat(vector["came_at"]),
        )
    except LivenessRefused as refused:
        return refused
    assert [done.step for done in read.steps] == [asked.step for asked in steps]
    assert len(read.at_ms) == len(vector["frames"])
    return None


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["name"]))
def test_each_vector_fails_as_it_says(vector: dict[str, Any]) -> None:
    refused = outcome(vector)
    if vector["failure"] is None:
        assert refused is None
    else:
        assert type(refused) is CLASSES[vector["failure"]]
        assert DETAILS.get(vector["failure"], "") in refused.detail


def test_every_class_has_a_vector() -> None:
    assert {vector["failure"] for vector in VECTORS} == {None, *CLASSES}


def test_the_file_is_what_is_made() -> None:
    assert make_capture_vectors.VECTORS.read_text(encoding="ascii") == make_capture_vectors.text()
