"""The cookie of a browser session at the console, and from where requests with it may come."""

from typing import Final
from urllib.parse import urlsplit

from fastapi import Request, Response

from visavis.flows.console_sessions import LoggedIn
from visavis.model.account import LONGEST, CrossSite, LoginOver
from visavis.web.services import Services

COOKIE: Final = "__Host-visavis"
"""The prefix keeps it to https, this host and the whole of it: no neighbour under the same domain can set it."""

READS: Final = frozenset({"GET", "HEAD"})
_OURS: Final = frozenset({"same-origin", "none"})
"""``none``: the person asked for it, in the address bar or by a bookmark."""


def session_of(request: Request, flows: Services) -> LoggedIn:
    """Whose session the request's cookie is of.

    1. The request comes from this server's own pages.
    2. The session is live.

    :raises CrossSite: 1. :raises LoginOver: 2, or there is no cookie.
    """
    # 1
    require_own_page(request, flows)
    # 2
    token = request.cookies.get(COOKIE)
    if not token:
        raise LoginOver
    found = flows.console_sessions.of(token)
    request.state.caller = "console"
    return found


def require_own_page(request: Request, flows: Services) -> None:
    """Refuse what a browser sends on behalf of another site, which sends the cookie along.

    1. Where the browser says from where it comes (``Sec-Fetch-Site``), what changes something comes from this origin;
       what only reads comes from there, or from the person.
    2. Where it does not say, what changes something names this server as its ``Origin``.

    :raises CrossSite: it does not.
    """
    site = request.headers.get("sec-fetch-site")
    reads = request.method in READS
    # 1
    if site is not None:
        if site not in (_OURS if reads else {"same-origin"}):
            raise CrossSite
        return
    # 2
    if not reads and request.headers.get("origin") != _origin(flows.base_url):
        raise CrossSite


def set_cookie(response: Response, token: str) -> None:
    """Give a browser its token."""
    response.set_cookie(
        COOKIE, token, max_age=int(LONGEST.total_seconds()), path="/", secure=True, httponly=True, samesite="strict"
    )


def forget_cookie(response: Response) -> None:
    """Take a browser's token away."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
