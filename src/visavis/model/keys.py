"""The keys of an installation, and what can be wrong with keys, sealed rows and the places they lie in."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from visavis.model.errors import IntegrityError, PolicyRefused, StartupError

BEFORE_EPOCHS: Final = 0
"""The number that stands for the time before an installation had epochs; they are counted from 1."""


@dataclass(frozen=True, slots=True)
class SubjectSecret:
    """What belongs to one subject and dies with them, two keys of 32 bytes.

    ``sealing`` seals what is kept of them and can be exchanged; ``tagging`` makes the keyed hashes by which it is
    found, and the handle that their entries in the log share, so it stays. ``version`` counts the exchanges, from 1;
    0 is the form of installations that began before there were versions.
    """

    tagging: bytes = field(repr=False)
    sealing: bytes = field(repr=False)
    version: int


@dataclass(frozen=True, slots=True)
class GalleryKey:
    """One version of the key that a gallery's templates are transformed by, wrapped; ``version`` counts from 1."""

    id: str
    gallery_id: str
    version: int
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class Generation:
    """How often something was destroyed or begun, sealed, so that an older database can be told from the newest."""

    id: str
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Epoch:
    """A span of time and the key (32 bytes) that subjects' keys are wrapped with in it.

    ``emptied_at`` is the moment from which no key in the database was wrapped with it any more.
    """

    number: int
    key: bytes = field(repr=False)
    made_at: datetime
    emptied_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Destroyed:
    """An epoch whose key is gone, and since when."""

    number: int
    made_at: datetime
    destroyed_at: datetime


@dataclass(frozen=True, slots=True)
class KeyTree:
    """Everything the key store keeps, opened; in memory only.

    ``installation`` (32 bytes) is what keyed hashes and the log's signing key are derived from. It is never exchanged:
    hashes of secrets that others hold cannot be made again. ``epochs`` are in the order of their numbers, the present
    one last.
    """

    installation: bytes = field(repr=False)
    generation: int
    epochs: tuple[Epoch, ...]
    destroyed: tuple[Destroyed, ...] = ()


@dataclass(frozen=True, slots=True)
class Custodian:
    """Somebody who holds a share of the root key.

    ``number`` is that of the share, from 1; ``approval_key`` a raw Ed25519 public key, whose private half follows from
    the share; ``recipient`` the age public key that files for them are encrypted to.
    """

    number: int
    name: str
    approval_key: bytes
    recipient: str | None = None


@dataclass(frozen=True, slots=True)
class Custody:
    """Where the root key is: in a file, or in the hands of custodians, ``threshold`` of whom unseal together."""

    mode: Literal["keyfile", "quorum"]
    threshold: int = 1
    custodians: tuple[Custodian, ...] = ()


class SealBroken(IntegrityError):
    """A sealed row was moved, edited or sealed with another key."""

    code = "seal_broken"
    mend = "The row is not used. Restore it from a backup, or enrol the person again."


class RootWithCustodians(PolicyRefused):
    """The root key is not in a file that could be exchanged: custodians hold it."""

    code = "root_with_custodians"
    mend = "Stop the server and hold a ceremony: 'visavis keys ceremony --replace'."


class EpochDestroyed(IntegrityError):
    """A subject's key is wrapped with the key of an epoch that was destroyed."""

    code = "epoch_destroyed"
    mend = "Nobody can open it any more, which is what erasing means. Enrol the person again if they want to be."


class KeyStoreMissing(StartupError):
    """The key store is not there, or cannot be read."""

    code = "key_store_missing"
    mend = "Set VISAVIS_KEY_STORE to the folder that belongs to this data. Without it nothing here opens any more."


class KeyStoreDamaged(StartupError):
    """The key store was edited or is torn."""

    code = "key_store_damaged"
    mend = "Put the newest copy of the key store back; it is one small file."


class KeyStoreUnsafe(StartupError):
    """The key store could be read by others, or lies inside the data that it protects."""

    code = "key_store_unsafe"
    mend = "Keep the key store outside the data directory and run 'chmod -R go-rwx' on it."


class DatabaseOlder(StartupError):
    """The database is older than the key store has seen it: a copy was put in the place of the newest one."""

    code = "database_older"
    mend = "Put the newest database back, or bring a backup back with 'visavis restore', which revives nobody."


class DatabaseEdited(StartupError):
    """What the database counts does not open: somebody wrote into it."""

    code = "database_edited"
    mend = "Bring a backup back with 'visavis restore', which revives nobody; keep this database to see what was done."


class DriverMissing(StartupError):
    """The database is a PostgreSQL, and what reaches one is not installed."""

    code = "driver_missing"
    mend = "Run 'pip install visavis[postgresql]', or leave 'database' unset for a database file of this server's own."


class TransformUnfit(IntegrityError):
    """The matrix that turns a gallery's templates came out wrong: templates would not compare."""

    code = "transform_unfit"
    mend = "Nothing was stored or compared. Run 'visavis doctor'; if it happens again, try another machine."


class KeyFileMissing(StartupError):
    """There is no root key."""

    code = "key_file_missing"
    mend = "Run 'visavis init' once, or set VISAVIS_KEY_FILE to the key that belongs to this data."


class KeyFileUnsafe(StartupError):
    """The root key could be read by others, or lies inside the data it protects."""

    code = "key_file_unsafe"
    mend = "Keep the key file outside the data directory and run 'chmod 600' on it."


class KeyFileForeign(StartupError):
    """The root key is not the one this data was sealed with."""

    code = "key_file_foreign"
    mend = "Set VISAVIS_KEY_FILE to the key that belongs to this data directory."


class DataLocked(StartupError):
    """Another process holds the data directory."""

    code = "data_locked"
    mend = "Stop the running server first: one process at a time uses a data directory."


class DataMissing(StartupError):
    """There is no data directory, or it was never set up."""

    code = "data_missing"
    mend = "Run 'visavis init' once."


class DataForeign(StartupError):
    """The database was written by a newer release."""

    code = "data_newer"
    mend = "Install the release that wrote this data, or a later one."


class DataUnreadable(StartupError):
    """The database is there and cannot be used: damaged, locked by another program, or not ours to open."""

    code = "data_unreadable"
    mend = "Stop what else has the database open and check who owns it; if it is damaged, restore it from a backup."


class PlaceUnusable(StartupError):
    """The machine does not let us use a file, a folder or an address: not permitted, not there, or the disk is full."""

    code = "place_unusable"
    mend = "Check that it is there, who may use it, and that the disk has room; 'visavis doctor' tells more."


class UnsafeListen(StartupError):
    """Beyond this machine without TLS, an https address for links and API keys; or with half of what TLS needs."""

    code = "unsafe_listen"
    mend = (
        "Set VISAVIS_TLS_CERT, VISAVIS_TLS_KEY and VISAVIS_PUBLIC_URL (https) and make an API key; or listen on "
        "127.0.0.1 with both TLS settings or neither."
    )


class AddressUnusable(StartupError):
    """The address cannot be listened on: another program does, it is not this machine's, or it needs rights."""

    code = "address_unusable"
    mend = "Stop what listens there, or choose a free address and port of this machine (VISAVIS_HOST, VISAVIS_PORT)."


class TlsUnusable(StartupError):
    """The TLS certificate and its key cannot be used together."""

    code = "tls_unusable"
    mend = "Name PEM files of one certificate and its key, without a password (VISAVIS_TLS_CERT, VISAVIS_TLS_KEY)."
