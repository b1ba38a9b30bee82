"""Somebody at the console: a browser's cookie and headers, and the app that shows codes."""

from base64 import b32decode
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from support.world import World

COOKIE = "__Host-visavis"
PASSWORD = "correct horse battery"  # noqa: S105 -- of accounts that tests make
OTHER = "another long one"
WRONG = "wrong, and long enough"
SAME = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Colleague:
    """An account of this server's own that is set up, and the browser they sit at."""

    world: World
    account_id: str
    name: str
    totp: bytes
    password: str = PASSWORD
    token: str | None = None
    answers: list[httpx2.Response] = field(default_factory=list)

    def code(self) -> str:
        """The newest code; time passes first, since each works once."""
        self.world.clock.move(seconds=30)
        return code_of(self.world, self.totp)

    def login(
        self, *, name: str | None = None, password: str | None = None, code: str | None = None
    ) -> httpx2.Response:
        """Log in, and keep the token."""
        body = {"name": name or self.name, "password": password or self.password, "code": code or self.code()}
        answer = self.call("POST", "/v1/console/login", json=body)
        self.answers.append(answer)
        if answer.is_success:
            self.token = token_in(answer)
        return answer

    def call(self, method: str, path: str, *, headers: dict[str, str] | None = None, **body: Any) -> httpx2.Response:
        """A request of one of the server's own pages."""
        kept = {} if self.token is None else {"Cookie": f"{COOKIE}={self.token}"}
        told = {**SAME, **kept, "Visavis-Reason": "a test", **(headers or {})}
        return self.world.http.request(method, path, headers=told, **body)


def code_of(world: World, totp: bytes) -> str:
    """What an app shows now."""
    return TOTP(totp, 6, SHA1(), 30).generate(int(world.clock.now().timestamp())).decode()  # noqa: S303 -- what apps compute


def token_in(answer: httpx2.Response) -> str:
    """The token that an answer gives to a browser."""
    return str(cookie_in(answer).value)


def cookie_in(answer: httpx2.Response, name: str = COOKIE) -> Any:
    """The cookie with its flags."""
    cookies: SimpleCookie = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        cookies.load(line)
    return cookies[name]


def secret_in(uri: str) -> bytes:
    """What an app reads from the QR code."""
    return b32decode(parse_qs(urlsplit(uri).query)["secret"][0])


def invited(world: World, name: str, *roles: str, galleries: list[str] | None = None) -> tuple[str, str]:
    """A new account and the secret of its set-up link."""
    made = world.made("/v1/accounts", {"name": name, "roles": list(roles), "gallery_ids": galleries})
    return str(made["id"]), str(made["setup_link"]).partition("#set-up=")[2]


def set_up(world: World, account_id: str, name: str, link: str, *, password: str = PASSWORD) -> Colleague:
    """What a person does with the link."""
    answer = world.link("POST", "/v1/console/set-up", link, json={"password": password})
    assert answer.is_success, answer.text
    totp = secret_in(answer.json()["otpauth"])
    done = world.link("POST", "/v1/console/set-up/confirmation", link, json={"code": code_of(world, totp)})
    assert done.status_code == 204, done.text
    return Colleague(world, account_id, name, totp, password)


def colleague(world: World, name: str, *roles: str, galleries: list[str] | None = None) -> Colleague:
    """Somebody who has set up their account, and is logged in."""
    account_id, link = invited(world, name, *roles, galleries=galleries)
    found = set_up(world, account_id, name, link)
    assert found.login().is_success
    return found
