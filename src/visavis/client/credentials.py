"""What shows the server who calls."""

import time
from dataclasses import dataclass, field
from typing import Protocol

import httpx2

from visavis.wire.signature import sign
from visavis.wire.signing import SigningKey


class Credentials(Protocol):
    """One caller's proof, made for each request."""

    def headers(self, request: httpx2.Request) -> dict[str, str]:
        """The headers to add to a request whose method, address and body are final."""


class Nobody:
    """No proof: what everybody may read is read without a name, so that everybody is shown the same."""

    def headers(self, request: httpx2.Request) -> dict[str, str]:  # noqa: ARG002 -- there is none for any request
        """See the protocol."""
        return {}


@dataclass(frozen=True, slots=True)
class Bearer:
    """An operator's API key."""

    api_key: str = field(repr=False)

    def headers(self, request: httpx2.Request) -> dict[str, str]:  # noqa: ARG002 -- the same for every request
        """See the protocol."""
        return {"Authorization": f"Bearer {self.api_key}"}


@dataclass(frozen=True, slots=True)
class LinkSecret:
    """The secret of a one-time link."""

    secret: str = field(repr=False)

    def headers(self, request: httpx2.Request) -> dict[str, str]:  # noqa: ARG002 -- the same for every request
        """See the protocol."""
        return {"Visavis-Link": self.secret}


@dataclass(frozen=True, slots=True)
class Signer:
    """A station's or person's key; every request is signed anew (``spec/signed-request.md``)."""

    signer_id: str
    private_key: SigningKey = field(repr=False)

    def headers(self, request: httpx2.Request) -> dict[str, str]:
        """See the protocol."""
        return sign(
            method=request.method,
            path=request.url.raw_path.partition(b"?")[0].decode("ascii"),
            body=request.read(),
            signer=self.signer_id,
            private_key=self.private_key,
            created=int(time.time()),
        )
