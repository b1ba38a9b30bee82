"""The root key's file: for its owner only, apart from the data, and a key."""

from pathlib import Path

import pytest

from visavis.adapters.keyfile import make_key_file, read_key_file
from visavis.model.keys import KeyFileMissing, KeyFileUnsafe


def test_a_key_is_made_for_its_owner_and_read_again(tmp_path: Path) -> None:
    path, data = tmp_path / "deep" / "keys" / "root.key", tmp_path / "data"
    root = make_key_file(path, data_dir=data)
    assert read_key_file(path, data_dir=data) == root
    assert len(root) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    root = make_key_file(path, data_dir=tmp_path / "data")
    with pytest.raises(FileExistsError):
        make_key_file(path, data_dir=tmp_path / "data")
    assert read_key_file(path, data_dir=tmp_path / "data") == root


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601, 0o777])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "root.key"
    make_key_file(path, data_dir=tmp_path / "data")
    path.chmod(mode)
    with pytest.raises(KeyFileUnsafe) as refused:
        read_key_file(path, data_dir=tmp_path / "data")
    assert "chmod 600" in refused.value.mend


@pytest.mark.parametrize("place", ["root.key", "a/b/root.key", "../data/root.key", "."])
def test_a_key_inside_the_data_is_refused(tmp_path: Path, place: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with pytest.raises(KeyFileUnsafe, match="inside the data"):
        make_key_file(data / place, data_dir=data)
    with pytest.raises(KeyFileUnsafe, match="inside the data"):
        read_key_file(data / place, data_dir=data)


def test_a_link_into_the_data_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "root.key").write_text("00" * 32)
    (tmp_path / "link.key").symlink_to(data / "root.key")
    (tmp_path / "linked").symlink_to(data)
    for path in (tmp_path / "link.key", tmp_path / "linked" / "root.key"):
        with pytest.raises(KeyFileUnsafe):
            read_key_file(path, data_dir=data)


@pytest.mark.parametrize("content", [b"", b"hello", b"00" * 31, b"00" * 33, b"0" * 63, b"\xff\xfe" * 40, b"zz" * 32])
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "root.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileMissing) as refused:
        read_key_file(path, data_dir=tmp_path / "data")
    assert content.decode("latin-1")[:20] not in str(refused.value) or not content


def test_no_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(KeyFileMissing):
            read_key_file(path, data_dir=tmp_path / "data")
