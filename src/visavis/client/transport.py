"""How every caller talks to the server: one pool of connections, one error, nothing hidden."""

import ipaddress
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar
from urllib.parse import quote

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import BaseModel, ValidationError

from visavis.client.photos import File
from visavis.client.problem import VisavisProblem, problem_here
from visavis.wire.shape import Problem
from visavis.wire.signature import sign

T = TypeVar("T", bound=BaseModel)

TIMEOUT_S: Final = 30.0
"""Seconds to wait for an answer; enrolling five large photos takes a few."""

_CONNECT_S: Final = 5.0
_PAUSES_S: Final = (0.1, 0.4)
"""Waits before a GET that met no server is sent again. Nothing else is ever sent twice."""


class Credentials(Protocol):
    """What shows the server who calls."""

    def headers(self, request: httpx2.Request) -> dict[str, str]:
        """The headers to add to a request whose method, address and body are final."""


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
    private_key: Ed25519PrivateKey = field(repr=False)

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


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries: JSON, or a form with files."""

    shape: BaseModel | None = None
    files: Sequence[File] = ()
    form: dict[str, str] | None = None
    idempotency_key: str | None = None


NOTHING: Final = Body()


def door(*parts: str) -> str:
    """The path of one of the server's doors; no part of it can reach another door."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


class Transport:
    """Sends requests of one caller to one server. May be shared by threads; its caller closes it.

    :param base_url: where the server is; ``https`` unless it is this machine.
    :param tls: trust other than the system's, for a server with a certificate of your own.
    :param transport: in place of the network, for tests.
    :raises VisavisProblem: ``url_unsafe``.
    """

    def __init__(
        self,
        base_url: str,
        *,
        credentials: Credentials,
        timeout_s: float = TIMEOUT_S,
        tls: ssl.SSLContext | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        url = _private_url(self.base_url)
        self._credentials = credentials
        self._http = httpx2.Client(
            timeout=httpx2.Timeout(timeout_s, connect=_CONNECT_S),
            verify=True if tls is None else tls,
            transport=transport,
            headers={"Accept": "application/json", "User-Agent": "visavis-client"},
            # A proxy of the environment must not see what goes to this machine in the clear.
            trust_env=url.scheme == "https",
        )

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def get(self, path: str, answer: type[T], *, query: dict[str, str | int | None] | None = None) -> T:
        """Read something; asked again, twice at most, where the connection fails.

        :raises VisavisProblem: the server refused, or gave no answer.
        """
        for pause in _PAUSES_S:
            try:
                return _parse(self._send("GET", path, query=query), answer)
            except httpx2.TimeoutException as error:
                raise _unreachable(self.base_url, error) from None
            except httpx2.TransportError:
                time.sleep(pause)
        return _parse(self._send_once("GET", path, query=query), answer)

    def post(self, path: str, answer: type[T], body: Body = NOTHING) -> T:
        """Write something and read the answer. Sent once.

        :raises VisavisProblem: the server refused, or gave no answer.
        """
        return _parse(self._send_once("POST", path, body=body), answer)

    def act(self, method: str, path: str, body: Body = NOTHING) -> None:
        """Write something that has no answer. Sent once.

        :raises VisavisProblem: the server refused, or gave no answer.
        """
        self._send_once(method, path, body=body)

    def _send_once(
        self, method: str, path: str, *, query: dict[str, str | int | None] | None = None, body: Body = NOTHING
    ) -> httpx2.Response:
        try:
            return self._send(method, path, query=query, body=body)
        except httpx2.TransportError as error:
            raise _unreachable(self.base_url, error) from None

    def _send(
        self, method: str, path: str, *, query: dict[str, str | int | None] | None = None, body: Body = NOTHING
    ) -> httpx2.Response:
        request = self._http.build_request(
            method,
            self.base_url + path,
            params={name: value for name, value in (query or {}).items() if value is not None} or None,
            content=None if body.shape is None else body.shape.model_dump_json().encode(),
            data=body.form,
            files=list(body.files) or None,
        )
        if body.shape is not None:
            request.headers["Content-Type"] = "application/json"
        if body.idempotency_key is not None:
            request.headers["Idempotency-Key"] = body.idempotency_key
        # Reading fixes a multipart body, so that what is signed is what is sent.
        request.read()
        request.headers.update(self._credentials.headers(request))
        response = self._http.send(request)
        if not response.is_success:
            raise _refused(response)
        return response


def _private_url(base_url: str) -> httpx2.URL:
    try:
        url = httpx2.URL(base_url)
    except httpx2.InvalidURL:
        raise problem_here("url_unsafe", "The address of the server cannot be read.") from None
    if url.scheme == "https" or (url.scheme == "http" and _is_this_machine(url.host)):
        return url
    raise problem_here("url_unsafe", f"{url.scheme or 'no scheme'}://{url.host} is not this machine and not https.")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _parse(response: httpx2.Response, answer: type[T]) -> T:
    try:
        # A later server may say more than we know; what we know has to be there.
        return answer.model_validate_json(response.content, extra="ignore")
    except ValidationError:
        raise _unreadable(response, f"The server's answer is not a {answer.__name__}.") from None


def _refused(response: httpx2.Response) -> VisavisProblem:
    try:
        return VisavisProblem(Problem.model_validate_json(response.content, extra="ignore"))
    except ValidationError:
        return _unreadable(response, f"The server answered {response.status_code} without saying why.")


def _unreadable(response: httpx2.Response, detail: str) -> VisavisProblem:
    request_id = response.headers.get("Request-Id", "")
    return problem_here("answer_unreadable", detail, status=response.status_code, request_id=request_id)


def _unreachable(base_url: str, error: httpx2.TransportError) -> VisavisProblem:
    return problem_here("unreachable", f"No answer from {base_url}: {type(error).__name__}.")
