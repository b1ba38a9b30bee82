"""Where an installation lies: its data, its key file and its key store; and copies of it, for who stole one."""

import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from visavis.protect.quorum import combine
from visavis.settings import PREFIX, Settings

_TRIES: Final = 20


@dataclass(frozen=True, slots=True)
class Place:
    """One installation in one folder.

    ``shares`` are the custodians' words, where the root is in their hands.
    """

    folder: Path
    models: Path
    shares: tuple[str, ...] = field(default=(), repr=False)

    @property
    def data_dir(self) -> Path:
        """The data directory."""
        return self.folder / "data"

    @property
    def database(self) -> Path:
        """The database in it."""
        return self.data_dir / "visavis.db"

    @property
    def key_file(self) -> Path:
        """The root key's file; not there where custodians hold the root."""
        return self.folder / "keys" / "root.key"

    @property
    def key_store(self) -> Path:
        """The key store's folder."""
        return self.folder / "store"

    @property
    def log(self) -> Path:
        """What servers wrote to their standard output and error."""
        return self.folder / "server.log"

    @property
    def temporary(self) -> Path:
        """The temporary folder that its servers are given."""
        return self.folder / "tmp"

    def root(self) -> bytes:
        """The root key, for whoever holds it by right."""
        return combine(self.shares) if self.shares else bytes.fromhex(self.key_file.read_text(encoding="ascii"))

    def settings(self, **more: Any) -> Settings:
        """Its settings, as an operator would give them."""
        return Settings(**{**self._named(), **more})

    def environment(self, port: int) -> dict[str, str]:
        """The environment of its server: ours without any setting, and its settings."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        named = {**self._named(), "config": os.devnull, "port": port, "url": f"http://127.0.0.1:{port}"}
        named |= {"rate_per_minute": 100_000, "failures_per_minute": 100_000}
        self.temporary.mkdir(exist_ok=True)
        ours["TMPDIR"] = str(self.temporary)
        return ours | {f"{PREFIX}{name.upper()}": str(value) for name, value in named.items()}

    def copied(self, folder: Path, *, keys: bool = True) -> "Place":
        """The same installation again, in another folder, as somebody copies files while a server runs."""
        copy = Place(folder, self.models, self.shares)
        folder.mkdir(parents=True, exist_ok=True)
        for _ in range(_TRIES):
            before = self._changed_at()
            shutil.rmtree(copy.data_dir, ignore_errors=True)
            shutil.copytree(self.data_dir, copy.data_dir, ignore=shutil.ignore_patterns("lock"))
            if before == self._changed_at():
                break
        for kept in (self.key_file.parent, self.key_store):
            if keys and kept.is_dir():
                shutil.copytree(kept, copy.folder / kept.name, dirs_exist_ok=True)
        return copy

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """Its database, as whoever can write to the file edits it: no constraint keeps him."""
        with closing(sqlite3.connect(self.database)) as database:
            database.execute("PRAGMA foreign_keys = OFF")
            database.execute("PRAGMA ignore_check_constraints = ON")
            database.row_factory = sqlite3.Row
            yield database
            database.commit()

    def sql(self, statement: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """One statement, committed; its rows."""
        with self.opened() as database:
            return list(database.execute(statement, values))

    def _named(self) -> dict[str, Any]:
        return {
            "data_dir": self.data_dir,
            "key_file": self.key_file,
            "key_store": self.key_store,
            "models": self.models,
        }

    def _changed_at(self) -> int:
        return self.database.stat().st_mtime_ns
