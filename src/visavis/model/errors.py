"""Everything that can go wrong, as one tree.

::

    VisavisError
    ├── Refusal             a request was understood and is refused; nothing of what it asked for was done
    │   ├── ImageRefused    what was sent is not an image we take
    │   ├── FaceRefused     the image does not show exactly one usable face
    │   ├── LivenessRefused what was sent does not show a living person who does what was asked
    │   ├── ConsentRefused  the person's agreement is missing, over or does not check out
    │   ├── SessionRefused  the act is not covered by a session of a station or person
    │   ├── AccessRefused   the caller may not do this
    │   ├── PolicyRefused   a promise that could not be held was asked for
    │   └── RequestRefused  the request itself is at fault
    ├── StartupError        the server or a command does not start
    └── IntegrityError      stored data does not check out: moved, edited or from another key

A leaf has a stable ``code``, a ``kind`` that says what sort of failure it is (the web turns it into an HTTP status)
and a ``mend``: one sentence that tells a person what to do. ``docs/reference/refusals.md`` lists them all; a
test compares that table with this tree. Leaves live beside the concept they belong to, in this package.
"""

from enum import Enum
from typing import ClassVar


class Kind(Enum):
    """What sort of failure this is, for callers that treat sorts alike."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


class VisavisError(Exception):
    """The root of every error we raise on purpose.

    :param detail: what happened this time, for a person; never biometric or personal data.
    :param retry_after_s: seconds after which the same call can succeed, where that is known.
    """

    code: ClassVar[str] = ""
    kind: ClassVar[Kind] = Kind.INTERNAL
    mend: ClassVar[str] = ""

    def __init__(self, detail: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(f"{detail} {self.mend}".strip())
        self.detail = detail
        self.retry_after_s = retry_after_s


class Refusal(VisavisError):
    """A request was understood and is refused; nothing of what it asked for was done."""

    kind = Kind.INVALID


class ImageRefused(Refusal):
    """What was sent is not an image we take."""


class FaceRefused(Refusal):
    """The image does not show exactly one usable face."""


class LivenessRefused(Refusal):
    """What was sent does not show a living person who does what was asked."""


class ConsentRefused(Refusal):
    """The person's agreement is missing, over or does not check out."""

    kind = Kind.FORBIDDEN


class SessionRefused(Refusal):
    """The act is not covered by a session of a station or person."""

    kind = Kind.FORBIDDEN


class AccessRefused(Refusal):
    """The caller may not do this."""

    kind = Kind.FORBIDDEN


class PolicyRefused(Refusal):
    """A promise that could not be held was asked for."""

    kind = Kind.CONFLICT


class RequestRefused(Refusal):
    """The request itself is at fault."""


class StartupError(VisavisError):
    """The server or a command does not start."""

    kind = Kind.UNAVAILABLE


class IntegrityError(VisavisError):
    """Stored data does not check out: moved, edited or from another key."""


def leaves(root: type[VisavisError] = VisavisError) -> list[type[VisavisError]]:
    """Every concrete error below ``root``, sorted by code."""
    found = {leaf for child in root.__subclasses__() for leaf in leaves(child)}
    if root.code:
        found.add(root)
    return sorted(found, key=lambda leaf: leaf.code)
