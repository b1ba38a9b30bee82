"""Fixtures that every test may use."""

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from pytest_socket import disable_socket, enable_socket
from support.postgres import Cluster, running
from support.world import World, reopened_world, settings_in

from visavis import bootstrap

_WITH_SOCKETS = {"integration", "e2e", "docs", "drill"}


def pytest_configure() -> None:
    """No test reads the settings file of whoever runs it, and requests to a world are not told on standard output."""
    os.environ["VISAVIS_CONFIG"] = os.devnull
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests in a browser come last: the loop that drives it runs on in this thread, beside which none can start."""
    items.sort(key=lambda item: "e2e" in item.path.relative_to(Path(__file__).parent).parts)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """No network but where a test is about it; event loops may have their socket pair."""
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    if folder in _WITH_SOCKETS:
        enable_socket()  # the test before may have been one without
    else:
        disable_socket(allow_unix_socket=True)


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data directory and key file that were just made, and the first API key: making them takes a while."""
    folder = tmp_path_factory.mktemp("blank")
    return folder, bootstrap.initialise(settings_in(folder))


@pytest.fixture
def world(tmp_path: Path, blank: tuple[Path, str]) -> Iterator[World]:
    """A fresh server in this process."""
    folder, secret = blank
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    with reopened_world(tmp_path, settings_in(tmp_path), secret) as opened:
        yield opened


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL that runs while the tests do."""
    with running() as cluster:
        yield cluster


ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def weights() -> Path:
    """The folder of the installed weights. Without them a test fails, it does not skip."""
    folder = Path(os.environ.get("VISAVIS_MODELS", ROOT / ".work" / "models"))
    if not folder.is_dir():
        pytest.fail(f"No weights in {folder}; run: make models")
    return folder


@pytest.fixture(scope="session")
def faces() -> Path:
    """The folder of labelled photos; whoever asks for it carries the mark ``faces``."""
    folder = ROOT.parent / "shared" / "faces" / "lfw-dev"
    if not folder.is_dir():
        pytest.skip(f"The labelled photos are not on this machine: {folder}")
    return folder
