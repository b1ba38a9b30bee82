"""The other way in: a PIN and a QR credential, made here and shown once."""

import secrets
from typing import Final

from visavis.protect.keys import tag
from visavis.protect.slow import slow_fits, slow_hash

PIN_DIGITS: Final = 6


def new_pin() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}d}"


def hash_pin(pin: str, *, pepper: bytes, subject_id: str) -> str:
    """A slow hash of a PIN, as a PHC string.

    A million PINs are soon tried, so the PIN is first keyed with ``pepper`` (32 bytes, not in the database): a stolen
    database alone is not enough.
    """
    return slow_hash(_peppered(pin, pepper, subject_id))


def pin_fits(pin: str, *, pin_hash: str | None, pepper: bytes, subject_id: str) -> bool:
    """Whether the PIN is the one that was hashed. Takes the same time where there is nobody to compare with."""
    return slow_fits(_peppered(pin, pepper, subject_id), hashed=pin_hash)


def _peppered(pin: str, pepper: bytes, subject_id: str) -> bytes:
    return tag(pepper, use="pins", of=f"{subject_id}|{pin}".encode())
