"""The data directory and what opens it: made once, held by one process at a time."""

import fcntl
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final, Self

import sqlalchemy as sa
from joserfc.jwk import OKPKey

from visavis.adapters.clock import SystemClock
from visavis.adapters.controller_key import CONTROLLER, seal_controller_key, unseal_controller_key
from visavis.adapters.key_folder import KeyFolder
from visavis.adapters.keyfile import forget_exchange, make_key_file, read_key_file
from visavis.adapters.restoring import finish, sweep
from visavis.adapters.sql.store import SqlStore
from visavis.audit.note import NoteSigner
from visavis.audit.signing import continued
from visavis.flows.api_keys import ApiKeys
from visavis.flows.generation import advance, follow
from visavis.flows.keyring import Keyring, Keys
from visavis.flows.ports import Clock
from visavis.model.access import Scope
from visavis.model.audit import LogRenamed
from visavis.model.keys import DataLocked, DataMissing, DataUnreadable
from visavis.protect.epochs import new_tree
from visavis.protect.key_store import new_store, open_store
from visavis.protect.keys import log_key
from visavis.settings import Settings

_LOG_ORIGIN: Final = "log_origin"


class DataDirectory:
    """The data directory, held by one process at a time, or by servers that share a database."""

    def __init__(self, path: Path, *, shared: bool = False) -> None:
        """:param shared: others that share it too may hold it meanwhile."""
        self._path = path
        self._shared = shared
        self._lock: IO[str] | None = None

    def __enter__(self) -> Self:
        """Take the lock, and put in order what was killed while it held it.

        :raises DataMissing: there is no such directory. :raises DataLocked: another process holds it.
        """
        finish(self._path)
        if not self._path.is_dir():
            raise DataMissing(f"There is no data directory at {self._path}.")
        self._lock = (self._path / "lock").open("w")
        try:
            self._take(self._lock)
        except BlockingIOError:
            self._lock.close()
            raise DataLocked(f"Another process holds {self._path}.") from None
        return self

    def _take(self, lock: IO[str]) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            sweep(self._path)
        except BlockingIOError:
            if not self._shared:
                raise
        if self._shared:
            # Whoever was first has put in order what there was.
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def __exit__(self, *_error: object) -> None:
        """Give the lock back."""
        if self._lock is not None:
            self._lock.close()


@contextmanager
def told_unreadable() -> Iterator[None]:
    """What the database says of itself ("database is locked"), without the statement and its values."""
    try:
        yield
    except sa.exc.DatabaseError as error:
        said = " ".join(str(error.orig).split()).rstrip(".")
        raise DataUnreadable(f"The database cannot be used: {said}.") from None


def require_database(settings: Settings) -> None:
    """There is a database that was set up. A PostgreSQL that cannot be reached says so when it is opened.

    :raises DataMissing: there is none.
    """
    if settings.is_shared:
        store = SqlStore(settings.database_url)
        try:
            if not store.is_set_up():
                raise DataMissing("The PostgreSQL that the settings name was never set up.")
        finally:
            store.close()
    elif not (settings.data_dir / "visavis.db").exists():
        raise DataMissing(f"There is no database in {settings.data_dir}.")


@told_unreadable()
def initialise(settings: Settings) -> str:
    """Make the data directory, the root key, the key store, the database and a first API key with every scope.

    :returns: the key's secret, which is shown once.
    :raises FileExistsError: there is a database or a key file already; neither is touched.
    """
    database = settings.data_dir / "visavis.db"
    if database.exists():
        raise FileExistsError(database)
    _require_empty(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with DataDirectory(settings.data_dir):
        folder = KeyFolder(settings.key_store_folder, data_dir=settings.data_dir)
        if folder.exists():
            raise FileExistsError(folder.path)
        root = make_key_file(settings.key_file, data_dir=settings.data_dir)
        try:
            store = new_store(new_tree(now=SystemClock().now()), root=root)
            folder.write(store.sealed())
            return _fill(settings, Keys(store, folder))
        except BaseException:
            # Half an installation is none, and would stand in the way of the next attempt.
            for made in (settings.key_file, folder.path, *settings.data_dir.glob(f"{database.name}*")):
                made.unlink(missing_ok=True)
            raise


def _require_empty(settings: Settings) -> None:
    if settings.database is not None:
        with suppress(DataMissing):
            require_database(settings)
            raise FileExistsError(settings.database)


def _fill(settings: Settings, keys: Keys) -> str:
    """Make the database, the controller's key and the first API key."""
    store = SqlStore(settings.database_url)
    store.migrate()
    if not settings.is_shared:
        (settings.data_dir / "visavis.db").chmod(0o600)
    controller = OKPKey.generate_key("Ed25519").as_pem(private=True)
    store.keep(CONTROLLER, seal_controller_key(controller, installation=keys.tree.installation))
    keyring = open_keyring(store, keys, settings)
    sign_log(store, settings, keyring)
    with store.write() as tx:
        advance(tx, keyring)
    follow(store, keyring)
    api_keys = ApiKeys(store=store, keyring=keyring, clock=SystemClock())
    _, secret = api_keys.make(name="first", scopes=set(Scope), by=None)
    store.close()
    return secret


def open_keys(settings: Settings, store: SqlStore, *, clock: Clock, root: bytes | None = None) -> Keys:
    """The key store, opened.

    1. The root is the one given, or that of the key file. 2. An installation that began before there were key stores
    gets one; a database that has known one does not. 3. What an exchange of the key file left is tidied away.

    :param root: put together from the custodians' shares.
    :raises StartupError: the leaf says what is missing or unsafe.
    """
    # 1
    root = read_key_file(settings.key_file, data_dir=settings.data_dir) if root is None else root
    folder = KeyFolder(settings.key_store_folder, data_dir=settings.data_dir)
    # 2
    if not folder.exists() and store.load(CONTROLLER) is not None and not store.has_generation():
        unseal_controller_key(store.load(CONTROLLER), installation=root)
        folder.write(new_store(new_tree(installation=root, now=clock.now()), root=root).sealed())
    keys = Keys(open_store(folder.read(), root=root), folder)
    # 3
    keys.change(lambda opened: opened.finished(root) if opened.is_exchanging_files else opened)
    if keys.custody.mode == "keyfile":
        forget_exchange(settings.key_file)
    return keys


def open_keyring(store: SqlStore, keys: Keys, settings: Settings) -> Keyring:
    """What the flows hold.

    :raises KeyFileForeign: the key store is that of another installation.
    """
    pem = unseal_controller_key(store.load(CONTROLLER), installation=keys.tree.installation)
    return Keyring(keys=keys, controller=OKPKey.import_key(pem), backup_window=settings.backup_window)


def sign_log(store: SqlStore, settings: Settings, keyring: Keyring) -> NoteSigner:
    """The log's key; what is committed from now on is signed with it.

    :raises LogRenamed: the settings name another log than the one that has begun.
    """
    kept = store.load(_LOG_ORIGIN)
    if kept is None:
        place = settings.base_url.partition("://")[2]
        kept = (settings.log_origin or f"{place}/log/{secrets.token_hex(4)}").encode()
        store.keep(_LOG_ORIGIN, kept)
    if settings.log_origin not in (None, kept.decode()):
        raise LogRenamed(f"The log is called {kept.decode()}.")
    signer = NoteSigner(kept.decode(), log_key(keyring.installation))
    store.sign_log_with(lambda head, entries: continued(head, entries, signer=signer))
    return signer
