"""A page that embeds ``<visavis-capture>``, on a small server of its own, and what the element told it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from types import SimpleNamespace
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from playwright.sync_api import Page

from visavis.web import problems, texts
from visavis.web.frame import Frame
from visavis.web.modules import STATIC, scripts
from visavis.web.packed_files import PackedFiles
from visavis.web.routes import capture

WHERE = "/station"
"""A page with guidance: its headers let it run WebAssembly."""

_PATIENCE_S = 30
_LISTENS = """
window.told = [];
for (const name of ["photo", "problem", "guidance", "state"]) {
  document.addEventListener(`visavis-${name}`, ({ detail }) => {
    window.told.push({ name, ...(name === "problem" ? { code: detail.code } : detail) });
  });
}
"""


@dataclass
class Embedding:
    """An open page."""

    page: Page

    @property
    def told(self) -> list[dict[str, Any]]:
        """Every event, in order."""
        found: list[dict[str, Any]] = self.page.evaluate("window.told.map(({ photo, photos, ...rest }) => rest)")
        return found

    def kinds(self, name: str, field: str) -> list[Any]:
        """One field of every event of one name."""
        return [one[field] for one in self.told if one["name"] == name]

    def until(self, name: str, **wanted: object) -> None:
        """Wait until an event of this name says so."""
        # Playwright's own waiting evaluates texts inside the page, which the page does not allow.
        give_up_at = time.monotonic() + _PATIENCE_S
        while not any(one["name"] == name and wanted.items() <= one.items() for one in self.told):
            assert time.monotonic() < give_up_at, (name, wanted, self.told)
            self.page.wait_for_timeout(50)

    def start(self) -> bool:
        """As a page starts it."""
        is_on: bool = self.page.evaluate("document.querySelector('visavis-capture').start()")
        return is_on

    def photos(self) -> list[bytes]:
        """Every photo that the page was given."""
        found: list[list[int]] = self.page.evaluate(
            "Promise.all(window.told.filter((one) => one.name === 'photo')"
            ".map(async ({ photo }) => [...new Uint8Array(await photo.arrayBuffer())]))"
        )
        return [bytes(photo) for photo in found]

    def tracks(self) -> list[str]:
        """The state of every track that the element's picture has."""
        found: list[str] = self.page.evaluate(
            "(document.querySelector('visavis-capture').shadowRoot.querySelector('video').srcObject?.getTracks() ?? [])"
            ".map((track) => track.readyState)"
        )
        return found


def opened(page: Page, base: str, *, scripted: str = "", **attributes: str) -> Embedding:
    """The page with the element, these attributes on it; ``no_upload`` stands for ``no-upload``."""
    page.add_init_script(_LISTENS + scripted)
    query = "&".join(f"{name.replace('_', '-')}={value}" for name, value in attributes.items())
    page.goto(f"{base}{WHERE}?{query}")
    page.evaluate("customElements.whenDefined('visavis-capture').then(() => null)")
    return Embedding(page)


@contextmanager
def serving(network: bytes | None) -> Iterator[str]:
    """A server with our files, texts, headers and face finder, and nothing else; its address."""
    app = FastAPI()
    app.state.services = SimpleNamespace(face_finder=network)
    problems.install(app)
    app.mount("/static", PackedFiles(directory=STATIC))
    app.include_router(texts.router)
    app.include_router(capture.router)

    @app.get(WHERE)
    def page(request: Request) -> HTMLResponse:
        given = " ".join(f'{escape(name)}="{escape(value)}"' for name, value in request.query_params.items())
        return HTMLResponse(
            '<!doctype html><html lang="en-GB" data-texts="/texts/en.json"><title>A page</title>'
            f"{scripts('capture/page')}<main><h1>A page</h1><visavis-capture {given}></visavis-capture></main>"
        )

    server = uvicorn.Server(uvicorn.Config(Frame(app), port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        if not thread.is_alive():
            raise RuntimeError("The server of the page did not start.")
        thread.join(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()
