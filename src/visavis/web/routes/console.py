"""Logging in at the console, and out."""

from typing import Annotated, Final

import segno
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from visavis.flows.console_sessions import LoggedIn
from visavis.flows.provider_login import ERRAND_LIFE
from visavis.model.account import OidcRefused, SetupUnknown
from visavis.model.errors import VisavisError
from visavis.web.auth import Flows, LinkHeader, SessionCookie, login_attempt, opening
from visavis.web.console_session import COOKIE, forget_cookie, require_own_page, session_of, set_cookie
from visavis.web.problems import STATUS
from visavis.web.services import Services
from visavis.wire.console import (
    ConsoleMe,
    ConsoleWays,
    LoginRequest,
    PasswordRequest,
    SecondStepAnswer,
    SetupAnswer,
    SetupCodeRequest,
    SetupRequest,
)

router = APIRouter(prefix="/v1/console", tags=["console"])
browser = APIRouter(prefix="/console/oidc", include_in_schema=False)
"""Where a browser goes by itself."""

_ERRAND: Final = "__Host-visavis-oidc"
_BACK: Final = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Visavis</title>'
    '<meta http-equiv="refresh" content="0;url={place}"><p><a href="{place}">Console</a></p></html>'
)
"""A page, not a redirect: a browser that comes from elsewhere sends a strict cookie with the next step only."""


def logged_in(request: Request, flows: Flows, _session: SessionCookie) -> LoggedIn:
    """A dependency: whose browser session it is."""
    found = session_of(request, flows)
    flows.rates.count_call(found.account.id)
    return found


Session = Annotated[LoggedIn, Depends(logged_in)]


@router.get("/ways")
def ways(flows: Flows) -> ConsoleWays:
    """How one can log in here."""
    return ConsoleWays(provider=flows.provider_login.is_on)


@router.post("/login")
def login(request: Request, response: Response, body: LoginRequest, flows: Flows) -> ConsoleMe:
    """Log in with name, password and code. The session's token is in the cookie of the answer, and always new."""
    require_own_page(request, flows)
    with login_attempt(request, flows, body.name):
        account = flows.console_login.login(name=body.name, password=body.password, code=body.code)
    return _opened(request, response, flows, flows.console_sessions.open(account, instead_of=_token(request)))


@router.post("/logout", status_code=204)
def logout(request: Request, flows: Flows) -> Response:
    """End this browser's session, if there is one."""
    require_own_page(request, flows)
    token = _token(request)
    if token is not None:
        flows.console_sessions.end(token)
    response = Response(status_code=204)
    forget_cookie(response)
    return response


@router.get("/me")
def me(session: Session) -> ConsoleMe:
    """Who is logged in, what they may do, and until when."""
    return _me(session)


@router.post("/password", status_code=204)
def change_password(request: Request, body: PasswordRequest, flows: Flows, session: Session) -> Response:
    """Another password. Every session of the account ends, this one too."""
    account = session.account
    with login_attempt(request, flows, account.name):
        flows.console_login.change_password(account.id, password=body.password, code=body.code, new=body.new_password)
    response = Response(status_code=204)
    forget_cookie(response)
    return response


@router.get("/set-up")
def show_setup(request: Request, flows: Flows, link: LinkHeader = None) -> SetupAnswer:
    """Whose set-up link it is. Its secret travels in the header ``Visavis-Link``."""
    with opening(request, flows, link or "", failures=SetupUnknown):
        account = flows.console_login.invited(link or "")
    request.state.caller = "link"
    if account.setup_until is None:
        raise SetupUnknown
    return SetupAnswer(name=account.name, roles=list(account.roles), setup_until=account.setup_until)


@router.post("/set-up")
def prepare(request: Request, body: SetupRequest, flows: Flows, link: LinkHeader = None) -> SecondStepAnswer:
    """Choose a password; the answer is for the person's app. Nothing opens before a code of the app is confirmed."""
    with opening(request, flows, link or "", failures=SetupUnknown):
        prepared = flows.console_login.prepare(link or "", password=body.password)
    request.state.caller = "link"
    return SecondStepAnswer(otpauth=prepared.uri, qr=segno.make(prepared.uri, micro=False).svg_data_uri(scale=4))


@router.post("/set-up/confirmation", status_code=204)
def confirm(request: Request, body: SetupCodeRequest, flows: Flows, link: LinkHeader = None) -> Response:
    """Show that the app has the secret. The link is used up by this; log in with the next code."""
    with opening(request, flows, link or "", failures=SetupUnknown):
        flows.console_login.confirm(link or "", code=body.code)
    request.state.caller = "link"
    return Response(status_code=204)


@browser.get("")
def to_provider(flows: Flows) -> Response:
    """Go to the OpenID provider."""
    try:
        address, kept = flows.provider_login.begin()
    except VisavisError as error:
        return _refused(error)
    response = RedirectResponse(address, status_code=303)
    # Lax, or it would not come back with the browser; it opens nothing, and is sealed.
    response.set_cookie(
        _ERRAND, kept, max_age=int(ERRAND_LIFE.total_seconds()), path="/", secure=True, httponly=True, samesite="lax"
    )
    return response


@browser.get("/back")
def from_provider(
    request: Request, flows: Flows, state: str = "", code: str = "", error: str | None = None
) -> Response:
    """Come back from the OpenID provider."""
    try:
        if error is not None or not code:
            raise OidcRefused("The provider let nobody in.")
        account = flows.provider_login.finish(request.cookies.get(_ERRAND, ""), state=state, code=code)
    except VisavisError as refusal:
        response = _refused(refusal)
    else:
        response = HTMLResponse(_BACK.format(place="/console"))
        _opened(request, response, flows, flows.console_sessions.open(account, instead_of=_token(request)))
    response.delete_cookie(_ERRAND, path="/", secure=True, httponly=True, samesite="lax")
    return response


def _refused(error: VisavisError) -> HTMLResponse:
    """Back to the console, which tells what a code means."""
    return HTMLResponse(_BACK.format(place=f"/console#refused={error.code}"), status_code=STATUS[error.kind])


def _opened(request: Request, response: Response, flows: Services, made: tuple[str, LoggedIn]) -> ConsoleMe:
    token, session = made
    request.state.caller = "console"
    flows.rates.count_call(session.account.id)
    set_cookie(response, token)
    return _me(session)


def _token(request: Request) -> str | None:
    return request.cookies.get(COOKIE) or None


def _me(session: LoggedIn) -> ConsoleMe:
    account = session.account
    return ConsoleMe(
        account_id=account.id,
        name=account.name,
        roles=list(account.roles),
        scopes=list(account.scopes),
        gallery_ids=None if account.gallery_ids is None else list(account.gallery_ids),
        by_provider=account.provider_tag is not None,
        idle_until=session.idle_until,
        ends_at=session.session.ends_at,
    )
