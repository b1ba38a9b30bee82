"""Keys of an installation, read beside its server, and keys of tests."""

from typing import Final

from visavis.adapters.key_folder import KeyFolder
from visavis.adapters.keyfile import read_key_file
from visavis.flows.keyring import Keys
from visavis.model.keys import SubjectSecret
from visavis.protect.gallery_keys import GalleryKeys
from visavis.protect.key_store import open_store
from visavis.settings import Settings

SECRET: Final = SubjectSecret(tagging=bytes(range(100, 132)), sealing=bytes(range(32)), version=1)
KEYS: Final = GalleryKeys({1: bytes(range(32, 64))})


def keys_of(settings: Settings) -> Keys:
    """The opened key store."""
    root = read_key_file(settings.key_file, data_dir=settings.data_dir)
    folder = KeyFolder(settings.key_store_folder, data_dir=settings.data_dir)
    return Keys(open_store(folder.read(), root=root), folder)
