"""AES-256-GCM around one value, bound to the place it is stored at.

The bytes are described in ``spec/sealed-value.md``::

    version (1) | key version (4, big endian) | nonce (12) | ciphertext and tag (n + 16)

The associated data is the header and the context, so that a value copied to another row, subject, gallery or model
does not open. NIST SP 800-38D: nonces are random, and one key seals far fewer than 2^32 values.
"""

import os
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from visavis.model.keys import SealBroken

VERSION: Final = 1
KEY_BYTES: Final = 32
_HEADER: Final = 5
_NONCE: Final = 12
_BODY: Final = _HEADER + _NONCE
_TAG: Final = 16
_LEAST: Final = _BODY + _TAG
_VERSION_BYTE: Final = bytes([VERSION])
_SHORT: Final = tuple(size.to_bytes(2, "big") for size in range(256))
"""The lengths of nearly all names, encoded: a million references have ten million of them."""


class Context(NamedTuple):
    """Where a sealed value belongs: its kind, then the identifiers it may be opened under."""

    kind: str
    names: tuple[str, ...]

    def encoded(self) -> bytes:
        """Length before each part, so that no two contexts share an encoding."""
        parts: list[bytes] = []
        for name in (self.kind, *self.names):
            encoded = name.encode()
            size = len(encoded)
            parts.append(_SHORT[size] if size < len(_SHORT) else size.to_bytes(2, "big"))
            parts.append(encoded)
        return b"".join(parts)


def seal(plaintext: bytes, *, key: bytes, context: Context, key_version: int = 0) -> bytes:
    """Seal ``plaintext`` under a 32-byte ``key`` for ``context``.

    :param key_version: which of its owner's keys this is, 0 to 2^32 - 1; 0 where there is only one.
    """
    header = _VERSION_BYTE + key_version.to_bytes(4, "big")
    nonce = os.urandom(_NONCE)
    return header + nonce + AESGCM(key).encrypt(nonce, plaintext, header + context.encoded())


def unseal(sealed: bytes, *, key: bytes, context: Context, key_version: int = 0) -> bytes:
    """Open what ``seal`` made.

    1. The version is one we know, and the key version the one that is held.
    2. The tag proves key, header, context and every byte.

    :raises SealBroken: either does not hold.
    """
    header = _VERSION_BYTE + key_version.to_bytes(4, "big")
    if len(sealed) < _LEAST or not sealed.startswith(header):
        key_version_of(sealed)
        raise SealBroken(f"A sealed {context.kind} names a version of its key that is not held.")
    try:
        return AESGCM(key).decrypt(sealed[_HEADER:_BODY], sealed[_BODY:], header + context.encoded())
    except InvalidTag:
        raise SealBroken(f"A sealed {context.kind} was moved, edited or sealed with another key.") from None


def key_version_of(sealed: bytes) -> int:
    """Which of its owner's keys a value says it was sealed with; proven only when it opens.

    :raises SealBroken: it has no form that we know.
    """
    if len(sealed) < _LEAST or sealed[0] != VERSION:
        raise SealBroken("A sealed value has an unknown form.")
    return int.from_bytes(sealed[1:_HEADER], "big")
