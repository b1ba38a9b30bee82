"""Lists in pages."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Query

from visavis.wire.shape import Page, Shape

T = TypeVar("T")
A = TypeVar("A", bound=Shape)

After = Annotated[str | None, Query(max_length=64, description="The last identifier of the page before.")]
Limit = Annotated[int, Query(ge=1, le=200)]


def page_of(rows: Sequence[T], *, limit: int, shape: Callable[[T], A], id_of: Callable[[T], str]) -> Page[A]:
    """A page from up to ``limit`` + 1 rows: the one too many says that there is a next page."""
    shown = rows[:limit]
    return Page(items=[shape(row) for row in shown], next=id_of(shown[-1]) if len(rows) > limit else None)
