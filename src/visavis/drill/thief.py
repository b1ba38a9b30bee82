"""What somebody opens with the keys he has: he knows our formats and our program, and heeds none of its checks."""

import io
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pyrage import decrypt, x25519

from visavis.drill.place import Place
from visavis.model.errors import VisavisError
from visavis.model.keys import GalleryKey, KeyTree, SubjectSecret
from visavis.protect.backup import open_header
from visavis.protect.envelope import Context, key_version_of, unseal
from visavis.protect.epochs import epoch_key
from visavis.protect.gallery_keys import PLAIN, GalleryKeys, open_gallery_key
from visavis.protect.key_store import open_store
from visavis.protect.keys import derive, unwrap
from visavis.protect.references import open_sealed

GUESSES: Final = (
    bytes(32),
    b"\xff" * 32,
    bytes(range(32)),
    *(
        sha256(word).digest()
        for word in (b"", b"visavis", b"password", b"secret", b"changeme", b"root", b"admin", b"12345678")
    ),
)
"""Keys that somebody tries who has none."""


@dataclass(slots=True)
class Loot:
    """What opened: names by subject, and templates as the model made them."""

    names: dict[str, str] = field(default_factory=dict)
    templates: dict[str, list[NDArray[np.float32]]] = field(default_factory=dict)

    def told(self) -> tuple[str, ...]:
        """In words that repeat nothing of it."""
        found = [(len(self.names), "name"), (sum(map(len, self.templates.values())), "template")]
        return tuple(f"{count} {what}{'s' if count > 1 else ''} in the clear" for count, what in found if count)


def key_tree(store: Path, root: bytes) -> KeyTree | None:
    """What the key store in a folder keeps, if this root opens it."""
    with suppress(VisavisError, OSError):
        return open_store((store / "keys.json").read_bytes(), root=root).tree
    return None


def opened(database: Path, tree: KeyTree) -> Loot:
    """Everything in a database that the keys of this tree open."""
    loot = Loot()
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        for row in _rows(connection, _SUBJECTS):
            with suppress(VisavisError):
                secret = _secret(row, tree)
                _open_person(connection, row, secret, tree, loot)
    return loot


def backup_opened(file: Path, tree: KeyTree, *, into: Path) -> Loot:
    """Everything in a backup that the keys of this tree open; what is unpacked goes ``into`` a folder."""
    raw = file.read_bytes()
    line, rest = raw[: raw.index(b"\n") + 1], raw[raw.index(b"\n") + 1 :]
    try:
        _, identity = open_header(line, tree=tree)
    except VisavisError:
        return Loot()
    with tarfile.open(fileobj=io.BytesIO(decrypt(rest, [x25519.Identity.from_str(identity)]))) as tar:
        tar.extract("visavis.db", into, filter="data")
    return opened(into / "visavis.db", tree)


def guessed(database: Path) -> Loot:
    """The same with the guesses: as an epoch's key, as a subject's and as what they are derived from."""
    loot = Loot()
    for guess in GUESSES:
        for key in (guess, derive(guess, "wrap subject keys")):
            with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
                connection.row_factory = sqlite3.Row
                for row in _rows(connection, _SUBJECTS):
                    epoch = key_version_of(row["wrapped"])
                    for public in (row["public_key"], None):
                        with suppress(VisavisError):
                            unwrap(row["wrapped"], epoch=epoch, epoch_key=key, subject_id=row["id"], public_key=public)
                            loot.names[row["id"]] = "opened with a guessed key"
                    with suppress(VisavisError):
                        context = Context("personal fields", (row["id"], row["gallery_id"]))
                        unseal(
                            row["sealed_personal"],
                            key=key,
                            context=context,
                            key_version=key_version_of(row["sealed_personal"]),
                        )
                        loot.names[row["id"]] = "opened with a guessed key"
    return loot


def transforms_of(place: Place) -> Iterator[Callable[[NDArray[np.float32]], NDArray[np.float32]]]:
    """The turn of each gallery of a place whose keys we hold by right."""
    tree = key_tree(place.key_store, place.root())
    if tree is None:
        raise ValueError("this place's own keys do not open it")
    with closing(sqlite3.connect(f"file:{place.database}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        ids = [row["id"] for row in _rows(connection, "SELECT id FROM galleries")]
        every = [_gallery_keys(connection, gallery_id, tree) for gallery_id in ids]
    for keys in every:
        for version in keys.keys:
            yield lambda vector, keys=keys, version=version: keys.moved(vector, stored=PLAIN, wanted=version)  # type: ignore[misc] # a loop's own values


_SUBJECTS: Final = (
    "SELECT s.id, s.gallery_id, s.public_key, s.sealed_personal, k.wrapped, g.model_id "
    "FROM subjects s JOIN subject_keys k ON k.id = s.id JOIN galleries g ON g.id = s.gallery_id"
)
_REFERENCES: Final = (
    'SELECT f.id, f.sealed, r.id AS receipt_id FROM "references" f JOIN receipts r ON r.enrolment_id = f.enrolment_id '
    "WHERE f.subject_id = ?"
)


def _secret(row: sqlite3.Row, tree: KeyTree) -> SubjectSecret:
    epoch = key_version_of(row["wrapped"])
    opening = epoch_key(tree, epoch)
    return unwrap(row["wrapped"], epoch=epoch, epoch_key=opening, subject_id=row["id"], public_key=row["public_key"])


def _open_person(
    connection: sqlite3.Connection, row: sqlite3.Row, secret: SubjectSecret, tree: KeyTree, loot: Loot
) -> None:
    context = Context("personal fields", (row["id"], row["gallery_id"]))
    fields = unseal(row["sealed_personal"], key=secret.sealing, context=context, key_version=secret.version)
    loot.names[row["id"]] = fields.decode()
    keys = _gallery_keys(connection, row["gallery_id"], tree)
    for reference in _rows(connection, _REFERENCES, (row["id"],)):
        names = (reference["id"], reference["receipt_id"], row["id"], row["gallery_id"], row["model_id"])
        with suppress(VisavisError):
            stored = open_sealed(reference["sealed"], secret=secret, names=names)
            plain = keys.moved(stored.vector, stored=stored.version, wanted=PLAIN)
            loot.templates.setdefault(row["id"], []).append(plain)


def _gallery_keys(connection: sqlite3.Connection, gallery_id: str, tree: KeyTree) -> GalleryKeys:
    rows = _rows(
        connection, "SELECT id, gallery_id, version, wrapped FROM gallery_keys WHERE gallery_id = ?", (gallery_id,)
    )
    keys = (GalleryKey(row["id"], row["gallery_id"], row["version"], row["wrapped"]) for row in rows)
    return GalleryKeys({key.version: open_gallery_key(key, installation=tree.installation) for key in keys})


def _rows(connection: sqlite3.Connection, statement: str, values: tuple[object, ...] = ()) -> list[sqlite3.Row]:
    return list(connection.execute(statement, values))
