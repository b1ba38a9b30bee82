"""What can be wrong with keys, sealed rows and the place they lie in."""

from visavis.model.errors import IntegrityError, StartupError


class SealBroken(IntegrityError):
    """A sealed row was moved, edited or sealed with another key."""

    code = "seal_broken"
    mend = "The row is not used. Restore it from a backup, or enrol the person again."


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
