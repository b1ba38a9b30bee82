"""The other way in: a PIN and a QR credential, made here and shown once."""

import secrets
from typing import Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from visavis.protect.keys import tag

PIN_DIGITS: Final = 6
_MEMORY_KIB: Final = 19 * 1024
_ITERATIONS: Final = 2
_LENGTH: Final = 32


def new_pin() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}d}"


def hash_pin(pin: str, *, pepper: bytes, subject_id: str) -> str:
    """Argon2id of a PIN (RFC 9106; the OWASP parameters 19 MiB, 2 passes), as a PHC string.

    A million PINs are soon tried, so the PIN is first keyed with ``pepper`` (32 bytes, not in the database): a stolen
    database alone is not enough.
    """
    hasher = Argon2id(
        salt=secrets.token_bytes(16), length=_LENGTH, iterations=_ITERATIONS, lanes=1, memory_cost=_MEMORY_KIB
    )
    return hasher.derive_phc_encoded(_peppered(pin, pepper, subject_id))


def pin_fits(pin: str, *, pin_hash: str | None, pepper: bytes, subject_id: str) -> bool:
    """Whether the PIN is the one that was hashed. Takes the same time where there is nobody to compare with."""
    if pin_hash is None:
        hash_pin(pin, pepper=pepper, subject_id=subject_id)
        return False
    try:
        Argon2id.verify_phc_encoded(_peppered(pin, pepper, subject_id), pin_hash)
    except InvalidKey:
        return False
    return True


def _peppered(pin: str, pepper: bytes, subject_id: str) -> bytes:
    return tag(pepper, use="pins", of=f"{subject_id}|{pin}".encode())
