"""Public keys that are fit to check a signature with: of people Ed25519, of stations that or ECDSA on P-256."""

from enum import Enum
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

RAW_KEY_BYTES: Final = 32
RAW_POINT_BYTES: Final = 65
"""A point of P-256 as SEC 1 writes it, uncompressed: 04, and both coordinates."""
SIGNATURE_BYTES: Final = 64
"""Of either kind: R and S of Ed25519 (RFC 8032), r and s of ECDSA, 32 bytes each, the highest first (RFC 7518)."""
_UNCOMPRESSED: Final = 4
_SMALL_ORDER: Final = frozenset(
    bytes.fromhex(point)
    for point in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)
"""Points under which one signature fits every text, without the sign bit: nobody could be held to what they signed."""


class Algorithm(Enum):
    """How a key signs, by the name that HTTP Message Signatures give it (RFC 9421, section 6.2)."""

    ED25519 = "ed25519"
    ECDSA_P256 = "ecdsa-p256-sha256"
    """What keys in a TPM or token can do; most know no Ed25519."""

    @property
    def jose(self) -> str:
        """Its name in a JWS (RFC 9864, RFC 7518)."""
        return "Ed25519" if self is Algorithm.ED25519 else "ES256"


def algorithm_of(raw: bytes) -> Algorithm:
    """How the key signs whose public half that is: its length says so, and nothing that a request says.

    :param raw: one that ``is_sound_key`` or ``is_sound_station_key`` took.
    """
    return Algorithm.ED25519 if len(raw) == RAW_KEY_BYTES else Algorithm.ECDSA_P256


def is_sound_key(raw: bytes) -> bool:
    """Whether a raw Ed25519 public key can tell its holder from others.

    Under a point of small order one signature fits every message, so that anybody could sign (RFC 8032 leaves the
    check to the application; the list is that of libsodium's ``ge25519_has_small_order``).
    """
    return len(raw) == RAW_KEY_BYTES and raw[:-1] + bytes([raw[-1] & 0x7F]) not in _SMALL_ORDER


def is_sound_station_key(raw: bytes) -> bool:
    """Whether it is a sound Ed25519 key, or a point of P-256 in 65 bytes: that curve has no point of small order."""
    if len(raw) != RAW_POINT_BYTES or raw[0] != _UNCOMPRESSED:
        return is_sound_key(raw)
    try:
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), raw)
    except ValueError:
        return False
    return True


def has_signed(raw: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the holder of a sound key signed ``message``.

    :param signature: 64 bytes; any other length is none.
    """
    if len(signature) != SIGNATURE_BYTES:
        return False
    try:
        if algorithm_of(raw) is Algorithm.ED25519:
            Ed25519PublicKey.from_public_bytes(raw).verify(signature, message)
        else:
            r, s = (int.from_bytes(half) for half in (signature[:32], signature[32:]))
            key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), raw)
            key.verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True
