"""The key store."""

from collections.abc import Iterator

from visavis.adapters.doctor.check import Check
from visavis.adapters.key_folder import KeyFolder
from visavis.adapters.keyfile import read_key_file
from visavis.flows.ceremony import waiting
from visavis.model.custodians import CeremonyMissing
from visavis.model.keys import Custody, KeyStoreMissing, KeyStoreUnsafe
from visavis.protect.epochs import present
from visavis.protect.key_store import KeyStore, open_store, read_seats
from visavis.settings import Settings


def custody_of(settings: Settings) -> Custody:
    """Who holds the root, as the key store says; a file, where there is no key store in a place that it may be in."""
    try:
        folder = KeyFolder(settings.key_store_folder, data_dir=settings.data_dir)
    except KeyStoreUnsafe:
        return Custody("keyfile")  # what is wrong with the place is told where the key store is opened
    return read_seats(folder.read())[0].custody if folder.exists() else Custody("keyfile")


def is_with_custodians(settings: Settings) -> bool:
    """Whether nothing on this machine opens the key store, so that what lies below it cannot be looked at."""
    return custody_of(settings).mode == "quorum"


def opened_keys(settings: Settings) -> KeyStore:
    """The key store, opened with the key file.

    :raises StartupError: the leaf says what is missing, unsafe or damaged.
    """
    root = read_key_file(settings.key_file, data_dir=settings.data_dir)
    return open_store(KeyFolder(settings.key_store_folder, data_dir=settings.data_dir).read(), root=root)


def key_store(settings: Settings) -> Iterator[Check]:
    """The key store is there, its owner's alone, outside the data directory, and the key file opens it."""
    folder = settings.key_store_folder
    if is_with_custodians(settings):
        yield Check("key store", "ok", f"{folder}; its custodians open it.")
        return
    store = opened_keys(settings)
    epoch = present(store.tree)
    yield Check("key store", "ok", f"{folder}, in epoch {epoch.number} since {epoch.made_at:%Y-%m-%d}.")


def key_protection(settings: Settings) -> Iterator[Check]:
    """Who holds the root key, and what that protects from."""
    name, custody = "key protection", custody_of(settings)
    if custody.mode == "keyfile":
        message = "The root key lies in a file: that protects a stolen database or backup, not a stolen disk."
        mend = "Encrypt the disk, and never put the key file into a backup of the data; or hold a ceremony."
        yield Check(name, "warn", message, mend)
    else:
        held = f"{custody.threshold} of {len(custody.custodians)} custodians"
        yield Check(name, "ok", f"{held} open the key store together: a stolen disk opens nothing.")
    if _is_waiting(settings):
        mend = "Run 'visavis keys confirm' with the new shares, or 'visavis keys confirm --discard'."
        yield Check(name, "warn", "A ceremony was begun and not confirmed: the former root key is still needed.", mend)


def _is_waiting(settings: Settings) -> bool:
    try:
        folder = KeyFolder(settings.key_store_folder, data_dir=settings.data_dir)
        return waiting(folder.read()).mode == "quorum"
    except (CeremonyMissing, KeyStoreMissing, KeyStoreUnsafe):
        return False
