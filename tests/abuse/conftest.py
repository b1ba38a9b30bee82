"""A log that is served, and lies on command."""

from collections.abc import Iterator

import pytest
from pytest_socket import enable_socket
from sim.evil_log import EvilLog, evil_log
from support.auditor import SIZE
from support.log_builder import LogBuilder, built


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> LogBuilder:
    return built(tmp_path_factory.mktemp("log"), SIZE)


@pytest.fixture
def log(honest: LogBuilder) -> Iterator[EvilLog]:
    enable_socket()
    with evil_log(honest.folder) as log:
        yield log
