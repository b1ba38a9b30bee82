"""An export bundle on its recipient's machine: decrypted here, looked through whole, handed on in parts."""

import os
import stat
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pyrage import DecryptError, IdentityError, decrypt_io, x25519

from visavis.client.raising import told_as_problems
from visavis.consent.bundle import MAX_LINE, End, Header, Reading
from visavis.model.errors import VisavisError
from visavis.model.export import MAX_PART, BundleForged, BundleMalformed, BundleUnreadable, IdentityUnusable

_PART_BYTES: Final = 4 * 1024 * 1024
"""About how much of a bundle is sent in one call."""

_OTHERS: Final = 0o077
_SECRET_KEY: Final = "AGE-SECRET-KEY-1"  # noqa: S105 -- how the line with one begins


@dataclass(frozen=True, slots=True)
class Contents:
    """What a bundle says of itself, once it was read to its end and every signature was right."""

    header: Header
    end: End


class BundleFile:
    """A bundle that is decrypted as it is read; nothing of it is written anywhere.

    :param identity: the file that ``age-keygen`` wrote, which nobody else can read.
    :param controller_key: the exporting controller's public key (43 characters of base64url), from a source you
        believe; whatever the bundle says of itself proves nothing.
    :raises VisavisProblem: ``identity_unusable``, ``bundle_forged`` where the key is none.
    """

    def __init__(self, path: str | os.PathLike[str], *, identity: str | os.PathLike[str], controller_key: str) -> None:
        self._path = Path(path)
        with told_as_problems(bytes):
            self._identities = _identities(Path(identity))
            self._key = _raw_key(controller_key)

    def check(self, *, now: datetime | None = None) -> Contents:
        """Read it whole, so that nothing of a bad bundle is sent anywhere.

        1. It is encrypted to this identity, and whole.
        2. Every line was signed by the controller, for this bundle, in order, up to its end.
        3. It was approved for this recipient.

        :raises VisavisProblem: ``bundle_unreadable``, ``bundle_malformed``, ``bundle_forged`` or ``bundle_over``.
        """
        reading = Reading(self._key, now or datetime.now(UTC))

        def take(line: bytes) -> None:
            reading.take(line)

        with told_as_problems(bytes):
            # 1, 2
            self._read(take)
            header, end = reading.finish()
            # 3
            if header.told["request"].get("recipient") not in {str(one.to_public()) for one in self._identities}:
                raise BundleForged("The bundle was approved for another recipient.")
        return Contents(header, end)

    def hand_on(self, send: Callable[[str, Sequence[str]], object]) -> None:
        """Read it again, and give the header with some people at a time.

        :param send: takes the header's line and up to 100 lines of people.
        """
        header: list[str] = []
        part: list[str] = []

        def take(line: bytes) -> None:
            text = line.decode()
            if not header:
                header.append(text)
            elif not text.startswith('{"end":'):
                part.append(text)
            if len(part) == MAX_PART or sum(map(len, part)) >= _PART_BYTES:
                give()

        def give() -> None:
            if part:
                send(header[0], tuple(part))
                part.clear()

        with told_as_problems(bytes):
            self._read(take)
        give()

    def _read(self, take: Callable[[bytes], None]) -> None:
        lines = _Lines(take)
        with self._path.open("rb") as file, _told_unreadable(lines):
            decrypt_io(file, lines, self._identities)
        lines.finish()


class _Lines:
    """What is decrypted, as a file that is written, in lines."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._left = b""
        self.failed: Exception | None = None

    def write(self, data: bytes) -> int:
        """Hand on the lines that are whole."""
        *lines, self._left = (self._left + data).split(b"\n")
        try:
            for line in lines:
                self._take(line)
            self._require_bounded()
        except Exception as error:
            self.failed = error
            raise
        return len(data)

    def _require_bounded(self) -> None:
        if len(self._left) > MAX_LINE:
            raise BundleMalformed("A line is longer than any.")

    def flush(self) -> None:
        """Nothing is held back."""

    def finish(self) -> None:
        """There is no more.

        :raises BundleMalformed: the last line has no end.
        """
        if self._left:
            raise BundleMalformed("The last line has no end.")


@contextmanager
def _told_unreadable(lines: _Lines) -> Iterator[None]:
    """What the library says of a file that does not decrypt; what was found wrong in the lines is told as it is."""
    try:
        yield
    except (DecryptError, OSError):
        if isinstance(lines.failed, VisavisError):
            raise lines.failed from None
        raise BundleUnreadable from None


def _identities(path: Path) -> list[Any]:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text()
    except (OSError, UnicodeDecodeError):
        raise IdentityUnusable(f"{path} cannot be read.") from None
    if mode & _OTHERS:
        raise IdentityUnusable(f"{path} has mode {mode:o}: others can read it.")
    try:
        found = [x25519.Identity.from_str(line.strip()) for line in text.splitlines() if line.startswith(_SECRET_KEY)]
    except IdentityError:
        found = []
    if not found:
        raise IdentityUnusable(f"{path} holds no identity.")
    return found


def _raw_key(text: str) -> bytes:
    try:
        return urlsafe_b64decode(f"{text}=")
    except ValueError:
        raise BundleForged("The controller's key is none.") from None
