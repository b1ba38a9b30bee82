"""What goes to a server and what comes back, without sending anything: both clients share it."""

import ipaddress
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar, get_args
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, ValidationError

from visavis.client.choices import Language
from visavis.client.credentials import Credentials
from visavis.client.photos import File
from visavis.client.problem import VisavisProblem
from visavis.client.raising import problem_here, problem_of
from visavis.wire.shape import Problem

T = TypeVar("T", bound=BaseModel)

Query = Mapping[str, str | int | None]
"""What stands after the question mark; None is left out."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries: JSON, or a form with files. None of it is in a traceback that shows values."""

    shape: BaseModel | None = field(default=None, repr=False)
    files: Sequence[File] = field(default=(), repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    idempotency_key: str | None = None
    done_once: bool = False
    """The server does this once by itself, however often it is sent."""


NOTHING: Final = Body()

ARCHIVE: Final = "application/zip"
"""What an archive of everything held about somebody is, in ``Accept``."""

BUNDLE: Final = "application/octet-stream"
"""What an export bundle is, in ``Accept``."""

_HEADERS: Final = {"Accept": "application/json", "User-Agent": "visavis-client"}


def because(reason: str) -> dict[str, str]:
    """The header that says why personal data is read; a header has room for ASCII only."""
    return {"Visavis-Reason": quote(reason, safe=" ")}


def stretch(station_id: str | None, since: datetime | None, until: datetime | None) -> dict[str, str | None]:
    """The part of a query that says which decisions: at which station, from when on, and from before when."""
    return {
        "station_id": station_id,
        "since": None if since is None else since.isoformat(),
        "until": None if until is None else until.isoformat(),
    }


def archive_in(language: Language) -> dict[str, str]:
    """The headers that ask for an archive whose page is in this language.

    :raises ValueError: the server does not write in it: it would answer in English, and nobody would be told why.
    """
    known = get_args(Language)
    if language not in known:
        raise ValueError(f"language: one of {', '.join(known)}.")
    return {"Accept": ARCHIVE, "Accept-Language": language}


def door(*parts: str) -> str:
    """The path of one of the server's doors; no part of it can reach another door."""
    return "/v1/" + "/".join(quote(part, safe="") for part in parts)


def log_door(*parts: str) -> str:
    """The path of one of the log's resources."""
    return "/log/" + "/".join(quote(part, safe="") for part in parts)


@dataclass(frozen=True, slots=True)
class Call:
    """One thing that is asked of the server, however often it is sent."""

    method: str
    path: str
    query: Query | None = None
    body: Body = NOTHING
    headers: Mapping[str, str] | None = None
    write: Callable[[bytes], object] | None = field(default=None, repr=False)
    """Takes a success piece by piece, as it comes, in the place of the reply's content."""
    most_bytes: int | None = None
    """No more than one byte more of the answer is read, so that who takes it sees that it is too long."""

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does no more than sending it once: it reads, or the server knows it again."""
        return self.method == "GET" or self.body.idempotency_key is not None or self.body.done_once


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, whole."""

    status: int
    headers: httpx2.Headers
    content: bytes = field(repr=False)


class Server:
    """The address of a server.

    :param base_url: where it is; ``https`` unless it is this machine.
    :raises VisavisProblem: ``url_unsafe``.
    """

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")
        try:
            url = httpx2.URL(self.base_url)
        except httpx2.InvalidURL:
            raise problem_here("url_unsafe", "The address of the server cannot be read.") from None
        self.is_encrypted = url.scheme == "https"
        if not self.is_encrypted and not (url.scheme == "http" and _is_this_machine(url.host)):
            detail = f"{url.scheme or 'no scheme'}://{url.host} is not this machine and not https."
            raise problem_here("url_unsafe", detail)

    def request(self, call: Call, *, credentials: Credentials, timeout: httpx2.Timeout) -> httpx2.Request:
        """A request that is ready to be sent, once: another try is made and signed anew."""
        body = call.body
        request = httpx2.Request(
            call.method,
            self.base_url + call.path,
            params={name: value for name, value in (call.query or {}).items() if value is not None} or None,
            content=None if body.shape is None else body.shape.model_dump_json().encode(),
            data=None if body.form is None else dict(body.form),
            files=list(body.files) or None,
            headers={**_HEADERS, **(call.headers or {})},
            extensions={"timeout": timeout.as_dict()},
        )
        if body.shape is not None:
            request.headers["Content-Type"] = "application/json"
        if body.idempotency_key is not None:
            request.headers["Idempotency-Key"] = body.idempotency_key
        # Reading fixes a multipart body, so that what is signed is what is sent.
        request.read()
        request.headers.update(credentials.headers(request))
        return request

    def unreached(self, error: httpx2.TransportError) -> VisavisProblem:
        """No answer came, as a problem: ``unreachable`` or ``timed_out``."""
        late = isinstance(error, httpx2.TimeoutException) and not isinstance(error, httpx2.ConnectTimeout)
        return problem_here(
            "timed_out" if late else "unreachable", f"No answer from {self.base_url}: {type(error).__name__}."
        )


def parsed(reply: Reply, answer: type[T]) -> T:
    """The answer in a reply that is a success.

    :raises VisavisProblem: ``answer_unreadable``.
    """
    try:
        # A later server may say more than we know; what we know has to be there.
        return answer.model_validate_json(reply.content, extra="ignore")
    except ValidationError:
        raise _unreadable(reply, f"The server's answer is not a {answer.__name__}.") from None


def require_success(reply: Reply) -> None:
    """Refuse a reply that is not a success.

    :raises VisavisProblem: the server's own problem, where the reply is one.
    """
    if httpx2.codes.is_success(reply.status):
        return
    try:
        problem = Problem.model_validate_json(reply.content, extra="ignore")
    except ValidationError:
        raise _unreadable(reply, f"The server answered {reply.status} without saying why.") from None
    raise problem_of(problem)


def _unreadable(reply: Reply, detail: str) -> VisavisProblem:
    return problem_here(
        "answer_unreadable",
        detail,
        status=reply.status,
        request_id=reply.headers.get("Request-Id", ""),
        retry_after_s=_seconds(reply.headers.get("Retry-After", "")),
    )


def _seconds(text: str) -> float | None:
    """A ``Retry-After`` in seconds; one with a date is of no use to a machine whose clock may be wrong."""
    return float(text) if text.isascii() and text.isdigit() else None


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
