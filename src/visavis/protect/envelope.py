"""AES-256-GCM around one value, bound to the place it is stored at.

The bytes are described in ``spec/sealed-value.md``::

    version (1) | epoch (4, big endian) | nonce (12) | ciphertext and tag (n + 16)

The associated data is the header and the context, so that a value copied to another row, subject, gallery or model
does not open. NIST SP 800-38D: nonces are random, and one key seals far fewer than 2^32 values.
"""

import os
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from visavis.model.keys import SealBroken

VERSION: Final = 1
EPOCH: Final = 0
"""Erasure epochs are counted from 1; 0 says that the key is wrapped by the root itself."""

KEY_BYTES: Final = 32
_HEADER: Final = 5
_NONCE: Final = 12
_TAG: Final = 16


@dataclass(frozen=True, slots=True)
class Context:
    """Where a sealed value belongs: its kind, then the identifiers it may be opened under."""

    kind: str
    names: tuple[str, ...]

    def encoded(self) -> bytes:
        """Length before each part, so that no two contexts share an encoding."""
        parts = (self.kind, *self.names)
        return b"".join(len(part.encode()).to_bytes(2, "big") + part.encode() for part in parts)


def seal(plaintext: bytes, *, key: bytes, context: Context) -> bytes:
    """Seal ``plaintext`` under a 32-byte ``key`` for ``context``."""
    header = bytes([VERSION]) + EPOCH.to_bytes(4, "big")
    nonce = os.urandom(_NONCE)
    return header + nonce + AESGCM(key).encrypt(nonce, plaintext, header + context.encoded())


def unseal(sealed: bytes, *, key: bytes, context: Context) -> bytes:
    """Open what ``seal`` made.

    1. The version and epoch are ones we know.
    2. The tag proves key, header, context and every byte.

    :raises SealBroken: either does not hold.
    """
    if len(sealed) < _HEADER + _NONCE + _TAG or sealed[0] != VERSION:
        raise SealBroken(f"A sealed {context.kind} has an unknown form.")
    if int.from_bytes(sealed[1:_HEADER], "big") != EPOCH:
        raise SealBroken(f"A sealed {context.kind} names an epoch we do not hold.")
    header, nonce, body = sealed[:_HEADER], sealed[_HEADER : _HEADER + _NONCE], sealed[_HEADER + _NONCE :]
    try:
        return AESGCM(key).decrypt(nonce, body, header + context.encoded())
    except InvalidTag:
        raise SealBroken(f"A sealed {context.kind} was moved, edited or sealed with another key.") from None
