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
from visavis.liveness.manifest import described
from visavis.model.challenge import (
    CaptureMalformed,
    ChallengeNotDone,
    FaceChanged,
    FaceFlat,
    FramesRepeated,
    FramesUnlikeSensor,
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
"""Codes that say that a presentation was taken for an attack; others say that there was nothing to classify."""


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

    1. The manifest is of its form, and the frames are those that it names, each once.
    2. They show one person throughout, who does what was asked as a living head does.
    3. The frame that the judge chooses passes as a probe does.

    :param same_person: the least cosine of two frames of one film.
    """

    def look(content: Sequence[bytes], /, *, is_reference: bool) -> Seen:  # noqa: ARG001 -- references are stills
        manifest, *frames = content
        try:
            # 1
            said, digests = described(_payload(manifest))
            if [hashlib.sha256(frame).hexdigest() for frame in frames] != digests:
                raise DataSetUnreadable("The frames of a capture are not those that its manifest names.")
            if len(set(digests)) != len(digests):
                raise FramesRepeated
            # 2
            looks = filming.looks(frames, said.at_ms)
            still = judged(looks, steps=said.steps, same_person=same_person)
            # 3
            return extractor.extract(frames[still], gate=PROBE).vector, ""
        except (ImageRefused, FaceRefused, LivenessRefused) as refusal:
            return _refused(refusal)

    return look


def _refused(refusal: Refusal) -> Seen:
    if refusal.kind is Kind.UNAVAILABLE:
        raise refusal
    return None, refusal.code


def _payload(manifest: bytes) -> dict[str, object]:
    try:
        payload = json.loads(manifest)
    except (ValueError, RecursionError):
        raise CaptureMalformed("The manifest is no JSON.") from None
    if not isinstance(payload, dict):
        raise CaptureMalformed("The manifest is no object.")
    return payload
