"""What all shapes share."""

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

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

_SAYS_SOMETHING = StringConstraints(strip_whitespace=True, min_length=1, max_length=200)
"""White space at the ends, which nobody sees, makes no other name, and no name by itself."""

Name = Annotated[str, _SAYS_SOMETHING]
ExternalReference = Annotated[str, _SAYS_SOMETHING, Field(description="The operator's own name for the person.")]
Token = Annotated[str, Field(max_length=64 * 1024, description="A compact JWS.")]
