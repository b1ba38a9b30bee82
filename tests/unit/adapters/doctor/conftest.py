"""An installation in order, to spoil."""

import shutil
from pathlib import Path

import pytest
from support.installation import make_installation

from visavis.adapters.decoding.check import FormatCheck
from visavis.adapters.doctor import photos, port


@pytest.fixture(scope="session")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_installation(tmp_path_factory.mktemp("installation"))


@pytest.fixture
def folder(in_order: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(in_order, tmp_path / "installation"))


@pytest.fixture(autouse=True)
def free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sockets here: the port has its tests among those that may open one."""
    monkeypatch.setattr(port, "require_free", lambda _: None)


@pytest.fixture(autouse=True)
def decoded_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    """No processes here but where a test is about them: starting one takes a second."""
    monkeypatch.setattr(photos, "check_decoding", lambda: [FormatCheck("JPEG", ok=True, message="")])
