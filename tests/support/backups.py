"""An installation that serves now and then, its backups, and what is left to learn from when one is brought back."""

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sim.clock import SimClock
from sim.faces import SimExtractor

from support.ledger import files_in
from support.logged import require_whole
from support.world import World, reopened_world, settings_in
from visavis import bootstrap_backup
from visavis.adapters.key_folder import KeyFolder
from visavis.adapters.keyfile import read_key_file
from visavis.audit.note import NoteSigner, VerifierKey
from visavis.bootstrap import DataDirectory
from visavis.bootstrap_backup import Bringing, BroughtBack
from visavis.model.keys import KeyTree
from visavis.protect.key_store import open_store
from visavis.protect.keys import log_key
from visavis.settings import Settings

_LOOKS: Final = 10
_LOOK_S: Final = 0.3


@dataclass
class Installation:
    """A folder with data and keys; a server runs over it only within ``serving``."""

    folder: Path
    secret: str
    clock: SimClock = field(default_factory=SimClock)
    faces: SimExtractor = field(default_factory=SimExtractor)

    @property
    def settings(self) -> Settings:
        return settings_in(self.folder)

    @contextmanager
    def serving(self) -> Iterator[World]:
        """A server; what it has done is published when it ends."""
        settings = self.settings
        with (
            DataDirectory(settings.data_dir),
            reopened_world(self.folder, settings, self.secret, clock=self.clock, faces=self.faces) as world,
        ):
            yield world

    def restore(self, file: Path, **how: Any) -> BroughtBack:
        """Bring a backup back while nobody serves."""
        return bootstrap_backup.restore(self.settings, file, Bringing(**how), clock=self.clock)

    def tree(self) -> KeyTree:
        """What the key store keeps."""
        data_dir = self.settings.data_dir
        root = read_key_file(self.settings.key_file, data_dir=data_dir)
        return open_store(KeyFolder(self.settings.key_store_folder, data_dir=data_dir).read(), root=root).tree

    def log_key(self) -> VerifierKey:
        """The key of its log."""
        with files_in(self.folder) as files:
            ((origin,),) = files.rows("SELECT value FROM server WHERE name = 'log_origin'")
        return NoteSigner(origin.decode(), log_key(self.tree().installation)).key

    def events(self) -> list[str]:
        """The published log and the database make one log that obeys its rules: its events.

        The last look of a server that has just ended may be at work still; what lies there is copied until it is not.
        """
        key = self.log_key()
        for left in reversed(range(_LOOKS)):
            try:
                with files_in(self.folder) as files:
                    return [entry.event.value for entry in require_whole(files, key=key)]
            except (AssertionError, sqlite3.DatabaseError):
                if not left:
                    raise
                time.sleep(_LOOK_S)
        raise AssertionError("never")

    def beside(self) -> list[str]:
        """What lies beside the data directory, by names."""
        return sorted(path.name for path in self.folder.iterdir() if path.name.startswith("data"))


def installed(folder: Path, blank: tuple[Path, str]) -> Installation:
    """A fresh one, copied."""
    shutil.copytree(blank[0], folder, dirs_exist_ok=True)
    return Installation(folder, blank[1])


def made(world: World, name: str = "backup") -> Path:
    """A backup of a world that serves, over its door."""
    response = world.api("POST", "/v1/backups")
    assert response.status_code == 200, response.text
    file = world.folder / name
    file.write_bytes(response.content)
    return file


def lose_database(here: Installation) -> None:
    """The database is gone; the published log is there."""
    for file in here.settings.data_dir.glob("visavis.db*"):
        file.unlink()


def lose_log(here: Installation) -> None:
    """The published log is gone."""
    shutil.rmtree(here.settings.log_folder)


def lose_list(here: Installation) -> None:
    """The list of tombstones is gone."""
    here.settings.tombstone_list.unlink()


def lose_data(here: Installation) -> None:
    """The data directory is gone."""
    shutil.rmtree(here.settings.data_dir)


Loss = Callable[[Installation], None]
