"""Slow hashes of what people can remember."""

import secrets
from typing import Final

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

_MEMORY_KIB: Final = 19 * 1024
_ITERATIONS: Final = 2
_LENGTH: Final = 32


def slow_hash(keyed: bytes) -> str:
    """Argon2id (RFC 9106; the OWASP parameters 19 MiB, 2 passes), as a PHC string.

    :param keyed: what is remembered, keyed first with something that is not in the database: a stolen database alone
        is not enough to try.
    """
    hasher = Argon2id(
        salt=secrets.token_bytes(16), length=_LENGTH, iterations=_ITERATIONS, lanes=1, memory_cost=_MEMORY_KIB
    )
    return hasher.derive_phc_encoded(keyed)


def slow_fits(keyed: bytes, *, hashed: str | None) -> bool:
    """Whether it is what was hashed. Takes the same time where there is nothing to compare with."""
    if hashed is None:
        slow_hash(keyed)
        return False
    try:
        Argon2id.verify_phc_encoded(keyed, hashed)
    except InvalidKey:
        return False
    return True
