"""What all callers share: they own a transport and give it back."""

from typing import Self

from visavis.client.aio.transport import AsyncTransport


class AsyncCaller:
    """A caller of one server. Close it, or use it with ``async with``."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the connections back."""
        await self._transport.close()
