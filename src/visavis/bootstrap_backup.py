"""The composition root of backups where no server runs: making one, and bringing one back."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from typing import Final

import sqlalchemy as sa

from visavis import __version__
from visavis.adapters.backup_file import DATABASE, LOG, DataSnapshots, copy_new, read_first_line, unpack
from visavis.adapters.clock import SystemClock
from visavis.adapters.hardening import harden
from visavis.adapters.key_folder import KeyFolder
from visavis.adapters.line_file import LineFile
from visavis.adapters.log_folder import LogFolder
from visavis.adapters.restoring import Restoring, holds_data
from visavis.adapters.sql.store import SqlStore
from visavis.audit.note import VerifierKey
from visavis.bootstrap_data import DataDirectory, open_keyring, require_database, sign_log, told_unreadable
from visavis.bootstrap_keys import present_root
from visavis.flows.ahead import Committed, MadeUp, Shown, ahead_of
from visavis.flows.backup import Backups, published_log
from visavis.flows.epochs import Epochs
from visavis.flows.generation import require_newest
from visavis.flows.keyring import Keys
from visavis.flows.ports import Clock
from visavis.flows.restore import (
    Replaced,
    bring_back,
    read_published,
    read_replaced,
    require_beginning,
    require_in_time,
)
from visavis.flows.tombstones import TombstoneList, read_all
from visavis.model.audit import LogRefused
from visavis.model.backup import BackupDamaged, BackupExists, BackupHeader, DataPresent
from visavis.model.consent import Tombstone
from visavis.model.errors import VisavisError
from visavis.model.keys import DataMissing
from visavis.protect.backup import open_header
from visavis.protect.epochs import present, turned
from visavis.protect.key_store import open_store
from visavis.settings import Settings

_BY: Final = "offline"


@dataclass(frozen=True, slots=True)
class Bringing:
    """How a backup is to be brought back.

    ``replace``: data that is there gives way. ``keep_former``: it is kept beside the new one. ``tombstones`` and
    ``log`` are a list and a published log beside those that are looked at anyway; ``words`` so many custodians' shares
    as open the key store, where no key file does.
    """

    replace: bool = False
    keep_former: bool = True
    tombstones: Path | None = None
    log: Path | None = None
    words: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """What came of it. ``learned_from`` says of each place that could tell who was erased since whether it did."""

    header: BackupHeader
    made_up: MadeUp
    former: Path | None
    learned_from: dict[str, str]


@told_unreadable()
def back_up(settings: Settings, file: Path, *, words: Sequence[str] = (), clock: Clock | None = None) -> BackupHeader:
    """Make a backup while no server runs.

    :param words: as many shares as it takes, where custodians hold the root.
    :raises BackupExists: there is such a file. :raises VisavisError: the leaf says what else is in the way.
    """
    harden()
    clock = clock or SystemClock()
    if file.exists():
        raise BackupExists(f"There is a file at {file}.")
    with DataDirectory(settings.data_dir):
        keys = _keys(settings, words)
        store = SqlStore(settings.database_url)
        try:
            store.migrate()
            keyring = open_keyring(store, keys, settings)
            require_newest(store, keyring)
            backups = Backups(
                store=store,
                keyring=keyring,
                clock=clock,
                folder=LogFolder(settings.log_folder),
                key=sign_log(store, settings, keyring).key,
                snapshots=DataSnapshots(settings.data_dir, shared=store if settings.is_shared else None),
                window=settings.backup_window,
                release=__version__,
            )
            with backups.make(by=_BY) as backup:
                copy_new(backup.place, file)
                return backup.header
        finally:
            store.close()


def restore(settings: Settings, file: Path, how: Bringing, *, clock: Clock | None = None) -> BroughtBack:
    """Bring a backup back, so that nobody who was erased since is revived.

    1. The backup is of this installation, and its time is not over. 2. Nobody uses the data directory; where it has
    data, that may give way. 3. The backup is unpacked beside it, whole. 4. Who was erased since is destroyed in it, as
    far as the replaced database, the published logs and the lists of tombstones tell. 5. A new epoch begins, in which
    every key is wrapped anew. 6. It takes the place of the data directory, in one step. 7. What is due is done.

    A crash before 6 leaves the former data directory, after it the new one; between the two the next start finishes.
    Where the database is a PostgreSQL its rows give way first, in one step of their own; there too the next start
    finishes, and they are kept nowhere.

    :raises VisavisError: the leaf says what is in the way; nothing was changed. :raises OSError: the disk is.
    """
    harden()
    clock = clock or SystemClock()
    # 1
    keys = _keys(settings, how.words)
    header, identity = open_header(read_first_line(file), tree=keys.tree)
    require_in_time(header, window=settings.backup_window, now=clock.now())
    # 2
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with DataDirectory(settings.data_dir):
        if not how.replace:
            _require_no_data(settings)
        with Restoring(settings.data_dir) as restoring:
            # 3
            unpack(file, identity, into=restoring.folder)
            # 4
            work = _Merging(settings, keys, restoring.folder, how, clock)
            made_up = work.merge(header)
            # 5
            keys.change_tree(lambda tree: turned(tree, now=clock.now()))
            # 6
            if settings.is_shared:
                _put_into(settings, restoring.folder / DATABASE)
            former = restoring.exchange()
            # 7
            _settle(settings, keys, clock)
            if former is not None and not how.keep_former:
                rmtree(former)
                former = None
    return BroughtBack(header, made_up, former, work.learned_from)


def _require_no_data(settings: Settings) -> None:
    if holds_data(settings.data_dir):
        raise DataPresent(f"There is data in {settings.data_dir}.")
    if settings.is_shared:
        with suppress(DataMissing):
            require_database(settings)
            raise DataPresent("There is data in the PostgreSQL that the settings name.")


def _put_into(settings: Settings, file: Path) -> None:
    """Put the rows of a file into the PostgreSQL, and the file away."""
    source, target = SqlStore(f"sqlite:///{file}"), SqlStore(settings.database_url)
    try:
        target.migrate()
        source.copy_to(target)
    finally:
        source.close()
        target.close()
    for path in file.parent.glob(f"{file.name}*"):
        path.unlink()


class _Merging:
    """Brings what was unpacked up to what is known elsewhere."""

    def __init__(self, settings: Settings, keys: Keys, folder: Path, how: Bringing, clock: Clock) -> None:
        self._settings = settings
        self._keys = keys
        self._folder = folder
        self._how = how
        self._clock = clock
        self.learned_from: dict[str, str] = {}

    def merge(self, header: BackupHeader) -> MadeUp:
        """Do it.

        :raises LogDamaged: there are two histories. :raises TombstonesDamaged: a list does not check out.
        """
        store = SqlStore(f"sqlite:///{self._folder / DATABASE}")
        try:
            store.migrate()
            keyring = open_keyring(store, self._keys, self._settings)
            key = sign_log(store, self._settings, keyring).key
            known = self._listed()
            replaced, generation = self._replaced()
            with store.read() as tx:
                head = tx.log.head()
            shown = self._largest(key)
            ahead = ahead_of(head, published=shown, committed=_committed(replaced), key=key)
            made_up = bring_back(
                store,
                keyring,
                header=header,
                ahead=ahead,
                known=[*known, *(() if replaced is None else replaced.tombstones)],
                generation=generation,
                new_epoch=present(self._keys.tree).number + 1,
                now=self._clock.now(),
            )
        finally:
            store.close()
        return made_up

    def _listed(self) -> list[Tombstone]:
        """What the lists have."""
        lists = {"tombstones": LineFile(self._settings.tombstone_list)}
        if self._how.tombstones is not None:
            self._how.tombstones.stat()
            lists["--tombstones"] = LineFile(self._how.tombstones)
        found: list[Tombstone] = []
        for name, lines in lists.items():
            listed = read_all(lines.read(), installation=self._keys.tree.installation)
            self.learned_from[name] = f"{len(listed)} tombstones" if lines.path.exists() else "not there"
            found += listed.values()
        return found

    def _replaced(self) -> tuple[Replaced | None, int]:
        """What the database tells that gives way, and the highest generation that was seen."""
        seen = self._keys.tree.generation
        try:
            require_database(self._settings)
        except DataMissing:
            self.learned_from["database"] = "not there"
            return None, seen
        store = SqlStore(self._settings.database_url)
        try:
            keyring = open_keyring(store, self._keys, self._settings)
            replaced = read_replaced(store, keyring)
        except (sa.exc.SQLAlchemyError, VisavisError) as error:
            self.learned_from["database"] = f"unreadable ({type(error).__name__})"
            return None, seen
        finally:
            store.close()
        self.learned_from["database"] = f"{len(replaced.tombstones)} tombstones"
        return replaced, max(seen, replaced.generation)

    def _largest(self, key: VerifierKey) -> Shown | None:
        """The largest of the published logs that there are, put into the folder in the making."""
        own = self._folder / LOG
        try:
            found = read_published(LogFolder(own).read, key=key)
        except LogRefused as refused:
            raise BackupDamaged(f"The log in the backup does not check out: {refused.detail}") from None
        others = {"log": self._settings.log_folder, "--log": self._how.log}
        for name, folder in others.items():
            other = None if folder is None else self._other(name, folder, key)
            if folder is None or other is None:
                continue
            if _size(other) > _size(found):
                rmtree(own, ignore_errors=True)
                for path, data in published_log(LogFolder(folder).read, key=key):
                    LogFolder(own).write(path, data)
                found = read_published(LogFolder(own).read, key=key)
            elif found is not None:
                require_beginning(other, found)
        return found

    def _other(self, name: str, folder: Path, key: VerifierKey) -> Shown | None:
        try:
            found = read_published(LogFolder(folder).read, key=key)
        except LogRefused as refused:
            if name.startswith("-"):
                raise
            self.learned_from[name] = f"does not check out ({refused.code})"
            return None
        self.learned_from[name] = "not there" if found is None else f"{_size(found)} entries"
        return found


def _size(shown: Shown | None) -> int:
    return 0 if shown is None else shown.tiles.size


def _committed(replaced: Replaced | None) -> Committed | None:
    return None if replaced is None else replaced.committed


def _settle(settings: Settings, keys: Keys, clock: Clock) -> None:
    """Wrap every key in the epoch that began, and tell the key store and the list of tombstones what there is now."""
    store = SqlStore(settings.database_url)
    try:
        keyring = open_keyring(store, keys, settings)
        sign_log(store, settings, keyring)
        Epochs(store=store, keyring=keyring, clock=clock, window=settings.backup_window).look()
        TombstoneList(LineFile(settings.tombstone_list), store=store, keyring=keyring, clock=clock).settle()
    finally:
        store.close()


def _keys(settings: Settings, words: Sequence[str]) -> Keys:
    """The key store, opened; there has to be one.

    :raises StartupError: the leaf says what is missing or unsafe.
    """
    folder = KeyFolder(settings.key_store_folder, data_dir=settings.data_dir)
    return Keys(open_store(folder.read(), root=present_root(settings, words)), folder)
