"""Keys below the root: one per subject, and a few derived ones, each for one use."""

import hmac
import os
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from visavis.protect.envelope import KEY_BYTES, Context, seal, unseal

_LABEL: Final = b"visavis v1 "


def derive(root: bytes, use: str) -> bytes:
    """A 32-byte key for one named use (HKDF-SHA256, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=_LABEL + use.encode()).derive(root)


def log_key(root: bytes) -> Ed25519PrivateKey:
    """What the transparency log is signed with. It follows from the root, so that no other key has to be kept."""
    return Ed25519PrivateKey.from_private_bytes(derive(root, "log signing key"))


def new_subject_key() -> bytes:
    """A fresh key of 256 bits."""
    return os.urandom(KEY_BYTES)


def wrap(subject_key: bytes, *, root: bytes, subject_id: str, public_key: bytes | None) -> bytes:
    """Seal a subject's key under the root, for this subject only.

    :param public_key: the one the subject agreed with, once they did. Bound to it, the key does not open beside one
        that was put into the database later, with a countersignature to match (rule S1).
    """
    return seal(subject_key, key=derive(root, "wrap subject keys"), context=_context(subject_id, public_key))


def unwrap(wrapped: bytes, *, root: bytes, subject_id: str, public_key: bytes | None) -> bytes:
    """Open a wrapped subject key.

    :raises SealBroken: it belongs to another subject, public key or root, or was edited.
    """
    return unseal(wrapped, key=derive(root, "wrap subject keys"), context=_context(subject_id, public_key))


def tag(key: bytes, *, use: str, of: bytes) -> bytes:
    """A keyed hash by which equal values are found without storing them (HMAC-SHA256)."""
    return hmac.digest(derive(key, use), of, "sha256")


def _context(subject_id: str, public_key: bytes | None) -> Context:
    return Context("subject key", (subject_id, "" if public_key is None else public_key.hex()))
