"""What the tests of the OpenAPI document share."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.callers import Callers
from support.world import reopened_world, settings_in


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Making the cases of the long test takes seconds, which whoever leaves slow tests out need not wait for."""
    if collection_path.name == "test_openapi_at_length.py" and "not slow" in str(config.getoption("markexpr")):
        return True
    return None


@pytest.fixture(scope="module")
def callers(tmp_path_factory: pytest.TempPathFactory, blank: tuple[Path, str]) -> Iterator[Callers]:
    """Somebody for every door of one server."""
    folder, secret = blank
    own = tmp_path_factory.mktemp("described")
    shutil.copytree(folder, own, dirs_exist_ok=True)
    with reopened_world(own, settings_in(own), secret) as world:
        yield Callers(world)
