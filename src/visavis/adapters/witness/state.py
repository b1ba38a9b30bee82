"""The folder of a witness.

::

    key         the private key: PEM, mode 0600
    witness     the public one: one line
    trusted     the keys of the logs that are watched, a line each
    latest/     a file for each log, named by the SHA-256 of its name: the checkpoint that was cosigned last, with the
                log's signature and the witness's own, or the word "none"
    evidence/   what proves, or may prove, that a log forked
    lock        held by the one process that signs

Every checkpoint in it is signed twice, so that a damaged file is seen. A file that is missing is damage too: only
``trust`` writes the first one, and it does not do so twice for one name.
"""

import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from visavis.adapters.witness.files import replace, sync_folder, write_new
from visavis.audit.note import (
    ED25519,
    Cosigner,
    VerifierKey,
    cosigned_at,
    is_name,
    read_key,
    read_note,
    require_signed,
    signatures_of,
)
from visavis.audit.witnessing import Cosigned, first_lines
from visavis.model.access import AlreadyExists
from visavis.model.audit import LogRefused, VerifierKeyMalformed
from visavis.model.keys import DataLocked
from visavis.model.witness import LogUnknown, WitnessStateDamaged, WitnessStateMissing, WitnessStateUnsafe

MOST_EVIDENCE: Final = 16
"""Files of one sort that are kept of one log: the first ones prove what all of them would."""
_NONE: Final = b"none\n"
_SHORT: Final = 16


@dataclass(frozen=True, slots=True)
class Watched:
    """One log: its keys, and what was cosigned last."""

    origin: str
    keys: tuple[VerifierKey, ...]
    latest: Cosigned | None


def make_state(folder: Path, *, name: str) -> VerifierKey:
    """A new witness with a fresh key, in a folder that is new or empty.

    :raises AlreadyExists: there is something in the folder. :raises VerifierKeyMalformed: a key cannot be called so.
    """
    if not is_name(name):
        raise VerifierKeyMalformed("A name has no spaces and no '+'.")
    cosigner = Cosigner(name, Ed25519PrivateKey.generate())
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(folder.iterdir()):
        raise AlreadyExists(f"There is something in {folder} already.")
    folder.chmod(0o700)
    for below in ("latest", "evidence"):
        (folder / below).mkdir(mode=0o700)
    pem = cosigner.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_new(folder / "key", pem)
    write_new(folder / "trusted", b"")
    write_new(folder / "witness", f"{cosigner.key}\n".encode())
    sync_folder(folder.absolute().parent)
    return cosigner.key


class State:
    """What a witness knows, read whole and checked.

    1. The folder is there, and its owner's alone, as are its key and records.
    2. The key is the one that the folder names.
    3. Of every log that is watched there is the record of what was cosigned last, signed with this key.

    :raises WitnessStateMissing, WitnessStateUnsafe: 1. :raises WitnessStateDamaged: 2 and 3.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # 1
        _require_witness(folder)
        # 2
        self.cosigner = self._cosigner()
        # 3
        self._watched = {origin: self._read(origin, keys) for origin, keys in self._trusted().items()}

    @property
    def key(self) -> VerifierKey:
        """By which the witness's cosignatures are checked."""
        return self.cosigner.key

    @property
    def logs(self) -> Sequence[Watched]:
        """Every log that is watched."""
        return [*self._watched.values()]

    def watched(self, origin: str) -> Watched:
        """One log.

        :raises LogUnknown: it is not watched.
        """
        if origin not in self._watched:
            raise LogUnknown
        return self._watched[origin]

    def keep(self, origin: str, latest: Cosigned) -> None:
        """Remember what is cosigned last; the disk has it when this returns.

        :raises OSError: the disk does not take it; what it has then is unknown, and nothing may be signed any more.
        """
        log = self.watched(origin)
        replace(self._record(origin), str(latest.note).encode())
        self._watched[origin] = Watched(origin, log.keys, latest)

    def evidence(self, origin: str) -> Sequence[Path]:
        """What is kept that proves, or may prove, that this log forked."""
        return sorted((self.folder / "evidence").glob(f"*-{_name(origin)[:_SHORT]}-*"))

    def keep_evidence(self, origin: str, submission: bytes, *, code: str) -> bool:
        """Keep what a log signed, beside what was cosigned of it; False if it is known, or enough is there.

        :raises OSError: the disk does not take it.
        """
        latest = self.watched(origin).latest
        sort = f"{code}-{_name(origin)[:_SHORT]}-"
        known = b"" if latest is None else str(latest.note).encode()
        content = b"cosigned:\n" + known + b"\nsubmitted:\n" + submission
        path = self.folder / "evidence" / f"{sort}{hashlib.sha256(content).hexdigest()[:_SHORT]}"
        if path.exists() or len([*path.parent.glob(f"{sort}*")]) >= MOST_EVIDENCE:
            return False
        write_new(path, content)
        return True

    def trust(self, key: VerifierKey, *, also: bool = False) -> None:
        """Watch a log, from its first tree on, or from where it was when it was watched before.

        :param also: the log has another key too, as while it changes from one to the next.
        :raises VerifierKeyMalformed: it is the key of a witness. :raises AlreadyExists: the log has another key.
        """
        if key.algorithm != ED25519:
            raise VerifierKeyMalformed("It is the key of a witness, not of a log.")
        keys = self._trusted()
        others = keys.get(key.name, ())
        if key in others:
            return
        if others and not also:
            raise AlreadyExists(f"The log {key.name} has another key.")
        with suppress(FileExistsError):
            write_new(self._record(key.name), _NONE)
        keys[key.name] = (*others, key)
        lines = "".join(f"{one}\n" for of_one in keys.values() for one in of_one)
        replace(self.folder / "trusted", lines.encode())
        self._watched[key.name] = self._read(key.name, keys[key.name])

    def _record(self, origin: str) -> Path:
        return self.folder / "latest" / _name(origin)

    def _cosigner(self) -> Cosigner:
        public = _one_key(self._bytes("witness"))
        pem = self._bytes("key")
        _require_private(self.folder / "key")
        try:
            private = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise WitnessStateDamaged(f"{self.folder / 'key'} does not hold a private key.") from None
        if not isinstance(private, Ed25519PrivateKey) or Cosigner(public.name, private).key != public:
            raise WitnessStateDamaged(f"{self.folder / 'key'} is not the key of {public.name}.")
        return Cosigner(public.name, private)

    def _trusted(self) -> dict[str, tuple[VerifierKey, ...]]:
        found: dict[str, tuple[VerifierKey, ...]] = {}
        for line in self._bytes("trusted").splitlines():
            key = _one_key(line)
            if key.algorithm != ED25519:
                raise WitnessStateDamaged(f"{key.name} is the name of a witness, not of a log.")
            found[key.name] = (*found.get(key.name, ()), key)
        return found

    def _read(self, origin: str, keys: tuple[VerifierKey, ...]) -> Watched:
        path = self._record(origin)
        data = self._bytes(f"latest/{path.name}")
        if data == _NONE:
            return Watched(origin, keys, None)
        try:
            note = read_note(data)
            checkpoint = first_lines(note.text)
            for key in keys:
                if signatures_of(note, key):  # else the log had another key then, which our own signature vouches for
                    require_signed(note, key)
            moment = cosigned_at(note, self.cosigner.key)
        except LogRefused as error:
            raise WitnessStateDamaged(f"{path}: {error.detail}") from None
        if moment is None or checkpoint.origin != origin:
            raise WitnessStateDamaged(f"{path} is not what was cosigned of {origin}.")
        return Watched(origin, keys, Cosigned(note, checkpoint, moment))

    def _bytes(self, name: str) -> bytes:
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            raise WitnessStateDamaged(f"{self.folder / name} is not there.") from None


@contextmanager
def held(folder: Path) -> Iterator[State]:
    """The state, for the one process that may sign and change it.

    :raises DataLocked: another process holds it. Whatever ``State`` raises.
    """
    _require_witness(folder)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataLocked(f"Another process holds {folder}.") from None
        yield State(folder)
    finally:
        os.close(descriptor)


def _name(origin: str) -> str:
    return hashlib.sha256(origin.encode()).hexdigest()


def _one_key(line: bytes) -> VerifierKey:
    try:
        return read_key(line.decode())
    except (UnicodeDecodeError, VerifierKeyMalformed):
        raise WitnessStateDamaged("A line that should be a key is none.") from None


def _require_witness(folder: Path) -> None:
    if not any((folder / name).exists() for name in ("key", "witness", "latest")):
        raise WitnessStateMissing(f"There is no witness in {folder}.")
    _require_private(folder)


def _require_private(path: Path) -> None:
    found = path.stat()
    if stat.S_IMODE(found.st_mode) & 0o077 or found.st_uid != os.geteuid():
        raise WitnessStateUnsafe(f"{path} has mode {stat.S_IMODE(found.st_mode):o}, or belongs to another user.")
