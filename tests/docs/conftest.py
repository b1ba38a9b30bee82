"""One server for all guides."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.live_server import LiveServer, live_server
from support.reader import Reader, require_portraits


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    require_portraits()
    with live_server(tmp_path_factory.mktemp("guides")) as started:
        yield started


@pytest.fixture
def reader(server: LiveServer, tmp_path: Path) -> Reader:
    return Reader(server, tmp_path)
