"""A browser for every test of the pages."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from support.browser import Traffic, at_world, opened_browser
from support.live_server import LiveServer, live_server
from support.pictures import FOLDER, Look, taken_by
from support.world import World

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
