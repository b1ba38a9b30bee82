"""A backup as a file: a snapshot of the database and the published log, as a tar in an age file behind a header.

Nothing of it lies on the disk in the clear but the snapshot, which is as sealed as the database, in a folder of its own
inside the data directory.
"""

import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import quote

import sqlalchemy as sa
from pyrage import DecryptError, decrypt_io, x25519

from visavis.adapters.sql.store import SqlStore
from visavis.flows.backup import Snapshot, Snapshots
from visavis.flows.ports import Transaction
from visavis.model.backup import BackupDamaged, BackupExists, BackupFailed, BackupMissing
from visavis.protect.age import encrypted
from visavis.protect.backup import MAX_HEADER

DATABASE: Final = "visavis.db"
LOG: Final = "log"
IN_THE_MAKING: Final = ".backup-"
"""How folders begin, in the data directory, that a backup is made in."""
_LOG_NAME: Final = re.compile(
    r"log/(?:checkpoint|tile/(?:entries|[0-9]{1,2})/(?:x[0-9]{3}/){0,6}[0-9]{3}(?:\.p/[0-9]{1,3})?)"
)
_BLOCK: Final = 1024 * 1024
_SPARE: Final = 1.1
"""Room that has to be there for each byte of the data: the sealed copy, with something over."""


class DataSnapshots(Snapshots):
    """The port on the database of an installation. A snapshot is a SQLite file, whatever that is."""

    def __init__(self, data_dir: Path, *, shared: SqlStore | None = None) -> None:
        """:param shared: the database, where it is not in the data directory."""
        self._data_dir = data_dir
        self._shared = shared

    @contextmanager
    def take(self) -> Iterator[Snapshot]:
        """See the port."""
        size = self._shared.size() if self._shared else None
        with _room_in(self._data_dir, size=size) as folder:
            if self._shared is None:
                place = _copied(self._data_dir / DATABASE, folder)
            else:
                place = _written_out(self._shared, folder)
            store = SqlStore(f"sqlite:///{place}")
            try:
                yield FileSnapshot(place, store)
            finally:
                store.close()


class FileSnapshot(Snapshot):
    """The port on a copy of the database in a folder of its own."""

    def __init__(self, place: Path, store: SqlStore) -> None:
        self._place = place
        self._store = store

    def read(self) -> AbstractContextManager[Transaction]:
        """See the port."""
        return self._store.read()

    def write_sealed(self, header: bytes, recipient: str, *, log: Iterable[tuple[str, bytes]]) -> tuple[Path, int]:
        """See the port."""
        self._store.close()
        place = self._place.with_name("backup")
        return place, _write_sealed(place, header, recipient, snapshot=self._place, log=log)


@contextmanager
def _room_in(data_dir: Path, *, size: int | None) -> Iterator[Path]:
    """A folder for what is in the making, gone afterwards.

    :param size: of the database in bytes, where it is not a file there.
    :raises BackupFailed: it cannot be made, or there is no room for a copy of the database and a sealed one.
    """
    try:
        size = (data_dir / DATABASE).stat().st_size if size is None else size
        free = shutil.disk_usage(data_dir).free
        if free < 2 * _SPARE * size:
            raise BackupFailed(f"{free // 2**20} MiB are free; the database has {size // 2**20} MiB.")
        folder = Path(tempfile.mkdtemp(prefix=IN_THE_MAKING, dir=data_dir))  # mode 0700
    except OSError as error:
        raise BackupFailed(f"The data directory: {error.strerror}.") from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copied(database: Path, into: Path) -> Path:
    """The database as it was at one moment; nobody who reads or writes it waits.

    :raises BackupFailed: the disk does not take it.
    """
    place = into / DATABASE
    try:
        place.touch(mode=0o600)
        with (
            closing(sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(place)) as copy,
        ):
            # In one step: another would begin anew whenever somebody writes meanwhile, and so for ever.
            source.backup(copy, pages=-1)
    except (sqlite3.Error, OSError) as error:
        raise BackupFailed(f"The database could not be copied: {error}.") from None
    return place


def _written_out(shared: SqlStore, into: Path) -> Path:
    """The rows of a database as they were at one moment, in a file.

    :raises BackupFailed: the disk does not take it, or the database is away.
    """
    place = into / DATABASE
    try:
        place.touch(mode=0o600)
        file = SqlStore(f"sqlite:///{place}")
        try:
            file.migrate()
            shared.copy_to(file)
            file.scrub()
        finally:
            file.close()
    except (sa.exc.SQLAlchemyError, OSError) as error:
        said = " ".join(str(getattr(error, "orig", error)).split()).rstrip(".")
        raise BackupFailed(f"The database could not be copied: {said}.") from None
    return place


def _write_sealed(
    place: Path, header: bytes, recipient: str, *, snapshot: Path, log: Iterable[tuple[str, bytes]]
) -> int:
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb", buffering=_BLOCK) as file:
            file.write(header)
            for chunk in encrypted(_packed(snapshot, log), recipient=recipient):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
            return file.tell()
    except OSError as error:
        raise BackupFailed(f"The backup could not be written: {error.strerror}.") from None


def copy_new(source: Path, target: Path) -> None:
    """Copy a file to where none is, whole and on the disk, or not at all; mode 0600.

    :raises BackupExists: there is one. :raises BackupFailed: the disk does not take it.
    """
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise BackupExists(f"There is a file at {target}.") from None
    except OSError as error:
        raise BackupFailed(f"{target}: {error.strerror}.") from None
    try:
        with os.fdopen(descriptor, "wb") as copy, source.open("rb") as file:
            shutil.copyfileobj(file, copy, _BLOCK)
            copy.flush()
            os.fsync(copy.fileno())
    except OSError as error:
        target.unlink(missing_ok=True)
        raise BackupFailed(f"{target}: {error.strerror}.") from None


def read_first_line(path: Path) -> bytes:
    """The header of a backup.

    :raises BackupMissing: there is none to be read. :raises BackupDamaged: what is there has no header.
    """
    try:
        with path.open("rb") as file:
            line = file.readline(MAX_HEADER)
    except OSError as error:
        raise BackupMissing(f"{path}: {error.strerror}.") from None
    if not line.endswith(b"\n"):
        raise BackupDamaged("The file does not begin as a backup does.")
    return line


def unpack(path: Path, identity: str, *, into: Path) -> None:
    """Write what is in a backup into a folder, and look whether its database is whole.

    :raises BackupDamaged: it is torn, was edited, or has something else in it than a backup has.
    :raises BackupMissing: it cannot be read. :raises OSError: the disk does not take it.
    """
    opened = x25519.Identity.from_str(identity)
    with path.open("rb") as file:
        file.readline(MAX_HEADER)

        def decrypt(sink: BinaryIO) -> None:
            decrypt_io(file, sink, [opened])

        try:
            with _piped(decrypt) as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
                for member in tar:
                    _extract(tar, member, into)
                while packed.read(_BLOCK):
                    pass
        except (tarfile.TarError, DecryptError) as error:
            raise BackupDamaged(f"What is in the backup is torn or was edited: {type(error).__name__}.") from None
        except OSError as error:
            if error.errno is None:  # how the decryption says that a part is missing or another
                raise BackupDamaged("The backup is torn or was edited.") from None
            raise
    _require_whole(into / DATABASE)


def _require_whole(database: Path) -> None:
    if not database.is_file():
        raise BackupDamaged("There is no database in the backup.")
    try:
        with closing(sqlite3.connect(database)) as connection:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        raise BackupDamaged(f"The database in the backup cannot be used: {error}.") from None
    if found != "ok":
        raise BackupDamaged("The database in the backup is not whole.")


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> None:
    is_database = member.name == DATABASE
    content = tar.extractfile(member) if member.isreg() else None
    if content is None or not (is_database or _LOG_NAME.fullmatch(member.name)):
        raise BackupDamaged("There is something in the backup that no backup has.")
    place = into / member.name
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600 if is_database else 0o644)
    with os.fdopen(descriptor, "wb") as file:
        shutil.copyfileobj(content, file, _BLOCK)


def _packed(snapshot: Path, log: Iterable[tuple[str, bytes]]) -> Iterator[bytes]:
    """The content as a tar, part after part."""
    yield _head(DATABASE, snapshot.stat().st_size)
    with snapshot.open("rb") as database:
        while block := database.read(_BLOCK):
            yield block
    yield _filling(snapshot.stat().st_size)
    for path, data in log:
        yield _head(f"{LOG}/{path}", len(data)) + data + _filling(len(data))
    yield bytes(2 * tarfile.BLOCKSIZE)


def _head(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member.tobuf(format=tarfile.GNU_FORMAT)


def _filling(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)


@contextmanager
def _piped(write: Callable[[BinaryIO], None]) -> Iterator[BinaryIO]:
    """What is written in another thread, to be read in this one; what goes wrong there is raised here."""
    source, sink = os.pipe()
    failed: list[BaseException] = []

    def work() -> None:
        try:
            with os.fdopen(sink, "wb", buffering=_BLOCK) as file:
                write(file)
        except BaseException as error:  # noqa: BLE001 -- whatever it was, it is raised below
            failed.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    is_read = False
    try:
        with os.fdopen(source, "rb", buffering=_BLOCK) as file:
            yield file
        is_read = True
    finally:
        thread.join()
        if failed and is_read:  # else what was raised here is what went wrong, or says the same
            raise failed[0] from None
