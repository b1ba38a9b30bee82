"""Ed25519 public keys that are fit to check a signature with."""

from typing import Final

RAW_KEY_BYTES: Final = 32
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


def is_sound_key(raw: bytes) -> bool:
    """Whether a raw Ed25519 public key can tell its holder from others.

    Under a point of small order one signature fits every message, so that anybody could sign (RFC 8032 leaves the
    check to the application; the list is that of libsodium's ``ge25519_has_small_order``).
    """
    return len(raw) == RAW_KEY_BYTES and raw[:-1] + bytes([raw[-1] & 0x7F]) not in _SMALL_ORDER
