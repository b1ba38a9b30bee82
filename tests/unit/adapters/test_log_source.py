"""A log in a folder, where whoever made the folder is not trusted. Over HTTP: tests/abuse/test_malicious_log.py."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.log_builder import built

from visavis.adapters.log_source import FolderSource, Patience, open_source
from visavis.adapters.second_core import second_core
from visavis.audit.note import MAX_NOTE
from visavis.audit.verify import check_here
from visavis.model.audit import LogUnreachable, ResourceMissing

ROOT = Path(__file__).resolve().parents[3]


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
    "place", ["nowhere", "file:///etc", "ftp://example.org", "http://", "https://[", "http://a/?b=c"]
)
def test_a_place_that_is_none(place: str) -> None:
    with pytest.raises(LogUnreachable), open_source(place, patience=Patience(0.1, 0.1, 0.1, 0)) as source:
        source.fetch("checkpoint")


def test_the_folder_itself_may_be_reached_by_a_link(source: FolderSource, tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to(tmp_path / "log")
    with open_source(str(tmp_path / "latest")) as through:
        assert through.fetch("checkpoint") == source.fetch("checkpoint")


WITH_A_SECOND_PROCESS = """
import os, signal, sys
from visavis.adapters import second_core
from visavis.adapters.log_source import open_source
from visavis.audit.checkpoint import Trust
from visavis.audit.verify import Audit, check_here
from visavis.model.audit import EntryWrong
sys.path.insert(0, "tests")
from support.log_builder import signer_of
trust = Trust(signer_of().key)
good, bad = sys.argv[1:]
second_core._QUEUED = 1000
handed = []
with second_core.second_core() as share:
    if share is check_here:
        print("one core")
        sys.exit()
    def sharing(pieces):
        handed.append(len(pieces))
        return share(pieces)
    with open_source(good) as source:
        print(Audit(source.fetch, trust, share=sharing).run().checkpoint.size)
    with open_source(bad) as source:
        try:
            Audit(source.fetch, trust, share=sharing).run()
        except EntryWrong as error:
            print(error.detail)
    (worker,) = share._pool._processes.values()
    worker.kill()
    worker.join()
    with open_source(good) as source:
        print(Audit(source.fetch, trust, share=sharing).run().checkpoint.size)
print(len(handed) > 3)
"""


def test_a_second_process_finds_the_same_and_may_die(tmp_path: Path) -> None:
    if len(os.sched_getaffinity(0)) == 1:
        pytest.skip("There is one core.")
    good = built(tmp_path / "good", 10_000)
    bad = built(tmp_path / "bad", 10_000)
    bad.write("tile/entries/030", good.fetch("tile/entries/031"))
    words = [sys.executable, "-W", "error", "-c", WITH_A_SECOND_PROCESS, str(good.folder), str(bad.folder)]
    ran = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    wrong = "Entry 7680 in tile/entries/030 is not the one in the tree."
    assert ran.stdout.splitlines() == ["10000", wrong, "10000", "True"], ran.stderr
    assert ran.stderr == ""


def test_beside_threads_nothing_is_forked() -> None:

    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        with second_core() as share:
            assert share is check_here
    finally:
        done.set()
        thread.join()
