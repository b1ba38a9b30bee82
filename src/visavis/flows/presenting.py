"""How a presentation is looked at where liveness is measured: with what the product makes of a photo or a capture."""

import hashlib
import json
from collections.abc import Sequence
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from visavis.flows.extract import Extractor
from visavis.flows.filming import Filming
from visavis.liveness.judge import judged
from visavis.liveness.manifest import described, require_schedule
from visavis.model.challenge import (
    MAX_FRAME_BYTES,
    Asked,
    CaptureMalformed,
    ChallengeNotDone,
    FaceChanged,
    FaceFlat,
    FramesRepeated,
    FramesUnlikeSensor,
    Step,
)
from visavis.model.errors import FaceRefused, ImageRefused, Kind, LivenessRefused, Refusal
from visavis.model.evaluation import DataSetUnreadable
from visavis.model.pad import AttackSuspected
from visavis.quality.gate import ENROLMENT, PROBE

Seen = tuple[NDArray[np.float32] | None, str]
"""What became of a presentation: the template, or the code of what refused it."""

REJECTED: Final = frozenset(
    refusal.code
    for refusal in (AttackSuspected, FramesRepeated, FramesUnlikeSensor, FaceChanged, ChallengeNotDone, FaceFlat)
)
"""Codes that say that a presentation was taken for an attack."""
PASSED: Final = "passed:"
"""How the code of what was taken for a living person begins, and was then too poor to be compared. Any other code says
that nothing was classified."""


class Look(Protocol):
    """Looks at one presentation of a form."""

    def __call__(self, content: Sequence[bytes], /, *, is_reference: bool) -> Seen:
        """What becomes of it; in a reference no attack is looked for.

        :raises Refusal: nothing can be looked at here, which says nothing about the presentation.
        :raises DataSetUnreadable: it was not kept as it was taken.
        """


def look_at_stills(extractor: Extractor) -> Look:
    """Stills pass what the product makes of them: decoding, one face, quality, and what finds attacks, if there is any.

    :raises DecoderUnavailable: nothing decodes here, which says nothing about a photo; when it is called.
    """
    passive = extractor.pad_report is not None

    def look(content: Sequence[bytes], /, *, is_reference: bool) -> Seen:
        (photo,) = content
        try:
            template = (
                extractor.extract(photo, gate=ENROLMENT)
                if is_reference
                else extractor.extract(photo, gate=PROBE, passive=passive)
            )
        except (ImageRefused, FaceRefused, LivenessRefused) as refusal:
            return _refused(refusal)
        return template.vector, ""

    return look


def look_at_captures(filming: Filming, extractor: Extractor, *, same_person: float) -> Look:
    """Captures pass what the product makes of one, but for who signed it and when it came.

    1. The manifest is of its form, its steps and frames are timed as was asked, and the frames are those that it names,
       each once.
    2. They show one person throughout, who does what was asked as a living head does.
    3. The frame that the judge chooses passes as a probe does. Where it does not, the capture was taken for a living
       person's all the same.

    :param same_person: the least cosine of two frames of one film.
    """

    def look(content: Sequence[bytes], /, *, is_reference: bool) -> Seen:  # noqa: ARG001 -- references are stills
        manifest, asked, *frames = content
        try:
            # 1
            said, digests = described(_payload(manifest))
            require_schedule(said, _asked(asked))
            if any(len(frame) > MAX_FRAME_BYTES for frame in frames):
                raise DataSetUnreadable("A frame of a capture is larger than any.")
            if [hashlib.sha256(frame).hexdigest() for frame in frames] != digests:
                raise DataSetUnreadable("The frames of a capture are not those that its manifest names.")
            if len(set(digests)) != len(digests):
                raise FramesRepeated
            # 2
            looks = filming.looks(frames, said.at_ms)
            still = judged(looks, steps=said.steps, same_person=same_person)
        except (ImageRefused, FaceRefused, LivenessRefused) as refusal:
            return _refused(refusal)
        try:
            # 3
            return extractor.extract(frames[still], gate=PROBE).vector, ""
        except (ImageRefused, FaceRefused) as refusal:
            return _refused(refusal, after=PASSED)

    return look


def _refused(refusal: Refusal, *, after: str = "") -> Seen:
    if refusal.kind is Kind.UNAVAILABLE:
        raise refusal
    return None, after + refusal.code


def _asked(content: bytes) -> list[Asked]:
    """The steps that the server drew.

    :raises DataSetUnreadable: they were not kept as it told them.
    """
    try:
        steps = json.loads(content)["steps"]
        asked = [Asked(Step(one["do"]), one["pause_ms"], one["within_ms"]) for one in steps]
        if not all(type(time) is int for one in asked for time in (one.pause_ms, one.within_ms)):
            raise TypeError  # noqa: TRY301 -- as whatever else it is not
    except (ValueError, TypeError, LookupError, RecursionError, OverflowError):
        raise DataSetUnreadable("What was asked in a capture is not written as the server told it.") from None
    return asked


def _payload(manifest: bytes) -> dict[str, object]:
    try:
        payload = json.loads(manifest)
    except (ValueError, RecursionError):
        raise CaptureMalformed("The manifest is no JSON.") from None
    if not isinstance(payload, dict):
        raise CaptureMalformed("The manifest is no object.")
    return payload
