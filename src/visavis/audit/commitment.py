"""What an entry says about somebody without saying it: a salted hash of the details."""

import hashlib
import json
import os
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import rfc8785

from visavis.model.audit import OpeningWrong

SALT_BYTES: Final = 32
_LABEL: Final = b"visavis-log-commitment-v1\n"


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """What a commitment is to. Whoever has neither cannot tell it from any other."""

    salt: bytes
    details: Mapping[str, Any]

    def commitment(self) -> str:
        """The commitment, 32 bytes in base64url without padding."""
        digest = hashlib.sha256(_LABEL + self.salt + rfc8785.dumps(dict(self.details))).digest()
        return urlsafe_b64encode(digest).rstrip(b"=").decode()

    def __bytes__(self) -> bytes:
        """For sealing."""
        return self.salt + rfc8785.dumps(dict(self.details))


def opened(details: Mapping[str, Any]) -> Opened:
    """Details with a fresh salt."""
    return Opened(os.urandom(SALT_BYTES), details)


def read_opened(data: bytes) -> Opened:
    """What ``bytes`` of one were. Details that are not the canonical form of themselves would read in two ways.

    :raises OpeningWrong: they are of another form.
    """
    salt, written = data[:SALT_BYTES], data[SALT_BYTES:]
    try:
        details = json.loads(written)
        canonical = rfc8785.dumps(details)
    except (ValueError, RecursionError):
        raise OpeningWrong("The details cannot be read.") from None
    if not isinstance(details, dict) or canonical != written:
        raise OpeningWrong("The details cannot be read.")
    return Opened(salt, details)


def require_opens(opening: Opened, *, commitment: str) -> None:
    """Check what somebody says is behind an entry.

    :raises OpeningWrong: the entry commits to something else.
    """
    try:
        found = opening.commitment()
    except (ValueError, RecursionError):
        raise OpeningWrong("The details cannot be written as an entry commits to them.") from None
    if len(opening.salt) != SALT_BYTES or found != commitment:
        raise OpeningWrong
