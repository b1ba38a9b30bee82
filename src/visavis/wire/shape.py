"""What all shapes share."""

import re
from typing import Annotated, Final, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

T = TypeVar("T")


class Shape(BaseModel):
    """A request or an answer; a field that is not documented is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Page(Shape, Generic[T]):
    """Some of a list. ``next`` is the ``after`` of the next page, or null at the end."""

    items: list[T]
    next: str | None


class Problem(Shape):
    """Every error, in the shape of RFC 9457. ``code`` is stable; ``mend`` tells a person what to do."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    mend: str
    request_id: str
    retry_after_s: float | None = None


Identifier = Annotated[str, Field(pattern=r"^[a-z]{3}_[a-z2-7]{26}$")]
"""``sub_…``, ``gal_…`` and so on."""

_SHOWN = r"^[^\x00-\x1f\x7f-\x9f\u00ad\u180e\u200b\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]*$"
"""No character that nobody sees, or that turns others around: a name reads as it is stored. What joins letters and
marks a direction at one place (U+200C to U+200F) belongs to how some languages are written."""

_TURNED = r"[\u202d\u202e]"
"""What makes a text read otherwise than it is signed; the marks, embeddings and isolates of honest ones do not."""


def _shown(name: str) -> str:
    if re.fullmatch(_SHOWN, name) is None:
        raise ValueError("has a character that nobody sees, or that turns others around: leave it out")
    return name


def _not_turned(text: str) -> str:
    if re.search(_TURNED, text) is not None:
        raise ValueError("has a character that turns letters around (U+202D or U+202E): leave it out")
    return text


_SAYS_SOMETHING = StringConstraints(strip_whitespace=True, min_length=1, max_length=200)
"""White space at the ends, which nobody sees, makes no other name, and no name by itself."""
_READS_AS_STORED = AfterValidator(_shown)
_PATTERN: Final = {"pattern": _SHOWN}

Name = Annotated[str, _SAYS_SOMETHING, _READS_AS_STORED, Field(json_schema_extra=_PATTERN)]
ExternalReference = Annotated[
    str,
    _SAYS_SOMETHING,
    _READS_AS_STORED,
    Field(description="The operator's own name for the person.", json_schema_extra=_PATTERN),
]
Claim = Annotated[str, _SAYS_SOMETHING, Field(description="The operator's own name for the person, as it is claimed.")]
"""What somebody says is a name: whatever it is written with, it is that of somebody or of nobody."""
ReadText = Annotated[
    str,
    Field(min_length=1, max_length=20_000, json_schema_extra={"pattern": f"^[^{_TURNED[1:-1]}]*$"}),
    AfterValidator(_not_turned),
]
"""A text that people read before they agree."""
Token = Annotated[str, Field(max_length=64 * 1024, description="A compact JWS.")]
