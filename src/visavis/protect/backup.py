"""The header of a backup: one line before the encrypted rest, proven by the key of an epoch (``spec/backup.md``).

What follows is an age file for a key pair that was made for this one backup. Its secret half is sealed in the header
under the key of the epoch in which the backup was made. With that key the backup dies, wherever its copies are.
"""

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import Any, Final

import rfc8785
from pyrage import x25519

from visavis.model.backup import BackupDamaged, BackupForeign, BackupHeader, BackupTooNew, BackupTooOld
from visavis.model.keys import EpochDestroyed, KeyTree, SealBroken
from visavis.protect.envelope import Context, seal, unseal
from visavis.protect.epochs import epoch_key, present
from visavis.protect.keys import derive, tag

FORMAT: Final = "visavis-backup/1"
MAX_HEADER: Final = 4096
"""Longest header in bytes, its line's end included."""
_USE: Final = "backups"
_NAME_BYTES: Final = 16
_SEALED: Final = "identity"


def installation_name(installation: bytes) -> bytes:
    """What backups call an installation (16 bytes); it tells nothing but that two are of the same."""
    return tag(installation, use=_USE, of=b"")[:_NAME_BYTES]


def new_identity() -> tuple[str, str]:
    """A fresh age key pair for one backup: the identity, which opens it, and the recipient it is encrypted to."""
    identity = x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def write_header(header: BackupHeader, *, tree: KeyTree, identity: str) -> bytes:
    """The line that a backup begins with.

    :param identity: the age identity that opens the rest.
    """
    told = _told(header)
    sealed = seal(identity.encode(), key=_key(tree, header.epoch), context=_context(told), key_version=header.epoch)
    return _written(header, sealed)


def read_header(line: bytes) -> tuple[BackupHeader, bytes]:
    """What a backup says of itself, and the sealed identity; nothing of it is proven yet.

    :raises BackupDamaged: it is of no form that we know.
    """
    try:
        told: dict[str, Any] = json.loads(line)
        sealed = b64decode(told[_SEALED], validate=True)
        header = BackupHeader(
            epoch=int(told["epoch"]),
            installation=bytes.fromhex(told["installation"]),
            made_at=datetime.fromisoformat(told["made_at"]),
            opens_until=datetime.fromisoformat(told["opens_until"]),
            log_size=int(told["log_size"]),
            generation=int(told["generation"]),
            release=str(told["release"]),
        )
        written = _written(header, sealed)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise BackupDamaged("The file does not begin as a backup does.") from None
    # One way to write each: what is not that way has a member too many, or a time without a zone.
    if written != line or header.epoch < 1:
        raise BackupDamaged("The file does not begin as a backup of this format does.")
    return header, sealed


def open_header(line: bytes, *, tree: KeyTree) -> tuple[BackupHeader, str]:
    """What a backup says of itself, proven, and the age identity that opens the rest.

    1. It is of a form that we know. 2. It is of this installation. 3. The key of its epoch is there. 4. That key opens
    the identity, and with it proves every word of the header.

    :raises BackupDamaged: 1 or 4. :raises BackupForeign: 2. :raises BackupTooNew, BackupTooOld: 3.
    """
    # 1
    header, sealed = read_header(line)
    # 2
    if header.installation != installation_name(tree.installation):
        raise BackupForeign("The backup is of another installation than the key store.")
    # 3
    if header.epoch > present(tree).number:
        raise BackupTooNew(f"The backup was made in epoch {header.epoch}, which the key store does not have yet.")
    try:
        key = _key(tree, header.epoch)
    except EpochDestroyed:
        raise BackupTooOld(_destroyed(tree, header.epoch)) from None
    # 4
    try:
        identity = unseal(sealed, key=key, context=_context(_told(header)), key_version=header.epoch)
    except SealBroken:
        raise BackupDamaged("The beginning of the backup was edited.") from None
    return header, identity.decode()


def _written(header: BackupHeader, sealed: bytes) -> bytes:
    return rfc8785.dumps({**_told(header), _SEALED: b64encode(sealed).decode()}) + b"\n"


def _told(header: BackupHeader) -> dict[str, Any]:
    return {
        "epoch": header.epoch,
        "format": FORMAT,
        "generation": header.generation,
        "installation": header.installation.hex(),
        "log_size": header.log_size,
        "made_at": _stamp(header.made_at),
        "opens_until": _stamp(header.opens_until),
        "release": header.release,
    }


def _key(tree: KeyTree, epoch: int) -> bytes:
    return derive(epoch_key(tree, epoch), _USE)


def _context(told: dict[str, Any]) -> Context:
    return Context("backup", (rfc8785.dumps(told).decode(),))


def _destroyed(tree: KeyTree, number: int) -> str:
    for gone in tree.destroyed:
        if gone.number == number:
            return f"The key of its epoch {number} was destroyed on {gone.destroyed_at:%Y-%m-%d}."
    return f"The key of its epoch {number} is not there any more."


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
