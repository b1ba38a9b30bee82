"""How every caller talks to the server: one pool of connections, one error, nothing hidden."""

import ssl
from collections.abc import Callable, Mapping
from typing import TypedDict, TypeVar, Unpack

import httpx2
from pydantic import BaseModel

from visavis.client.credentials import Credentials
from visavis.client.exchange import NOTHING, Body, Call, Query, Reply, Server, parsed, require_success
from visavis.client.problem import VisavisProblem
from visavis.client.trying import Connections, Retries, Timeouts, Tries, async_pause

T = TypeVar("T", bound=BaseModel)


class AsyncOptions(TypedDict, total=False):
    """What every caller can be told about its connections.

    ``tls``: trust other than the system's, for a server with a certificate of your own. ``transport``: in place of
    the network, for tests.
    """

    timeouts: Timeouts
    retries: Retries
    connections: Connections
    tls: ssl.SSLContext
    transport: httpx2.AsyncBaseTransport


class AsyncTransport:
    """Sends requests of one caller to one server. May be used by many at once; its caller closes it.

    :param base_url: where the server is; ``https`` unless it is this machine.
    :raises VisavisProblem: ``url_unsafe``.
    """

    def __init__(self, base_url: str, *, credentials: Credentials, **options: Unpack[AsyncOptions]) -> None:
        self._server = Server(base_url)
        self._credentials = credentials
        self._timeouts = options.get("timeouts", Timeouts())
        self._retries = options.get("retries", Retries())
        self._http = httpx2.AsyncClient(
            # Plain http stays on this machine; loading certificates for it would take longer than a call.
            verify=options.get("tls") or self._server.is_encrypted,
            transport=options.get("transport"),
            limits=options.get("connections", Connections()).limits(),
            # A proxy of the environment must not see what goes to this machine in the clear.
            trust_env=self._server.is_encrypted,
        )

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def get(
        self, path: str, answer: type[T], *, query: Query | None = None, headers: Mapping[str, str] | None = None
    ) -> T:
        """Read something.

        :raises VisavisProblem: the server refused, or gave no answer.
        """
        return parsed(await self._send(Call("GET", path, query=query, headers=headers)), answer)

    async def fetch(
        self,
        path: str,
        *,
        query: Query | None = None,
        headers: Mapping[str, str],
        most_bytes: int | None = None,
        method: str = "GET",
    ) -> Reply:
        """Read something that is no JSON; ``headers`` say in ``Accept`` what it is.

        :param method: ``POST`` where reading it leaves more than a record.
        :param most_bytes: of an answer that is longer one byte more is read, and not the rest.
        :raises VisavisProblem: the server refused, or gave no answer.
        """
        return await self._send(Call(method, path, query=query, headers=headers, most_bytes=most_bytes))

    async def pour(self, path: str, *, headers: Mapping[str, str], write: Callable[[bytes], object]) -> None:
        """Ask for something that is given once and may be long: ``write`` takes it piece by piece, as it comes.

        :raises VisavisProblem: the server refused, or the answer broke off; what was written by then is of no use.
        """
        await self._send(Call("POST", path, headers=headers, write=write))

    async def post(
        self, path: str, answer: type[T], body: Body = NOTHING, *, headers: Mapping[str, str] | None = None
    ) -> T:
        """Write something and read the answer.

        :raises VisavisProblem: the server refused, or gave no answer.
        """
        return parsed(await self._send(Call("POST", path, body=body, headers=headers)), answer)

    async def put(self, path: str, answer: type[T], body: Body) -> T:
        """Put something in the place of another and read the answer.

        :raises VisavisProblem: the server refused, or gave no answer.
        """
        return parsed(await self._send(Call("PUT", path, body=body)), answer)

    async def end(self, path: str, answer: type[T]) -> T:
        """End something and read what the answer says of it.

        :raises VisavisProblem: the server refused, or gave no answer.
        """
        return parsed(await self._send(Call("DELETE", path)), answer)

    async def act(
        self, method: str, path: str, body: Body = NOTHING, *, headers: Mapping[str, str] | None = None
    ) -> None:
        """Write something that has no answer.

        :raises VisavisProblem: the server refused, or gave no answer.
        """
        await self._send(Call(method, path, body=body, headers=headers))

    async def _send(self, call: Call) -> Reply:
        """The server's reply, a success; sent again only where ``Call.repeatable`` and ``Retries`` say so."""
        tries = Tries(timeouts=self._timeouts, retries=self._retries, repeatable=call.repeatable)
        while True:
            try:
                return await self._try(call, tries)
            except VisavisProblem as problem:
                seconds = tries.pause_after(problem)
            await async_pause(seconds)

    async def _try(self, call: Call, tries: Tries) -> Reply:
        request = self._server.request(call, credentials=self._credentials, timeout=tries.next())
        try:
            response = await self._http.send(request, stream=True)
            try:
                content = bytearray()
                pours = httpx2.codes.is_success(response.status_code)
                take: Callable[[bytes], object] = (call.write if pours else None) or content.extend
                async for chunk in response.aiter_bytes():
                    tries.require_time()
                    take(chunk)
                    if call.most_bytes is not None and len(content) > call.most_bytes:
                        del content[call.most_bytes + 1 :]
                        break
            finally:
                await response.aclose()
        except httpx2.TransportError as error:
            raise self._server.unreached(error) from None
        reply = Reply(response.status_code, response.headers, bytes(content))
        require_success(reply)
        return reply
