"""Keys that sign: in memory, or in a device that they do not leave."""

from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from visavis.model.public_key import Algorithm


class DeviceKey(Protocol):
    """A key in a device that signs with it and never gives it out."""

    @property
    def algorithm(self) -> Algorithm:
        """How it signs."""

    @property
    def public_key(self) -> bytes:
        """Its public half, raw: 32 bytes of Ed25519, or 65 of an uncompressed point of P-256."""

    def sign(self, message: bytes, /) -> bytes:
        """The signature of a message: 64 bytes, of ECDSA r and s."""


SigningKey = Ed25519PrivateKey | DeviceKey
"""What a station signs with."""


def algorithm_of(key: SigningKey) -> Algorithm:
    """How a key signs."""
    return Algorithm.ED25519 if isinstance(key, Ed25519PrivateKey) else key.algorithm


def public_half(key: SigningKey) -> bytes:
    """The raw public half of a key."""
    return key.public_key().public_bytes_raw() if isinstance(key, Ed25519PrivateKey) else key.public_key
