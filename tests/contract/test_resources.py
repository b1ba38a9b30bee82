"""What the folder of the published log promises."""

from pathlib import Path

import pytest

from visavis.adapters.log_folder import LogFolder
from visavis.flows.ports import Resources
from visavis.model.audit import ResourceMissing


@pytest.fixture
def resources(tmp_path: Path) -> Resources:
    return LogFolder(tmp_path / "log")


def test_what_is_written_is_read_whole(resources: Resources, tmp_path: Path) -> None:
    resources.write("tile/0/000.p/3", b"x" * 96)
    assert resources.read("tile/0/000.p/3") == b"x" * 96
    resources.write("tile/0/000.p/3", b"y")
    assert resources.read("tile/0/000.p/3") == b"y"
    assert [path.name for path in (tmp_path / "log").rglob("*") if path.is_file()] == ["3"], "something is left beside"


@pytest.mark.parametrize("path", ["checkpoint", "tile/0/000", "tile/0/000.p/3/x"])
def test_what_is_not_there_is_missing(resources: Resources, path: str) -> None:
    resources.write("tile/0/000.p/3", b"x")
    with pytest.raises(ResourceMissing):
        resources.read(path)


def test_a_write_that_fails_leaves_what_was_there(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    resources.write("checkpoint", b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            resources.write("checkpoint", b"new")
    assert resources.read("checkpoint") == b"old"


def test_a_file_a_folder_and_nothing_can_be_taken_away(resources: Resources) -> None:
    for path in ("tile/0/000.p/3", "tile/0/000.p/4", "tile/0/001"):
        resources.write(path, b"x")
    resources.remove("tile/0/000.p")
    resources.remove("tile/0/000.p")
    resources.remove("tile/0/001")
    for path in ("tile/0/000.p/3", "tile/0/000.p/4", "tile/0/001"):
        with pytest.raises(ResourceMissing):
            resources.read(path)
