"""What all callers share: they own a transport and give it back."""

from typing import Self

from visavis.client.transport import Transport


class Caller:
    """A caller of one server. Close it, or use it in a ``with``."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._transport.close()
