"""The key of a station: made where the station is, in a file that only its owner can read."""

import base64
import os
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from visavis.client.private_files import write_private
from visavis.client.raising import problem_here
from visavis.wire.signing import SigningKey, public_half


def make_station_key(path: str | os.PathLike[str]) -> Ed25519PrivateKey:
    """Make a key and write it (PEM, PKCS #8, mode 0600). Register its ``public_key_text`` with the server.

    :raises VisavisProblem: ``file_exists`` or ``file_unwritable``.
    """
    key = Ed25519PrivateKey.generate()
    write_private(Path(path), key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def load_station_key(path: str | os.PathLike[str]) -> Ed25519PrivateKey:
    """The key in a file.

    1. Nobody but the owner can read the file.
    2. It holds an Ed25519 key in PEM.

    :raises VisavisProblem: ``key_unreadable``; the detail says which.
    """
    place = Path(path)
    try:
        mode = stat.S_IMODE(place.stat().st_mode)
        content = place.read_bytes()
    except OSError as error:
        raise problem_here("key_unreadable", f"{place}: {error.strerror}.") from None
    # 1
    if mode & 0o077:
        raise problem_here("key_unreadable", f"{place} has mode {mode:o}: others can read it. Run 'chmod 600' on it.")
    # 2
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise problem_here("key_unreadable", f"{place} does not hold a private key in PEM.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise problem_here("key_unreadable", f"{place} holds a key of another kind.")
    return key


def public_key_text(key: SigningKey) -> str:
    """The public half as the server registers it, base64url: 43 characters of Ed25519, 87 of P-256."""
    return base64.urlsafe_b64encode(public_half(key)).rstrip(b"=").decode()
