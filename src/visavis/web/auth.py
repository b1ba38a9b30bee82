"""Who is calling: an API key, a station, a person, or the holder of a link."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from visavis.model.access import ApiKey, IdempotencyForbidden, Scope, ScopeMissing, Unauthenticated
from visavis.model.consent import LinkUnknown
from visavis.model.errors import VisavisError
from visavis.model.station import SignatureRefused
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


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _failed(request: Request, flows: Services, error: VisavisError) -> VisavisError:
    """Count a failed proof; who fails too often is told to wait instead."""
    flows.rates.count_failure(_address(request))
    return error


def key_with(scope: Scope) -> Callable[..., ApiKey]:
    """A dependency: an API key that has ``scope``."""

    def check(request: Request, flows: Flows, presented: _Bearer) -> ApiKey:
        flows.rates.require_patience(_address(request))
        key = None if presented is None else flows.api_keys.of(presented.credentials)
        if key is None:
            raise _failed(request, flows, Unauthenticated())
        flows.rates.count_call(key.id)
        if scope.value not in key.scopes:
            raise ScopeMissing(f"This call needs the scope '{scope.value}'.")
        return key

    return check


def _signer(request: Request, flows: Services, prefix: str) -> str:
    """Check a signed request.

    1. It is signed in the documented form, over the body that came.
    2. The signer is one we know, of the sort this door is for.
    3. The signature is theirs.
    4. Its time is near ours, and its nonce was never seen.
    """
    flows.rates.require_patience(_address(request))
    try:
        signed = signature.read(
            method=request.method,
            path=request.url.path,
            body_digest=request.state.body_sha256,
            headers=dict(request.headers),
        )
        if not signed.signer.startswith(prefix):
            raise SignatureRefused("This door is for another sort of signer.")
        signature.verify(signed, public_key=flows.sessions.key_of(signed.signer))
        flows.sessions.spend_nonce(signer=signed.signer, nonce=signed.nonce, created=signed.created)
    except VisavisError as error:
        raise _failed(request, flows, error) from None
    flows.rates.count_call(signed.signer)
    return signed.signer


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


def link(request: Request, flows: Flows, visavis_link: _Link) -> str:
    """A dependency: the secret of a one-time link, which travels in a header so that no log of addresses has it."""
    flows.rates.require_patience(_address(request))
    if not visavis_link:
        raise _failed(request, flows, LinkUnknown())
    flows.rates.count_call(f"link {_address(request)}")
    return visavis_link


Admin = Annotated[ApiKey, Depends(key_with(Scope.ADMIN))]
Enroller = Annotated[ApiKey, Depends(key_with(Scope.ENROL))]
Operator = Annotated[ApiKey, Depends(key_with(Scope.OPERATE))]
StationId = Annotated[str, Depends(station)]
PersonId = Annotated[str, Depends(person)]
LinkSecret = Annotated[str, Depends(link)]
