"""Fixtures that every test may use."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_socket import disable_socket
from support.world import World, opened_world

_WITH_SOCKETS = {"integration", "e2e", "docs"}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """No network but where a test is about it; event loops may have their socket pair."""
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    if folder not in _WITH_SOCKETS:
        disable_socket(allow_unix_socket=True)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A fresh server in this process."""
    with opened_world(tmp_path) as opened:
        yield opened
