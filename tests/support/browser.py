"""A real browser, and what it sends."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Route, sync_playwright

import visavis.web
from support.world import BASE, World
from visavis.web.texts import CATALOGUES

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)
STATIC = Path(visavis.web.__file__).parent / "static"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".wasm": "application/wasm"}
_NOT_OURS_TO_COPY = {"accept-encoding", "content-length", "host", "connection"}


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """Chromium without a window, or a skip that says why."""
    if not CHROMIUM.exists():
        pytest.skip(f"There is no {CHROMIUM}: the pages are tested in a real Chromium (Debian package chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def with_camera(browser: Browser, *arguments: str, without: str = "") -> Iterator[Browser]:
    """Another Chromium, told other things as it starts: what its camera shows is one of them.

    :param without: one of the usual arguments, which it is not given.
    """
    usual = [argument for argument in ARGUMENTS if argument != without]
    other = browser.browser_type.launch(executable_path=str(CHROMIUM), args=[*usual, *arguments])
    yield other
    other.close()


@dataclass
class Traffic:
    """All that a page sent, and what it complained about."""

    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, page: Page) -> "Traffic":
        traffic = cls()

        def heard(message: ConsoleMessage) -> None:
            # A refusal that the page explains to the person is also logged by the browser; that is not a fault.
            if message.type == "error" and "the server responded with a status of" not in message.text:
                traffic.complaints.append(message.text)

        def sent(request: Request) -> None:
            traffic.requests.append(request)

        page.on("request", sent)
        page.on("console", heard)
        page.on("pageerror", lambda error: traffic.complaints.append(str(error)))
        return traffic

    def sent(self) -> bytes:
        """Every address, header and body, one after the other."""
        parts: list[bytes] = []
        for request in self.requests:
            parts += [request.url.encode(), *(f"{k}: {v}".encode() for k, v in request.headers.items())]
            parts.append(request.post_data_buffer or b"")
        return b"\n".join(parts)

    def origins(self) -> set[str]:
        """Where it went; what stays inside the browser (blob:, data:) is left out."""
        addresses = [urlsplit(r.url) for r in self.requests]
        return {f"{a.scheme}://{a.netloc}" for a in addresses if a.scheme not in {"blob", "data"}}


def at_world(page: Page, world: World) -> None:
    """Let a page talk to a simulated server: every request goes through its real doors, none through a socket."""

    def answer(route: Route) -> None:
        request = route.request
        address = urlsplit(request.url)
        response = world.http.request(
            request.method,
            address.path + (f"?{address.query}" if address.query else ""),
            headers={
                **{k: v for k, v in request.headers.items() if k not in _NOT_OURS_TO_COPY},
                "accept-encoding": "identity",  # what is fulfilled is not unpacked
            },
            content=request.post_data_buffer or b"",
        )
        headers = {k: v for k, v in response.headers.items() if k not in _NOT_OURS_TO_COPY}
        headers["date"] = format_datetime(world.clock.now(), usegmt=True)
        route.fulfill(status=response.status_code, headers=headers, body=response.content)

    page.route(f"{BASE}/**", answer)


def at_modules(page: Page) -> None:
    """Let a blank page import our modules without any server."""

    def answer(route: Route) -> None:
        name = urlsplit(route.request.url).path.removeprefix("/static/")
        if name == "/":
            route.fulfill(body="<!doctype html><html lang=en-GB><title>modules</title>", content_type="text/html")
        elif name == "/texts/en.json":
            route.fulfill(json=dict(CATALOGUES["en"].texts))
        elif not (STATIC / name).is_file():
            route.fulfill(status=404)  # an exception here would leave the page waiting for ever
        else:
            route.fulfill(body=(STATIC / name).read_bytes(), content_type=_TYPES[Path(name).suffix])

    page.route(f"{BASE}/**", answer)
    page.goto(f"{BASE}/")
