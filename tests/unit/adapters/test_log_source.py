"""A log in a folder, where whoever made the folder is not trusted. Over HTTP: tests/abuse/test_malicious_log.py."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.log_builder import built

from visavis.adapters.log_source import FolderSource, Patience, open_source
from visavis.audit.note import MAX_NOTE
from visavis.model.audit import LogUnreachable, ResourceMissing


@pytest.fixture
def source(tmp_path: Path) -> Iterator[FolderSource]:
    built(tmp_path / "log", 300)
    (tmp_path / "secret").write_bytes(b"secret")
    with FolderSource(tmp_path / "log") as source:
        yield source


def test_what_lies_there_is_read(source: FolderSource, tmp_path: Path) -> None:
    for path in ("checkpoint", "tile/0/000", "tile/entries/001.p/44"):
        assert source.fetch(path) == (tmp_path / "log" / path).read_bytes()
    assert list(source.each(source.fetch, ["checkpoint"])) == [source.fetch("checkpoint")]


@pytest.mark.parametrize("path", ["tile/0/001", "tile/3/000", "tile/entries/x001/000", "tile/0/000.p/7"])
def test_what_does_not_is_missing(source: FolderSource, path: str) -> None:
    with pytest.raises(ResourceMissing, match=path):
        source.fetch(path)


@pytest.mark.parametrize(
    "path",
    [
        *(
            "",
            "/etc/passwd",
            "../secret",
            "tile/../../secret",
            "tile/0/../../checkpoint",
            "checkpoint/",
            "./checkpoint",
        ),
        *("tile/0/000/", "tile/0/0000", "tile/0/00", "tile/64/000", "tile/00/000", "tile/0/001/000", "tile/0/x1/000"),
        *(
            "tile/0/000.p/0",
            "tile/0/000.p/1000",
            "tile/0/000.p/",
            "tile/entries/000\n",
            "tile/0/\u0660\u0660\u0660",
            "tile/entries",
        ),
    ],
)
def test_no_other_path_is_even_tried(source: FolderSource, path: str) -> None:
    with pytest.raises(ValueError, match="no resource"):
        source.fetch(path)


def replaced(place: Path) -> Path:
    """The same place with nothing there."""
    place.rename(place.with_name(f"away-{place.name}"))
    return place


def test_a_link_is_not_followed_wherever_it_stands(source: FolderSource, tmp_path: Path) -> None:
    replaced(tmp_path / "log" / "tile" / "0" / "000").symlink_to(tmp_path / "secret")
    with pytest.raises(LogUnreachable, match="tile/0/000"):
        source.fetch("tile/0/000")
    replaced(tmp_path / "log" / "tile" / "0" / "001.p").symlink_to(tmp_path)
    with pytest.raises((LogUnreachable, ResourceMissing), match=r"tile/0/001.p/44"):
        source.fetch("tile/0/001.p/44")
    replaced(tmp_path / "log" / "tile").symlink_to(tmp_path / "log" / "away-tile")
    with pytest.raises((LogUnreachable, ResourceMissing), match="tile/entries/000"):
        source.fetch("tile/entries/000")


def test_what_is_no_file_is_not_read(source: FolderSource, tmp_path: Path) -> None:
    os.mkfifo(replaced(tmp_path / "log" / "checkpoint"))
    (tmp_path / "log" / "tile" / "0" / "007").mkdir()
    for path in ("checkpoint", "tile/0/007"):
        with pytest.raises(LogUnreachable, match=path):
            source.fetch(path)


def test_no_more_is_read_than_can_be_right(source: FolderSource, tmp_path: Path) -> None:
    for path, most in (("checkpoint", MAX_NOTE), ("tile/0/000", 8192), ("tile/entries/000", 256 * 65537)):
        with (tmp_path / "log" / path).open("wb") as file:
            file.truncate(most + 1_000_000)
        assert len(source.fetch(path)) == most + 1


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_no_descriptor_stays_open(source: FolderSource) -> None:
    before = open_descriptors()
    for path in ("checkpoint", "tile/0/000", "tile/0/009", "tile/7/000", "tile/entries/001.p/44"):
        try:
            source.fetch(path)
        except ResourceMissing:
            continue
    assert open_descriptors() == before


@pytest.mark.parametrize(
    "place", ["nowhere", "file:///etc", "ftp://example.org", "http://", "http://a:b", "http://a/?b=c"]
)
def test_a_place_that_is_none(place: str) -> None:
    with pytest.raises(LogUnreachable), open_source(place, patience=Patience(0.1, 0.1, 0.1, 0)) as source:
        source.fetch("checkpoint")


def test_the_folder_itself_may_be_reached_by_a_link(source: FolderSource, tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to(tmp_path / "log")
    with open_source(str(tmp_path / "latest")) as through:
        assert through.fetch("checkpoint") == source.fetch("checkpoint")
