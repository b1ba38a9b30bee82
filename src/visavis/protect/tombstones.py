"""Tombstones as lines of a list that is kept outside the data, each proven by itself (``spec/backup.md``).

A line names nobody: identifiers, and a keyed hash of the operator's name for the person.
"""

import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any, Final

import rfc8785

from visavis.model.backup import TombstonesDamaged
from visavis.model.consent import Tombstone
from visavis.protect.keys import tag

_USE: Final = "list of tombstones"


def write_tombstone(tombstone: Tombstone, *, installation: bytes) -> bytes:
    """One line, its end included."""
    told = {
        "at": _stamp(tombstone.created_at),
        "epoch": tombstone.epoch,
        "id": tombstone.id,
        "keep_until": _stamp(tombstone.keep_until),
        "reason": tombstone.reason,
        "receipts": list(tombstone.receipt_ids),
        "subject": tombstone.subject_id,
        "tag": tombstone.reference_tag.hex(),
    }
    written = rfc8785.dumps(told)
    return written + b" " + _proof(written, installation) + b"\n"


def read_tombstone(line: bytes, *, installation: bytes) -> Tombstone:
    """One line, its end included.

    :raises TombstonesDamaged: it was edited, is torn, or was written by another installation.
    """
    written, _, proof = line.removesuffix(b"\n").rpartition(b" ")
    if not hmac.compare_digest(proof, _proof(written, installation)):
        raise TombstonesDamaged("It does not check out.")
    told: dict[str, Any] = json.loads(written)
    return Tombstone(
        id=told["id"],
        subject_id=told["subject"],
        receipt_ids=tuple(told["receipts"]),
        reference_tag=bytes.fromhex(told["tag"]),
        reason=told["reason"],
        created_at=datetime.fromisoformat(told["at"]),
        keep_until=datetime.fromisoformat(told["keep_until"]),
        epoch=told["epoch"],
    )


def _proof(written: bytes, installation: bytes) -> bytes:
    return urlsafe_b64encode(tag(installation, use=_USE, of=written)).rstrip(b"=")


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
