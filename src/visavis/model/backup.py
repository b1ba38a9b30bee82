"""Backups, bringing them back, and what erasing somebody has destroyed."""

from dataclasses import dataclass
from datetime import datetime

from visavis.model.errors import Kind, Refusal, RequestRefused, StartupError


@dataclass(frozen=True, slots=True)
class BackupHeader:
    """What a backup says of itself before it is opened; it is proven when it opens.

    ``epoch`` is the one whose key opens it, and with which it dies. ``installation`` (16 bytes) names whose it is.
    After ``opens_until`` no release brings it back, whether or not that key is still there. ``log_size`` is how many
    entries the transparency log had, ``generation`` how often something had been destroyed.
    """

    epoch: int
    installation: bytes
    made_at: datetime
    opens_until: datetime
    log_size: int
    generation: int
    release: str


class BackupFailed(Refusal):
    """A backup could not be written: the disk is full, or something keeps us from the data directory."""

    code = "backup_failed"
    kind = Kind.UNAVAILABLE
    mend = "Make room in the data directory, as much as it holds and a tenth more, and see that it can be written."


class BackupRunning(Refusal):
    """A backup is being made; one at a time."""

    code = "backup_running"
    kind = Kind.CONFLICT
    mend = "Wait until the other one is finished."


class BackupExists(StartupError):
    """There is a file where the backup was to go; it is never overwritten."""

    code = "backup_exists"
    mend = "Name another file, or move the one away that is there."


class BackupMissing(StartupError):
    """There is no backup there, or it cannot be read."""

    code = "backup_missing"
    mend = "Check the name of the file and who may read it."


class BackupDamaged(StartupError):
    """A backup is torn, was edited, or is no backup."""

    code = "backup_damaged"
    mend = "Nothing was changed. Fetch the file again from where it is kept, or take another backup."


class BackupForeign(StartupError):
    """A backup of another installation."""

    code = "backup_foreign"
    mend = "Nothing was changed. Take a backup of this installation, or the key store that belongs to that one."


class BackupTooOld(StartupError):
    """The time of a backup is over: people who were erased since could come back with it."""

    code = "backup_too_old"
    mend = "Take a younger backup. That nobody opens an older one any more is what erasing means."


class BackupTooNew(StartupError):
    """The key store is older than the backup, so it does not have the key that opens it."""

    code = "backup_too_new"
    mend = "Put the newest copy of the key store in its place; copies of it have to be made as often as backups are."


class DataPresent(StartupError):
    """There is data where a backup is to be brought back."""

    code = "data_present"
    mend = "Say '--replace' to put the backup in its place; what is there is kept beside it."


class TombstonesDamaged(StartupError):
    """A line of the list of tombstones was edited, or is of another installation."""

    code = "tombstones_damaged"
    mend = "Put an older copy of the list back, or move it away: a running server writes it anew from its database."


class ErasureUnknown(RequestRefused):
    """Nothing tells of this erasure: there was none, or it is so long ago that no key that opened anything is left."""

    code = "erasure_unknown"
    kind = Kind.NOT_FOUND
    mend = "Check the identifier. What was erased longer ago than a backup lives has no tombstone any more."


class NotErased(RequestRefused):
    """The person is not erased."""

    code = "not_erased"
    kind = Kind.CONFLICT
    mend = "Withdraw for them first, if that is what they want."
