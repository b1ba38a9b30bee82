"""Sealing, unsealing and rehearsals."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from visavis.wire.shape import Shape

_LONGEST_SHARE = 600


class ShareRequest(Shape):
    """One custodian's share, as its words."""

    words: Annotated[str, Field(min_length=1, max_length=_LONGEST_SHARE, repr=False)]


class SealState(Shape):
    """Whether the server has its keys.

    ``SEALED`` until ``needed`` custodians have ``given`` their shares, ``OPENING`` while it loads, then ``OPEN``.
    """

    state: Literal["SEALED", "OPENING", "OPEN"]
    given: int = 0
    needed: int = 0


class SealedAnswer(Shape):
    """The server ends. ``entered``: whether the log could still take that."""

    state: Literal["SEALING"] = "SEALING"
    entered: bool


class ChallengeAnswer(Shape):
    """What a custodian answers to, in base64url, and until when."""

    challenge: str
    until: datetime


class RehearsalRequest(Shape):
    """A custodian's answer: a signature with the key that follows from their share, in base64url."""

    challenge: Annotated[str, Field(min_length=1, max_length=200)]
    number: Annotated[int, Field(ge=1, le=16)]
    answer: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{86}$")]


class RehearsalAnswer(Shape):
    """That this custodian holds a good share."""

    number: int
    name: str
