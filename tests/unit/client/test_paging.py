"""Every entry of a list, however many pages it has."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from fixtures.answers import API_KEY, BASE, GALLERY, SUBJECT_ROW, FakeServer, an_id, page, problem

from visavis.client import AsyncVisavis, Visavis, async_every, every
from visavis.client.errors import NotFound

GAL = an_id("gal")
SUBJECTS = f"GET /v1/galleries/{GAL}/subjects"


def subjects(count: int) -> list[dict[str, Any]]:
    return [{**SUBJECT_ROW, "subject_id": f"sub_{chr(ord('a') + n) * 26}"} for n in range(count)]


def paged(rows: list[dict[str, Any]]) -> Callable[[httpx2.Request], httpx2.Response]:
    """A server of one list that keeps to ``after`` and ``limit``."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        after, limit = request.url.params.get("after", ""), int(request.url.params["limit"])
        rest = [row for row in rows if row["subject_id"] > after]
        last = rest[limit - 1]["subject_id"] if len(rest) > limit else None
        return httpx2.Response(200, json=page(*rest[:limit], after=last))

    return answer


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7])
@pytest.mark.asyncio
async def test_every_entry_comes_once_and_in_order(count: int) -> None:
    rows = subjects(count)
    with Visavis(base_url=BASE, api_key=API_KEY, transport=httpx2.MockTransport(paged(rows))) as client:
        got = [row.subject_id for row in every(client.subjects, GAL, reason="a test", limit=2)]
    async with AsyncVisavis(base_url=BASE, api_key=API_KEY, transport=httpx2.MockTransport(paged(rows))) as twin:
        theirs = [row.subject_id async for row in async_every(twin.subjects, GAL, reason="a test", limit=2)]
    assert got == theirs == [row["subject_id"] for row in rows]


def test_pages_are_asked_for_as_they_are_needed() -> None:
    server = FakeServer({"GET /v1/galleries": page(GALLERY, GALLERY, after=GAL)})
    entries = every(Visavis(base_url=BASE, api_key=API_KEY, transport=server.transport).galleries)
    assert server.requests == []
    next(entries)
    next(entries)
    assert len(server.requests) == 1
    next(entries)
    assert [request.url.params.get("after") for request in server.requests] == [None, GAL]


def test_a_list_can_begin_in_the_middle() -> None:
    server = FakeServer({"GET /v1/galleries": page(GALLERY)})
    client = Visavis(base_url=BASE, api_key=API_KEY, transport=server.transport)
    assert len(list(every(client.galleries, after=GAL))) == 1
    assert server.requests[0].url.params["after"] == GAL


def test_what_breaks_half_way_is_told() -> None:
    server = FakeServer({SUBJECTS: [page(SUBJECT_ROW, after=an_id("sub")), problem("not_found", 404)]})
    entries = every(Visavis(base_url=BASE, api_key=API_KEY, transport=server.transport).subjects, GAL, reason="x")
    next(entries)
    with pytest.raises(NotFound):
        next(entries)
