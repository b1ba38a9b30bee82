"""What a monitoring system reads, for who wants to look at it once."""

from typing import Final

from visavis.client.aio.accounts import AsyncAccounts

_TEXT: Final = "text/plain"


class AsyncMetrics(AsyncAccounts):
    """Counts of a server."""

    async def metrics(self) -> str:
        """The metrics in the text format of Prometheus. Needs the scope ``metrics``."""
        return (await self._transport.fetch("/metrics", headers={"Accept": _TEXT})).content.decode()
