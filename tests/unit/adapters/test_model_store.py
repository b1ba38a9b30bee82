"""Where weights lie and how they are proven."""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from fixtures.networks import EMBEDDER_CARD, mean_embedder, place

from visavis.adapters.cards import ModelCard, read_card
from visavis.adapters.model_store import ModelStore
from visavis.model.weights import ModelDigestMismatch, ModelMissing, ModelUnobtainable

NETWORK = mean_embedder()
SOURCE = f"""
[source]
package = "weights"
version = "1.0"
wheel = "weights-1.0-py3-none-any.whl"
wheel_sha256 = "{"0" * 64}"
path = "weights/data/tiny-embedder.onnx"
"""


def upper(content: bytes) -> bytes:
    return content[::-1]


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A folder with the card, the file it names and the wheel that carries it."""
    place(tmp_path / "published", card=EMBEDDER_CARD + SOURCE, network=NETWORK)
    with zipfile.ZipFile(tmp_path / "published" / "weights-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("weights/__init__.py", "raise RuntimeError('code of the wheel was run')")
        wheel.writestr("weights/data/tiny-embedder.onnx", NETWORK)
    return tmp_path / "published"


@pytest.fixture
def card(published: Path) -> ModelCard:
    return read_card(published / "tiny-embedder")


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "store")


@pytest.mark.parametrize("place_in", [".", "tiny-embedder.onnx", "weights-1.0-py3-none-any.whl"])
def test_weights_come_from_a_folder_a_file_or_a_wheel(
    store: ModelStore, published: Path, card: ModelCard, place_in: str
) -> None:
    (path,) = store.install([card], from_path=published / place_in)
    assert path.read_bytes() == NETWORK
    assert store.open(card, prepare=upper) == NETWORK[::-1]


def test_a_folder_may_hold_the_wheel_alone(store: ModelStore, published: Path, card: ModelCard) -> None:
    (published / card.file).unlink()
    (path,) = store.install([card], from_path=published)
    assert path.read_bytes() == NETWORK


@pytest.mark.parametrize("change", [NETWORK[:-1], NETWORK + b"\0", NETWORK[:-1] + b"\xff", b""])
def test_a_file_with_another_digest_is_not_installed(
    store: ModelStore, published: Path, card: ModelCard, change: bytes
) -> None:
    (published / card.file).write_bytes(change)
    with pytest.raises(ModelDigestMismatch):
        store.install([card], from_path=published / card.file)
    assert not store.path(card).exists()


def test_a_place_that_does_not_hold_it_is_named(store: ModelStore, tmp_path: Path, card: ModelCard) -> None:
    wheel = tmp_path / "other.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("other.txt", "")
    broken = tmp_path / "broken.whl"
    broken.write_bytes(b"PK")
    for nowhere in (tmp_path / "absent", wheel, broken, tmp_path / "store"):
        with pytest.raises(ModelUnobtainable):
            store.install([card], from_path=nowhere)


def test_what_is_there_and_right_is_left_alone(store: ModelStore, published: Path, card: ModelCard) -> None:
    store.install([card], from_path=published)
    before = store.path(card).stat().st_mtime_ns
    store.install([card], from_path=published / "absent")
    assert store.path(card).stat().st_mtime_ns == before


def test_what_is_there_and_wrong_is_replaced(store: ModelStore, published: Path, card: ModelCard) -> None:
    store.install([card], from_path=published)
    store.path(card).write_bytes(b"wrong")
    store.install([card], from_path=published)
    assert store.path(card).read_bytes() == NETWORK


def test_missing_weights_do_not_start(store: ModelStore, card: ModelCard) -> None:
    with pytest.raises(ModelMissing, match="visavis models install"):
        store.open(card, prepare=upper)


def test_changed_weights_do_not_start(store: ModelStore, published: Path, card: ModelCard) -> None:
    store.install([card], from_path=published)
    store.open(card, prepare=upper)
    content = bytearray(NETWORK)
    content[len(content) // 2] ^= 1
    store.path(card).write_bytes(content)
    with pytest.raises(ModelDigestMismatch):
        store.open(card, prepare=upper)


def test_only_the_published_file_is_kept(store: ModelStore, published: Path, card: ModelCard) -> None:
    """A prepared copy would be one more file to trust: whoever can write it chooses the network."""
    store.install([card], from_path=published)
    assert store.open(card, prepare=upper) == NETWORK[::-1]
    assert store.open(card, prepare=lambda _: b"prepared again") == b"prepared again"
    assert [path.name for path in store.path(card).parent.iterdir()] == [card.file]


def test_a_write_that_breaks_leaves_nothing_behind(
    store: ModelStore, published: Path, card: ModelCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_handle: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output"):
        store.install([card], from_path=published)
    assert list(store.path(card).parent.iterdir()) == []


def test_the_wheel_is_fetched_by_pip_with_its_digest_pinned_and_not_run(
    store: ModelStore, published: Path, card: ModelCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def pip(command: list[str], **_: Any) -> None:
        asked.append(command)
        pins = Path(command[command.index("--requirement") + 1]).read_text(encoding="ascii")
        assert pins == f"weights==1.0 --hash=sha256:{'0' * 64}\n"
        target = Path(command[command.index("--dest") + 1]) / "weights-1.0-py3-none-any.whl"
        target.write_bytes((published / "weights-1.0-py3-none-any.whl").read_bytes())

    monkeypatch.setattr(subprocess, "run", pip)
    store.install([card])
    assert store.path(card).read_bytes() == NETWORK
    (command,) = asked
    assert command[:4] == [sys.executable, "-m", "pip", "download"]
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(command)
    assert "weights" not in sys.modules


@pytest.mark.parametrize(
    "failure",
    [
        subprocess.CalledProcessError(1, "pip", stderr="ERROR: THESE PACKAGES DO NOT MATCH THE HASHES"),
        subprocess.CalledProcessError(1, "pip", stderr=""),
        subprocess.TimeoutExpired("pip", 1),
        OSError(2, "No such file"),
    ],
)
def test_a_fetch_that_fails_says_what_to_do(
    store: ModelStore, card: ModelCard, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def pip(*_: Any, **__: Any) -> None:
        raise failure

    monkeypatch.setattr(subprocess, "run", pip)
    with pytest.raises(ModelUnobtainable, match="--from PATH"):
        store.install([card])
    assert not store.path(card).exists()


def test_a_card_without_a_package_needs_a_path(store: ModelStore, tmp_path: Path) -> None:
    bare = read_card(place(tmp_path / "bare", card=EMBEDDER_CARD, network=NETWORK))
    with pytest.raises(ModelUnobtainable):
        store.install([bare])
    store.install([bare], from_path=tmp_path / "bare")
    assert hashlib.sha256(store.path(bare).read_bytes()).hexdigest() == bare.sha256
