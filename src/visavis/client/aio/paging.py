"""Lists come in pages; here is every entry, one after the other."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import ParamSpec, TypeVar

from pydantic import BaseModel

from visavis.wire.shape import Page

P = ParamSpec("P")
T = TypeVar("T", bound=BaseModel)


async def async_every(listing: Callable[P, Awaitable[Page[T]]], *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
    """Every entry of a list, a page at a time as they are needed: ``async_every(client.galleries)``.

    :param listing: a method that answers a page, with its arguments; ``limit`` is the size of the pages.
    :raises VisavisProblem: as the method does.
    """
    while True:
        page = await listing(*args, **kwargs)
        for entry in page.items:
            yield entry
        if page.next is None:
            return
        kwargs["after"] = page.next
