"""Files and folders: who can read them, who can write them, and what lies together."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from visavis.adapters.doctor.check import Check
from visavis.adapters.doctor.keys import is_with_custodians
from visavis.adapters.keyfile import read_key_file
from visavis.model.keys import DataMissing
from visavis.settings import Settings

_OTHERS = 0o077
_OTHERS_WRITE = 0o002


def user(_settings: Settings) -> Iterator[Check]:
    """The server needs no rights of root's."""
    if os.geteuid() == 0:
        mend = "Make a user for the server, give it the data directory and the key file, and run as that user."
        yield Check("user", "warn", "This is root: whoever breaks into the server owns the machine.", mend)
    else:
        yield Check("user", "ok", f"User {os.geteuid()}, not root.")


def umask(_settings: Settings) -> Iterator[Check]:
    """New files are not everybody's to write. What matters most is made with modes of its own."""
    lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    mask = next(int(line.split()[1], 8) for line in lines if line.startswith("Umask:"))
    if mask & _OTHERS_WRITE:
        yield Check("umask", "ok", f"{mask:04o}.")
    else:
        mend = "Set 'umask 077' for the server's user, or UMask=0077 in its unit."
        yield Check("umask", "warn", f"{mask:04o}: everybody can write new files.", mend)


def data_directory(settings: Settings) -> Iterator[Check]:
    """The data directory is there, its owner's alone, with a database that is its owner's alone."""
    folder, name = settings.data_dir, "data directory"
    database = folder / "visavis.db"
    if not folder.is_dir() or not (settings.is_shared or database.is_file()):
        raise DataMissing(f"There is no database in {folder}.")
    files = [folder, *sorted(folder.glob("visavis.db*"))]
    open_to_others = [path for path in files if stat.S_IMODE(path.stat().st_mode) & _OTHERS]
    foreign = [path for path in files if path.stat().st_uid != folder.stat().st_uid]
    if open_to_others:
        mend = "Run 'chmod 700' on the directory and 'chmod 600' on the database."
        yield Check(name, "fail", f"Others can read {' and '.join(map(str, open_to_others))}.", mend)
    elif not all(os.access(path, os.W_OK) for path in files):
        yield Check(name, "fail", f"{folder} cannot be written to.", "Run the server as the directory's owner.")
    elif foreign:
        mend = "Run 'chown' so that directory and database have one owner, who runs the server."
        yield Check(name, "warn", f"{' and '.join(map(str, foreign))}: not of the directory's owner.", mend)
    elif folder.stat().st_uid != os.geteuid():
        mend = "Run the server, 'visavis init' and 'visavis doctor' as the directory's owner."
        yield Check(name, "warn", f"{folder} belongs to user {folder.stat().st_uid}, and this is another.", mend)
    elif database.is_symlink():
        mend = "Move the database to where the link is: a backup of the directory would have the link only."
        yield Check(name, "warn", f"{database} is a symbolic link.", mend)
    else:
        yield Check(name, "ok", str(folder))


def key_file(settings: Settings) -> Iterator[Check]:
    """The key file is there, its owner's alone, and outside the data directory."""
    path = settings.key_file
    if is_with_custodians(settings):
        yield _no_key_file(path)
        return
    read_key_file(path, data_dir=settings.data_dir)
    owner = path.stat().st_uid
    if owner != os.geteuid():
        mend = "Run 'chown' so that it belongs to who runs the server; its owner can always read it."
        yield Check("key file", "warn", f"{path} belongs to user {owner}, and this is another.", mend)
    elif path.is_symlink():
        mend = "Set VISAVIS_KEY_FILE to the file itself: whoever can change the link chooses the key."
        yield Check("key file", "warn", f"{path} is a symbolic link to {path.resolve()}.", mend)
    else:
        yield Check("key file", "ok", f"{path}, outside the data directory, its owner's alone.")


def _no_key_file(path: Path) -> Check:
    if not path.exists():
        return Check("key file", "ok", "None: custodians hold the root key.")
    mend = "If it is no other installation's, run 'shred -u' on it: with an older key store it opens older backups."
    return Check("key file", "warn", f"Custodians hold the root key, and there is a key file at {path}.", mend)


def folders_above(settings: Settings) -> Iterator[Check]:
    """Nobody can put another file in a place of ours: not in a folder above it, either."""
    ours = (settings.data_dir, settings.key_file, settings.file, settings.tls_cert, settings.tls_key)
    places = [path.absolute() for path in ours if path is not None]
    # Below a link lies what it leads to: both ways have to be safe.
    above = {folder for path in places for way in (path, path.resolve()) for folder in way.parents}
    bad = [folder for folder in sorted(above) if folder.is_dir() and _anybody_moves(folder)]
    if bad:
        mend = "Run 'chmod o-w' on them."
        told = " and ".join(map(str, bad))
        yield Check("folders above", "fail", f"Anybody can put other files in place of ours in {told}.", mend)
    else:
        yield Check("folders above", "ok", "Nobody else can put other files in place of ours.")


def _anybody_moves(folder: Path) -> bool:
    """Whether others may rename what is in a folder. The sticky bit (as on /tmp) keeps them from it."""
    mode = folder.stat().st_mode
    return bool(mode & _OTHERS_WRITE and not mode & stat.S_ISVTX)


def key_place(settings: Settings) -> Iterator[Check]:
    """Key and data lie on different file systems, so that no copy of one has both."""
    if is_with_custodians(settings):
        yield Check("key place", "ok", "Custodians hold the root key: it is on no disk.")
        return
    read_key_file(settings.key_file, data_dir=settings.data_dir)
    if settings.key_file.stat().st_dev == settings.data_dir.stat().st_dev:
        mend = "Keep the key file on a file system of its own, such as a stick or a small volume."
        message = "Key and data are on one file system: a snapshot or a copy of it has both."
        yield Check("key place", "warn", message, mend)
    else:
        yield Check("key place", "ok", "Key and data are on different file systems.")
