"""The transparency log as everybody sees it, read without a name."""

from collections.abc import Callable
from typing import Unpack

from visavis.audit.note import MAX_NOTE
from visavis.audit.tiles import MAX_BUNDLE, Fetch
from visavis.client.aio.caller import AsyncCaller
from visavis.client.aio.transport import AsyncOptions, AsyncTransport
from visavis.client.credentials import Nobody
from visavis.client.exchange import log_door
from visavis.client.own_log import Wanted, attempt
from visavis.client.problem import VisavisProblem
from visavis.model.audit import LogRefused, ResourceMissing

_NOT_FOUND = "not_found"
_ACCEPT = {"Accept": "*/*"}


class AsyncLogReader(AsyncCaller):
    """Somebody who looks at a server's log; nothing in a request says who they are.

    Nothing here is checked; ``visavis.audit`` has the rules. Every method raises ``VisavisProblem`` where the server
    refuses.
    """

    def __init__(self, base_url: str, **options: Unpack[AsyncOptions]) -> None:
        super().__init__(AsyncTransport(base_url, credentials=Nobody(), **options))

    async def key(self) -> str:
        """The log's key in one line, as the server says; whoever checks the log takes it from elsewhere."""
        return (await self._bytes("key", most=MAX_NOTE)).decode(errors="replace").strip()

    async def checkpoint(self) -> bytes:
        """The signed tree that is published; ``not_found`` where nothing is yet."""
        return await self._bytes("checkpoint", most=MAX_NOTE)

    async def tile(self, path: str) -> bytes:
        """A tile or a bundle of entries.

        :param path: below the log's prefix: ``tile/0/000`` and so on.
        """
        return await self._bytes(*path.split("/"), most=MAX_BUNDLE)

    async def published(self) -> bytes | None:
        """The same as ``checkpoint``; None where nothing is published yet."""
        try:
            return await self.checkpoint()
        except VisavisProblem as problem:
            if problem.code != _NOT_FOUND:
                raise
            return None

    async def with_tiles(self, work: Callable[[Fetch], None]) -> None:
        """Do work that reads tiles, and fetch those that it asks for.

        :raises LogRefused: as the work does.
        """
        kept: dict[str, bytes | LogRefused] = {}
        while True:
            try:
                attempt(work, kept)
            except Wanted as wanted:
                path = wanted.path
            else:
                return
            try:
                kept[path] = await self.tile(path)
            except VisavisProblem as problem:
                if problem.code != _NOT_FOUND:
                    raise
                kept[path] = ResourceMissing(f"There is no {path}.")

    async def _bytes(self, *parts: str, most: int) -> bytes:
        return (await self._transport.fetch(log_door(*parts), headers=_ACCEPT, most_bytes=most)).content
