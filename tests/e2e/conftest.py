"""A browser for every test of the pages."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from sim.faces import SimExtractor, photo
from support.browser import Traffic, at_world, opened_browser
from support.live_server import LiveServer, live_server
from support.pictures import FOLDER, Look, taken_by
from support.seeing_films import SeeingFilming
from support.world import World, reopened_world, settings_in

from visavis import bootstrap
from visavis.model.template import Template

_PATIENCE_MS = 20_000
"""Busy machines are slow, not wrong."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where pictures are wanted, only the tests that take some are run."""
    if FOLDER is not None:
        items[:] = [item for item in items if "look" in getattr(item, "fixturenames", ())]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with opened_browser() as browser:
        yield browser


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A real process with real models, shared: each test opens a gallery of its own."""
    with live_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(accept_downloads=True, locale="en-GB", timezone_id="UTC")
    context.set_default_timeout(_PATIENCE_MS)
    expect.set_options(timeout=_PATIENCE_MS)
    yield context.new_page()
    context.close()


@pytest.fixture
def look(page: Page) -> Look:
    """Takes pictures for the documents where `make pictures` runs the tests, and does nothing elsewhere."""
    return taken_by(page)


@pytest.fixture
def traffic(page: Page) -> Iterator[Traffic]:
    """What the page sends; a page that complains in its console fails the test."""
    traffic = Traffic.of(page)
    yield traffic
    assert traffic.complaints == []


@pytest.fixture
def at_sim(page: Page, world: World, traffic: Traffic) -> World:
    """A simulated server behind the page."""
    at_world(page, world)
    assert traffic.requests == []
    return world


@pytest.fixture
def shown_faces(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """What the simulated model sees in the photos of a browser, one after the other; then Ann in all others."""
    to_come: list[bytes] = []
    known: dict[bytes, bytes] = {}
    extract = SimExtractor.extract

    def seen(self: SimExtractor, content: bytes, **how: Any) -> Template:
        if not content.startswith(b"\xff\xd8"):
            return extract(self, content, **how)
        if content not in known:
            known[content] = to_come.pop(0) if to_come else photo("ann", 10 + len(known))
        return extract(self, known[content], **how)

    monkeypatch.setattr(SimExtractor, "extract", seen)
    yield to_come
    monkeypatch.undo()


@pytest.fixture
def phone_photos(tmp_path: Path) -> list[Path]:
    """Three pictures as a telephone keeps them: with where it was."""
    made = []
    for number, grey in enumerate((90, 130, 170)):
        exif = Image.Exif()
        exif[0x010F] = "a telephone"
        made.append(tmp_path / f"{number}.jpg")
        Image.new("RGB", (640, 480), (grey, grey, grey)).save(made[-1], exif=exif)
    return made


@pytest.fixture
def filming() -> SeeingFilming:
    return SeeingFilming(SimExtractor())


@pytest.fixture
def active(tmp_path: Path, filming: SeeingFilming) -> Iterator[World]:
    settings = settings_in(tmp_path)
    secret = bootstrap.initialise(settings)
    with filming.told(), reopened_world(tmp_path, settings, secret, filming=filming) as world:
        yield world
