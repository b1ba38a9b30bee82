"""The signature of an archive of everything that is held about one person.

``digests.json`` names every other file with its SHA-256, in canonical JSON (RFC 8785). ``digests.jws`` is a compact JWS
over it with alg ``Ed25519`` (RFC 9864), by the key that signs offers, and with the payload left out (RFC 7515, appendix
F): it is the file beside it. ``spec/archive.md`` has the fields.
"""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import rfc8785
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from visavis.consent.receipt import ALGORITHM
from visavis.model.archive import ArchiveUnreadable, ArchiveWrong

SCHEMA: Final = "visavis-archive-1"
TYPE: Final = "visavis-archive+jws"
DIGESTS: Final = "digests.json"
SIGNATURE: Final = "digests.jws"
MAX_DIGESTS: Final = 1024 * 1024
"""Longest list of digests that is read, in bytes."""
_MEMBERS: Final = {"schema_version", "subject_id", "made_at", "files"}
_HEADER: Final = {"alg": ALGORITHM, "typ": TYPE}


class _Registry(jws.JWSRegistry):
    """Lists are longer than the tokens that the library expects; ``MAX_DIGESTS`` bounds them."""

    max_payload_length = 4 * MAX_DIGESTS // 3 + 4

    def __init__(self) -> None:
        super().__init__(algorithms=[ALGORITHM])


@dataclass(frozen=True, slots=True)
class Listed:
    """What was signed: whom the archive is about, when it was made, and the digest of each file (hexadecimal)."""

    subject_id: str
    made_at: datetime
    files: Mapping[str, str]


def list_files(files: Mapping[str, bytes], *, subject_id: str, made_at: datetime) -> bytes:
    """What is to be signed: the content of ``digests.json``."""
    return rfc8785.dumps({
        "schema_version": SCHEMA,
        "subject_id": subject_id,
        "made_at": made_at.astimezone(UTC).isoformat(timespec="seconds"),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    })  # fmt: skip


def sign_listed(listed: bytes, *, controller_key: OKPKey) -> str:
    """The controller's signature over ``digests.json``, the payload left out."""
    header, _, signature = jws.serialize_compact(_HEADER, listed, controller_key, algorithms=[ALGORITHM]).split(".")
    return f"{header}..{signature}"


def read_listed(listed: bytes, signature: str, *, controller_key: OKPKey) -> Listed:
    """What was signed.

    1. The signature is of the type, without a payload of its own, and by this key over these bytes.
    2. They are a list of digests in canonical JSON.

    :raises ArchiveWrong: 1. :raises ArchiveUnreadable: 2.
    """
    parts = signature.strip().split(".")
    if len(listed) > MAX_DIGESTS or len(parts) != 3 or parts[1]:  # noqa: PLR2004 -- header, payload, signature
        raise ArchiveUnreadable(f"{SIGNATURE} is not a signature over {DIGESTS}.")
    payload = urlsafe_b64encode(listed).rstrip(b"=").decode()
    # 1
    try:
        header = json.loads(urlsafe_b64decode(parts[0] + "=" * (-len(parts[0]) % 4)))
        jws.deserialize_compact(f"{parts[0]}.{payload}.{parts[2]}", controller_key, registry=_Registry())
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
        raise ArchiveWrong("The signature does not check out.") from None
    if header != _HEADER:
        raise ArchiveWrong("The signature is of another type.")
    # 2
    return _read(listed)


def require_files(listed: Listed, files: Mapping[str, bytes]) -> None:
    """Every file is listed, every listed one is there, and each is as it was.

    :param files: all but ``digests.json`` and ``digests.jws``.
    :raises ArchiveWrong: the message names the first that is not.
    """
    for name in sorted(set(listed.files) | set(files)):
        if name not in files:
            raise ArchiveWrong(f"{name} is missing.")
        if name not in listed.files:
            raise ArchiveWrong(f"{name} was added.")
        if hashlib.sha256(files[name]).hexdigest() != listed.files[name]:
            raise ArchiveWrong(f"{name} was changed.")


def _read(listed: bytes) -> Listed:
    try:
        members: Any = json.loads(listed)
        canonical = rfc8785.dumps(members)
        if canonical != listed or set(members) != _MEMBERS or members["schema_version"] != SCHEMA:
            raise ValueError  # noqa: TRY301 -- told below like what cannot be read at all
        made_at, files, subject_id = datetime.fromisoformat(members["made_at"]), members["files"], members["subject_id"]
        if made_at.tzinfo is None or not all(isinstance(text, str) for text in (subject_id, *files.values())):
            raise ValueError  # noqa: TRY301 -- as above
        return Listed(subject_id, made_at.astimezone(UTC), files)
    except (ValueError, TypeError, AttributeError, KeyError, OverflowError, RecursionError):
        raise ArchiveUnreadable(f"{DIGESTS} is not a list of digests.") from None
