"""What a person is asked to do, so that a living one can be told from a picture, and why what came is refused."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from visavis.model.errors import Kind, LivenessRefused, RequestRefused, SessionRefused

CAPTURE_TYPE: Final = "visavis-capture+jws"
CAPTURE_VERSION: Final = "visavis-capture-1"
CHALLENGE_LIFE: Final = timedelta(seconds=20)
"""From drawing a challenge to the arrival of what answers it."""
PAUSES: Final = (300, 1200)
"""Shortest and longest pause before a step, milliseconds."""
WITHIN_MS: Final = 4000
"""How long a person has for a step."""
FRAMES: Final = (16, 160)
"""Fewest and most frames of a capture."""
SIDES: Final = (320, 640)
"""Least and largest length of a frame's longer side, pixels."""
MAX_FRAME_BYTES: Final = 256 * 1024
"""Largest frame, bytes."""
MAX_MANIFEST: Final = 24 * 1024
"""Longest manifest, characters: 160 frames take some 20,000."""


class Step(Enum):
    """One thing to do. Left and right are the person's own."""

    LEFT = "left"
    RIGHT = "right"
    UP = "up"
    DOWN = "down"
    UPPER_LEFT = "upper_left"
    UPPER_RIGHT = "upper_right"
    LOWER_LEFT = "lower_left"
    LOWER_RIGHT = "lower_right"
    CLOSER = "closer"
    BLINK = "blink"
    BLINK_TWICE = "blink_twice"
    BLINK_THRICE = "blink_thrice"

    @property
    def heading(self) -> tuple[int, int] | None:
        """Where the nose goes: 1 to the person's left and -1 to their right, 1 up and -1 down; None for other steps."""
        return _HEADINGS.get(self)

    @property
    def blinks(self) -> int:
        """How often the eyes are shut."""
        return _BLINKS.get(self, 0)


class Variant(Enum):
    """Who can do what."""

    WHOLE = "whole"
    HEAD = "head"
    """For who cannot shut their eyes at will."""
    BLINK = "blink"
    """For who cannot move the head. A flat picture with holes for eyes could do it, so somebody has to watch."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A step, how long nothing is asked before it, and how long the person has; milliseconds."""

    step: Step
    pause_ms: int
    within_ms: int = WITHIN_MS


@dataclass(frozen=True, slots=True)
class Challenge:
    """Steps drawn for one session. ``nonce`` is 24 characters of base64url (144 random bits)."""

    nonce: str
    steps: tuple[Asked, ...]
    drawn_at: datetime

    @property
    def expires_at(self) -> datetime:
        """When it is over."""
        return self.drawn_at + CHALLENGE_LIFE


@dataclass(frozen=True, slots=True)
class Done:
    """A step as it was shown: from when to when, milliseconds since the first frame."""

    step: Step
    shown_ms: int
    done_ms: int


@dataclass(frozen=True, slots=True)
class Capture:
    """What a person's device sends: a signed manifest and the frames that it names, all of it untrusted."""

    manifest: str = field(repr=False)
    frames: Sequence[bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says of itself, once it has been checked: when steps were shown, when each frame was taken."""

    steps: tuple[Done, ...]
    at_ms: tuple[int, ...]


_HEADINGS: Final = {
    Step.LEFT: (1, 0),
    Step.RIGHT: (-1, 0),
    Step.UP: (0, 1),
    Step.DOWN: (0, -1),
    Step.UPPER_LEFT: (1, 1),
    Step.UPPER_RIGHT: (-1, 1),
    Step.LOWER_LEFT: (1, -1),
    Step.LOWER_RIGHT: (-1, -1),
}
_BLINKS: Final = {Step.BLINK: 1, Step.BLINK_TWICE: 2, Step.BLINK_THRICE: 3}


class ChallengeMissing(SessionRefused):
    """The purpose asks for a challenge, and none was drawn for this session."""

    code = "challenge_missing"
    kind = Kind.CONFLICT
    mend = "Ask for a challenge first, and send a capture that answers it: this purpose takes no single photo."


class ChallengeDrawn(SessionRefused):
    """A session has one challenge."""

    code = "challenge_drawn"
    kind = Kind.CONFLICT
    mend = "Open a new session for another challenge."


class ChallengeUnasked(RequestRefused):
    """The purpose asks for no challenge, and one was asked for or answered."""

    code = "challenge_unasked"
    mend = "Send one photo: this purpose's liveness mode draws no challenge."


class ChallengeVariantRefused(RequestRefused):
    """Eyes alone do not serve where nobody watches."""

    code = "challenge_variant_refused"
    mend = "Use your PIN or QR code, or a station where somebody is present: eyes alone do not serve here."


class CaptureMalformed(LivenessRefused):
    """The capture is not of the form that the specification gives."""

    code = "capture_malformed"
    mend = "Send a capture as spec/capture-bundle.md says."


class CaptureForged(LivenessRefused):
    """The capture is not signed by whom it has to be, or is for another session or challenge."""

    code = "capture_forged"
    mend = "Sign the capture with the key of this session, for its own challenge."


class CaptureLate(LivenessRefused):
    """The capture came after the challenge was over, or its times are longer than the time there was."""

    code = "capture_late"
    mend = "Try again, and do what is asked without a long pause: a challenge lasts 20 seconds."


class CaptureRetimed(LivenessRefused):
    """The capture's steps or frames are not timed as the challenge asked."""

    code = "capture_retimed"
    mend = "Try again, and keep the page open in front of you until it says that all is done."


class CaptureSpliced(LivenessRefused):
    """The frames are not those that the manifest names."""

    code = "capture_spliced"
    mend = "Send exactly the frames that were taken, in their order."


class FramesRepeated(LivenessRefused):
    """A camera does not give the same picture twice."""

    code = "frames_repeated"
    mend = "Use a camera that works: it showed the same picture more than once."


class FramesUnlikeSensor(LivenessRefused):
    """Neighbouring frames differ less, or otherwise, than a camera's do."""

    code = "frames_unlike_sensor"
    mend = "Use the device's own camera, without effects or virtual backgrounds, and try again."


class FaceLost(LivenessRefused):
    """Not every frame shows exactly one person, whole."""

    code = "face_lost"
    mend = "Stay in the picture, alone, until all is done."


class FaceChanged(LivenessRefused):
    """The face does not move as one head does, or is not the same in all frames."""

    code = "face_changed"
    mend = "Stay in the picture and move slowly; only one person may do it."


class ChallengeNotDone(LivenessRefused):
    """A step was not done while it was asked, or something else was."""

    code = "challenge_not_done"
    mend = "Do each movement when it is shown, clearly, and only that. Or use your PIN or QR code."


class FaceFlat(LivenessRefused):
    """What turned has no depth."""

    code = "face_flat"
    mend = "Show your own face, not a picture, and turn your head clearly when you are asked to."
