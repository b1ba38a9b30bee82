"""Who is calling: an API key, an account at the console, a station, a person, or the holder of a link."""

import base64
import hashlib
import ipaddress
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Annotated, Final
from urllib.parse import unquote

from fastapi import Depends, Header, Request, Security
from fastapi.security import APIKeyCookie, APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from visavis.flows.api_keys import KEY_PREFIX
from visavis.flows.readings import Reader
from visavis.model.access import (
    ApiKey,
    BodyTooLarge,
    IdempotencyForbidden,
    ReasonMissing,
    Scope,
    ScopeMissing,
    Unauthenticated,
)
from visavis.model.account import LoginRefused
from visavis.model.consent import LinkUnknown
from visavis.model.errors import VisavisError
from visavis.model.station import SessionUnknown, SignatureRefused
from visavis.web.console_session import COOKIE, session_of
from visavis.web.services import Services
from visavis.wire import signature


async def services(request: Request) -> Services:
    """The flows of this server."""
    found: Services = request.app.state.services
    return found


Flows = Annotated[Services, Depends(services)]


# What the OpenAPI document says of each door; the checks are below.
_Bearer = Annotated[
    HTTPAuthorizationCredentials | None,
    Security(HTTPBearer(scheme_name="api key", description="`vv1.key_...`, with a scope.", auto_error=False)),
]
SessionCookie = Annotated[
    str | None,
    Security(
        APIKeyCookie(
            name=COOKIE, scheme_name="console", description="A browser session of an account.", auto_error=False
        )
    ),
]
_SIGNED = "HTTP Message Signatures (RFC 9421) in the profile of spec/signed-request.md, signed by a "
_StationSignature = Annotated[
    str | None,
    Security(
        APIKeyHeader(
            name="Signature", scheme_name="station", description=f"{_SIGNED}station (`sta_...`).", auto_error=False
        )
    ),
]
_PersonSignature = Annotated[
    str | None,
    Security(
        APIKeyHeader(
            name="Signature",
            scheme_name="person",
            description=f"{_SIGNED}person (`sub_...`) with the key of their receipt.",
            auto_error=False,
        )
    ),
]
_Link = Annotated[
    str | None,
    Security(
        APIKeyHeader(
            name="Visavis-Link",
            scheme_name="link",
            description="What stands after # in a one-time link.",
            auto_error=False,
        )
    ),
]


_NOBODY: Final = "nobody"
"""Claimed by who claims to be nobody we could know."""

_ANYWHERE: Final = "from anywhere"
_NO_SUCH_LINK: Final = (LinkUnknown, SessionUnknown)
_CLAIMED_KEY: Final = re.compile(rf"{KEY_PREFIX}\.(key_[a-z2-7]{{26}})\.")
_CLAIMED_SIGNER: Final = re.compile(r';keyid="([a-z]{3}_[a-z2-7]{26})"')
_DIGEST: Final = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")
_NAMES_A_THING: Final = "_id"
_VISIT: Final = "vis_"
_SENDING: Final = ("POST", "/v1/consent/photos")
"""The one door to which the holder of a link sends photos."""

_PHOTOS_SHARE: Final = 20
"""Of the calls a caller has in a minute, a link has one in so many to send photos with: looking at them is dear."""


def _address(request: Request) -> str:
    return network_of(request.client.host) if request.client else "unknown"


@lru_cache(maxsize=1024)
def network_of(host: str) -> str:
    """Whose failures are counted together: an IPv4 address, or the 64 bits of an IPv6 network that one customer has.

    ``X-Forwarded-For`` is not looked at: whoever sends it can write anything into it.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((int(address), 64), strict=False))
    return str(address)


_Failures = type[VisavisError] | tuple[type[VisavisError], ...]


@contextmanager
def _proving(request: Request, flows: Services, claimed: str, failures: _Failures) -> Iterator[None]:
    """Look at a proof of who is calling.

    1. Who failed too often has to wait first (``locked_out``).
    2. A proof that fails is counted, for what was claimed and for the address.
    3. One that holds makes the failures of this claim forgotten.
    """
    address = _address(request)
    flows.rates.require_patience(address, claimed)
    try:
        yield
    except failures:
        flows.rates.count_failure(address, claimed)
        raise
    flows.rates.count_proof(address, claimed)


def _known(request: Request, flows: Services, credentials: str | None) -> ApiKey:
    """Who calls: the API key in the header, or, where there is no such header, the account whose session it is."""
    if "authorization" in request.headers or COOKIE not in request.cookies:
        return _holder(request, flows, credentials)
    return session_of(request, flows).account.as_caller()


def _holder(request: Request, flows: Services, credentials: str | None) -> ApiKey:
    """The API key that the request bears."""
    claimed = _CLAIMED_KEY.match(credentials or "")
    with _proving(request, flows, f"key {claimed[1] if claimed else _NOBODY}", Unauthenticated):
        key = None if credentials is None else flows.api_keys.of(credentials)
        if key is None:
            raise Unauthenticated
    request.state.caller = "api_key"
    return key


def key_with(*scopes: Scope, bounds_itself: bool = False, times: int = 1) -> Callable[..., ApiKey]:
    """A dependency: an API key that has one of ``scopes``; any key where none is named.

    An account of the console is one whose scopes are those of its roles. What is said of keys here holds for it.

    A key that is for some galleries only passes where everything that path and query name by an identifier
    (``gallery_id``, ``subject_id``, ``import_id`` …) lies in one of them, and where they name something at all. So a
    new door is closed to such keys, or bounded, without doing anything for it.

    :param bounds_itself: the door keeps such keys within their galleries by itself: it lists what ``flows.reach`` or
        ``page_within`` gives it, or calls ``flows.reach.require`` for what is named in the body.
    :param times: the door is one of those that are called so many times as often, which are counted by themselves.
    """

    def check(request: Request, flows: Flows, presented: _Bearer, _session: SessionCookie) -> ApiKey:
        key = _known(request, flows, None if presented is None else presented.credentials)
        flows.rates.count_call(key.id if times == 1 else f"{key.id} {times}", times=times)
        if scopes and not {scope.value for scope in scopes} & set(key.scopes):
            raise ScopeMissing(f"This call needs the scope {' or '.join(repr(scope.value) for scope in scopes)}.")
        if key.gallery_ids is not None and not bounds_itself:
            query = [(name, value) for name, value in request.query_params.multi_items() if _names(name)]
            flows.reach.require(key, [*request.path_params.items(), *query])
        return key

    return check


def _names(parameter: str) -> bool:
    return parameter.endswith(_NAMES_A_THING)


def _read(request: Request, body_digest: bytes) -> signature.Signed:
    return signature.read(
        method=request.method,
        path=request.scope["raw_path"].decode("latin-1"),
        body_digest=body_digest,
        # A header that came twice is one value with a comma (RFC 9110, 5.3), which no header of the form has.
        headers={name: ", ".join(request.headers.getlist(name)) for name in request.headers},
    )


def _claimed_signer(request: Request) -> str:
    claimed = _CLAIMED_SIGNER.search(request.headers.get("signature-input", ""))
    return f"signer {claimed[1] if claimed else _NOBODY}"


def _key_of(flows: Services, signer: str) -> bytes:
    return flows.visits.key_of(signer) if signer.startswith(_VISIT) else flows.sessions.key_of(signer)


def _signer(request: Request, flows: Services, prefix: str | tuple[str, ...]) -> str:
    """Check a signed request.

    1. It is signed in the documented form, over the body that came.
    2. The signer is one we know, of the sort this door is for.
    3. The signature is theirs.
    4. Its time is near ours, and its nonce was never seen.
    """
    with _proving(request, flows, _claimed_signer(request), VisavisError):
        signed = _read(request, request.state.body_sha256)
        if not signed.signer.startswith(prefix):
            raise SignatureRefused("This door is for another sort of signer.")
        signature.verify(signed, public_key=_key_of(flows, signed.signer))
        flows.sessions.spend_nonce(signer=signed.signer, nonce=signed.nonce, created=signed.created)
    request.state.caller = "station" if prefix == "sta_" else "person"
    flows.rates.count_call(signed.signer)
    return signed.signer


def require_proof(request: Request) -> str | None:
    """Whether the headers alone show a caller whom we know, before a large body is taken in.

    An API key is known, or an account at the console, whatever its scope; a signature is right for the digest that the
    headers name; a link invites, and the body goes where photos are sent. What the door asks for is looked at later,
    with the body: this only keeps strangers from filling the memory.

    :returns: of whom one body at a time is taken in, since a link is in anybody's hands; None: of anybody else.
    :raises Unauthenticated: there is no API key that we know. :raises LoginOver: nor such a session.
    :raises SignatureRefused: the signature is not right. :raises LockedOut: too many proofs failed.
    :raises BodyTooLarge: there is a link, which needs no such body elsewhere. :raises LinkUnknown, PhotosNotInvited:
        it needs none any more.
    """
    flows: Services = request.app.state.services
    if "visavis-link" in request.headers and not {"signature", "authorization"} & set(request.headers):
        return _inviting(request, flows)
    if "signature" not in request.headers:
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        _known(request, flows, credentials.strip() if scheme.lower() == "bearer" else None)
        return None
    with _proving(request, flows, _claimed_signer(request), VisavisError):
        digest = _DIGEST.fullmatch(request.headers.get("content-digest", ""))
        signed = _read(request, base64.b64decode(digest[1]) if digest else b"")
        signature.verify(signed, public_key=_key_of(flows, signed.signer))
    return None


def _inviting(request: Request, flows: Services) -> str:
    """Whose photos come: those of a link that invites, where photos are sent."""
    if (request.method, request.scope["path"]) != _SENDING:
        raise BodyTooLarge("A link needs no such body.")
    link_secret = request.headers["visavis-link"]
    with opening(request, flows, link_secret):
        flows.invited.require_open(link_secret)
    return _claimed_link(link_secret)


def station(request: Request, flows: Flows, _signed: _StationSignature) -> str:
    """A dependency: the identifier of the station that signed the request."""
    if "idempotency-key" in request.headers:
        raise IdempotencyForbidden
    return _signer(request, flows, "sta_")


def person(request: Request, flows: Flows, _signed: _PersonSignature) -> str:
    """A dependency: the identifier of the person who signed the request.

    What a person asks for is done once whatever happens: a session serves one attempt, and a withdrawal leaves nobody
    to withdraw. A decision takes no idempotency key here either.
    """
    if "idempotency-key" in request.headers and request.url.path.startswith("/v1/personal-sessions"):
        raise IdempotencyForbidden
    return _signer(request, flows, "sub_")


def owner(request: Request, flows: Flows, _signed: _PersonSignature) -> str:
    """A dependency: the identifier of the person whose data it is, by their own key or by that of a visit."""
    signer = _signer(request, flows, ("sub_", _VISIT))
    return flows.visits.subject_of(signer) if signer.startswith(_VISIT) else signer


def visit(request: Request, flows: Flows, _signed: _PersonSignature) -> str:
    """A dependency: the identifier of the visit whose key signed the request."""
    return _signer(request, flows, _VISIT)


@contextmanager
def opening(
    request: Request, flows: Services, link_secret: str, *, failures: _Failures = _NO_SUCH_LINK
) -> Iterator[None]:
    """What the secret of a one-time link, or a one-time code, opens; one that opens nothing is a failed proof.

    A secret is a claim of its own: somebody with a link that is over does not hold up others behind their router.
    """
    with _proving(request, flows, _claimed_link(link_secret), failures):
        yield


def _claimed_link(link_secret: str) -> str:
    return f"link {hashlib.sha256(link_secret.encode()).hexdigest()}"


def link(request: Request, flows: Flows, visavis_link: _Link) -> Iterator[str]:
    """A dependency: the secret of a one-time link, which travels in a header so that no log of addresses has it."""
    with opening(request, flows, visavis_link or ""):
        if not visavis_link:
            raise LinkUnknown
        request.state.caller = "link"
        flows.rates.count_call(f"link {_address(request)}")
        yield visavis_link


def sender(flows: Flows, link_secret: Annotated[str, Depends(link)]) -> str:
    """A dependency: the secret of a link that invites; its photos are counted by themselves, wherever they come from.

    :raises RateLimited: there were too many.
    """
    flows.invited.require_open(link_secret)
    flows.rates.count_call(f"photos by {_claimed_link(link_secret)}", share=_PHOTOS_SHARE)
    return link_secret


@contextmanager
def login_attempt(request: Request, flows: Services, name: str) -> Iterator[None]:
    """A try to log in; whether there is such an account makes no difference.

    Wrong ones are counted for the name and the address, as any proof is, and for the name alone, so that many addresses
    get no more of them.

    :raises LockedOut: there were too many.
    """
    claimed = f"account {name.strip().lower()}"
    with _proving(request, flows, claimed, LoginRefused):
        flows.rates.require_patience(claimed, _ANYWHERE)
        try:
            yield
        except LoginRefused:
            flows.rates.count_failure(claimed, _ANYWHERE)
            raise
        flows.rates.count_proof(claimed, _ANYWHERE)


LinkHeader = _Link
Admin = Annotated[ApiKey, Depends(key_with(Scope.ADMIN))]
Enroller = Annotated[ApiKey, Depends(key_with(Scope.ENROL))]
Operator = Annotated[ApiKey, Depends(key_with(Scope.OPERATE))]
StationId = Annotated[str, Depends(station)]
PersonId = Annotated[str, Depends(person)]
OwnerId = Annotated[str, Depends(owner)]
VisitId = Annotated[str, Depends(visit)]
LinkSecret = Annotated[str, Depends(link)]
Sender = Annotated[str, Depends(sender)]


_Reason = Annotated[
    str | None,
    Header(
        alias="Visavis-Reason",
        description="Why this is read, 1 to 200 printable characters; the person sees it. UTF-8, percent-encoded.",
    ),
]


def reader_with(*scopes: Scope, bounds_itself: bool = False) -> Callable[..., Reader]:
    """A dependency: the holder of such an API key, as ``key_with`` has it, who reads about people and says why."""

    def check(
        key: Annotated[ApiKey, Depends(key_with(*scopes, bounds_itself=bounds_itself))], reason: _Reason = None
    ) -> Reader:
        try:
            return Reader.because(key, None if reason is None else _decoded(reason))
        except UnicodeError:
            raise ReasonMissing("The reason is not percent-encoded UTF-8.") from None

    return check


def _decoded(reason: str) -> str:
    """The text of a reason in a header, which has room for ASCII only."""
    return unquote(reason.encode("ascii").decode(), errors="strict")


ReadingOperator = Annotated[Reader, Depends(reader_with(Scope.OPERATE))]
