"""What several tests of one person's archive look at and do not change."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.told import Somebody, somebody
from support.world import World, reopened_world, settings_in


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, blank: tuple[Path, str]) -> Iterator[World]:
    """One server for the tests that change nothing: making somebody of whom everything is held takes a while."""
    folder, secret = blank
    place = tmp_path_factory.mktemp("archives")
    shutil.copytree(folder, place, dirs_exist_ok=True)
    with reopened_world(place, settings_in(place), secret) as opened:
        yield opened


@pytest.fixture(scope="session")
def ann(shared: World) -> Somebody:
    """Whose name is written to harm whoever shows it."""
    return somebody(shared, "<script>ann & 'bob'</script>")
