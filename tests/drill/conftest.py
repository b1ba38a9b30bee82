"""One installation that is attacked, with simulated faces; every test plays one attack on it."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_socket import enable_socket
from sim.faces import CALIBRATION, SimExtractor, photo

from visavis.bootstrap import Stages
from visavis.drill.people import ASKED, GONE, KEPT, Equipment
from visavis.drill.scene import Scene, played
from visavis.drill.server import Program

_SCRIPT = Path(__file__).resolve().parents[1] / "sim" / "server.py"


def _photo(name: str, number: int) -> bytes:
    return photo(f"{name.partition(' ')[0].lower()}-in-the-picture", number)


def equipment() -> Equipment:
    """The real server but for its networks."""
    tests = _SCRIPT.parents[1]
    return Equipment(
        program=Program(
            lambda folder: (sys.executable, str(_SCRIPT), str(folder)),
            {"PYTHONPATH": os.pathsep.join((str(tests), str(tests.parent / "src")))},
        ),
        photos={name: tuple(_photo(name, number) for number in (1, 2, 3)) for name in (KEPT, GONE, ASKED)},
        stages=Stages(SimExtractor(), CALIBRATION),
    )


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Set up once; no attack spoils it for the next."""
    enable_socket()
    with played(tmp_path_factory.mktemp("drill"), models=Path("/nowhere"), equipment=equipment()) as found:
        yield found


@pytest.fixture(scope="session")
def guarded_scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The same where custodians hold the root."""
    enable_socket()
    folder = tmp_path_factory.mktemp("drill")
    with played(folder, models=Path("/nowhere"), equipment=equipment(), quorum=True) as found:
        yield found
