"""Names of things: a three-letter kind and 128 random bits."""

import base64
import secrets
from typing import Final

PREFIXES: Final = {
    "pur": "purpose",
    "gal": "gallery",
    "sub": "subject",
    "enr": "enrolment",
    "rec": "receipt",
    "ref": "reference",
    "sta": "station",
    "ses": "session",
    "dec": "decision",
    "rev": "review",
    "key": "API key",
    "tmb": "tombstone",
    "rdg": "reading",
    "imp": "import",
    "ent": "import entry",
    "opn": "opening of a log entry",
    "exp": "export of references",
    "gky": "gallery key",
    "bar": "move of a gallery's bar",
    "alk": "pair of look-alikes",
    "acc": "account",
    "vis": "visit",
}


def new_id(prefix: str) -> str:
    """A fresh identifier such as ``sub_4vsq…``: unguessable, and safe in URLs and file names."""
    if prefix not in PREFIXES:
        raise KeyError(prefix)
    return f"{prefix}_{base64.b32encode(secrets.token_bytes(16)).decode().rstrip('=').lower()}"


def new_secret() -> str:
    """A fresh secret of 192 bits in 32 URL-safe characters."""
    return secrets.token_urlsafe(24)
