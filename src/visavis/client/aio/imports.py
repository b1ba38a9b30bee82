"""Bringing many people: an operator's calls about imports."""

from collections.abc import Sequence
from typing import Final

from visavis.client.aio.caller import AsyncCaller
from visavis.client.choices import PAGE
from visavis.client.exchange import Body, Reply, because, door
from visavis.client.imports import NamedPhoto, Part, part_of
from visavis.wire.bulk import (
    EntryAnswer,
    ImportAnswer,
    ImportRequest,
    LinkRow,
    MissingAnswer,
    MissingRequest,
    RefusalsRow,
)
from visavis.wire.shape import Page

LINKS: Final = 999
"""Links of one page: as many slips as fill their sheets."""


class AsyncImports(AsyncCaller):
    """Imports, which an operator opens by name, as often as it takes, and brings people in one at a time."""

    async def open_import(self, gallery_id: str, *, name: str, idempotency_key: str | None = None) -> ImportAnswer:
        """The import of that name in a gallery; it is made if there is none."""
        body = Body(ImportRequest(name=name), idempotency_key=idempotency_key, done_once=True)
        return await self._transport.post(door("galleries", gallery_id, "imports"), ImportAnswer, body)

    async def show_import(self, import_id: str) -> ImportAnswer:
        """How far an import is, in numbers."""
        return await self._transport.get(door("imports", import_id), ImportAnswer)

    async def missing(self, import_id: str, *, digests: Sequence[str]) -> MissingAnswer:
        """Which of some people were not brought yet; changes nothing.

        :param digests: up to 1,000 (``person_digest``).
        """
        body = Body(MissingRequest(digests=list(digests)), done_once=True)
        return await self._transport.post(door("imports", import_id, "missing"), MissingAnswer, body)

    async def bring(self, import_id: str, *, external_reference: str, photos: Sequence[NamedPhoto]) -> EntryAnswer:
        """Enrol one person of an import; the same person with the same photos again changes nothing.

        :param photos: their names, by which the server reports what it refused, and their bytes.
        """
        form = {"external_reference": external_reference}
        body = Body(files=[photo.as_file() for photo in photos], form=form, done_once=True)
        return await self._transport.post(door("imports", import_id, "entries"), EntryAnswer, body)

    async def import_refusals(
        self, import_id: str, *, reason: str, after: str | None = None, limit: int = PAGE
    ) -> Page[RefusalsRow]:
        """A page of the people of whom something was refused.

        :param reason: why you read about people; it is recorded.
        """
        query = {"after": after, "limit": limit}
        path = door("imports", import_id, "refusals")
        return await self._transport.get(path, Page[RefusalsRow], query=query, headers=because(reason))

    async def import_links(
        self, import_id: str, *, reason: str, after: str | None = None, limit: int = PAGE
    ) -> Page[LinkRow]:
        """A page of the links that wait for their people. Hand each to its person, and to nobody else.

        :param reason: why you read them; it is recorded.
        """
        query = {"after": after, "limit": limit}
        return await self._transport.get(
            door("imports", import_id, "links"), Page[LinkRow], query=query, headers=because(reason)
        )

    async def import_table(self, import_id: str, *, reason: str, after: str | None = None, limit: int = LINKS) -> Part:
        """The same as a table (CSV); ``next`` of the part is the ``after`` of the one behind it."""
        return part_of(await self._links(import_id, "text/csv", reason, after, limit))

    async def import_sheets(self, import_id: str, *, reason: str, after: str | None = None, limit: int = LINKS) -> Part:
        """The same as slips to print, cut and hand out (PDF), three a page."""
        return part_of(await self._links(import_id, "application/pdf", reason, after, limit))

    async def _links(self, import_id: str, media_type: str, reason: str, after: str | None, limit: int) -> Reply:
        query = {"after": after, "limit": limit}
        headers = {"Accept": media_type, **because(reason)}
        return await self._transport.fetch(door("imports", import_id, "links"), query=query, headers=headers)
