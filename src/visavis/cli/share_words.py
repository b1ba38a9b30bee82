"""Where a custodian's words come from: a prompt that does not show them, or a file; never the command line."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click
from pyrage import DecryptError, IdentityError, decrypt, x25519

from visavis.model.custodians import ShareFileUnreadable

_ON_A_SHEET: Final = re.compile(r"<li>([a-z]+)</li>")
_SEALED_FOR_SOMEBODY: Final = b"age-encryption.org/v1"
_LARGEST: Final = 1024 * 1024
_SECRET_KEY: Final = "AGE-SECRET-KEY-"  # noqa: S105 -- how the line with one begins


def share_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--share-file`` and ``--identity``, as every command has them that takes shares."""
    command = click.option(
        "--identity",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Your age identity, for a share file that is encrypted to you.",
    )(command)
    return click.option(
        "--share-file",
        "share_files",
        type=click.Path(path_type=Path),
        multiple=True,
        metavar="FILE",
        help="The sheet, or a file with the words; without it you are asked, and nothing is shown.",
    )(command)


def words_of(files: tuple[Path, ...], identity: Path | None, *, count: int, who: str = "Share") -> list[str]:
    """So many shares: from the files if any are named, else from the keyboard, one after the other.

    :raises ShareFileUnreadable: a file holds no share, or does not open.
    """
    if files:
        return [_in_file(file, identity) for file in files]
    told = [
        f"{who} {number} of {count}, its words" if count > 1 else f"{who}, its words" for number in range(1, count + 1)
    ]
    return [str(click.prompt(text, hide_input=True, err=True)) for text in told]


def _in_file(path: Path, identity: Path | None) -> str:
    try:
        content = path.read_bytes()[:_LARGEST]
        if content.startswith(_SEALED_FOR_SOMEBODY):
            content = _decrypted(content, path, identity)
        text = content.decode()
    except OSError as error:
        raise ShareFileUnreadable(f"{path}: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ShareFileUnreadable(f"{path} is no text.") from None
    return " ".join(_ON_A_SHEET.findall(text)) or text


def _decrypted(content: bytes, path: Path, identity: Path | None) -> bytes:
    if identity is None:
        raise ShareFileUnreadable(f"{path} is encrypted; name your identity with --identity.")
    keys = [line.strip() for line in identity.read_text().splitlines() if line.startswith(_SECRET_KEY)]
    try:
        return bytes(decrypt(content, [x25519.Identity.from_str(key) for key in keys]))
    except (DecryptError, IdentityError):
        raise ShareFileUnreadable(f"{path} is not encrypted to the identity in {identity}.") from None
