"""Whom a folder or a CSV file brings: what can be read, and what cannot and why."""

import csv
import hashlib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from visavis.client import NamedPhoto
from visavis.client.imports import digest_of
from visavis.model.bulk import PhotoLeftOut
from visavis.model.consent import MAX_PHOTOS
from visavis.model.image import MAX_BYTES, ImageTooLarge

COLUMNS: Final = ("external_reference", "photo")
GUARDIAN: Final = "guardian_until"
"""What says of an enrolment that a guardian has to agree (rule S8): no import may pass over it."""

_SUFFIXES: Final = {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".heic", ".heif", ".avif"}
_LONGEST_NAME: Final = 200

MENDS: Final = {
    "photo_unreadable": "Check that the file is there and that you may read it.",
    "photo_outside": "Put the photo itself there: links and paths that lead out of the folder are not followed.",
    "photo_kind_unknown": "Export it as JPEG, PNG, WebP, HEIC or AVIF; if it is no photo, ignore this line.",
    "photo_stray": "Put it into a folder that has the person's name.",
    "folder_nested": "Put the photos right into the person's folder.",
    "no_photos": "Add a photo of the person.",
    "name_unusable": f"Give a name of 1 to {_LONGEST_NAME} characters that is valid Unicode.",
    "name_twice": "Two folders have names that mean the same: put the photos into one of them.",
    "row_incomplete": f"Give both {COLUMNS[0]} and {COLUMNS[1]} in every row.",
    PhotoLeftOut.code: PhotoLeftOut.mend,
    ImageTooLarge.code: ImageTooLarge.mend,
}
"""What to do about what is found on this side, by code."""


@dataclass(frozen=True, slots=True)
class Issue:
    """Something that was not brought. ``photo`` is None where it is about the whole person."""

    external_reference: str
    photo: str | None
    code: str
    mend: str


def issue(code: str, *, reference: str = "", photo: str | None = None) -> Issue:
    """One of ours."""
    return Issue(_printable(reference), None if photo is None else _printable(photo), code, MENDS[code])


@dataclass(slots=True)
class Person:
    """Somebody with the paths of their photos, in order; nothing was read yet."""

    external_reference: str
    photos: list[Path] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Source:
    """Everybody who is to be brought, in order, and what is wrong with the rest."""

    people: Sequence[Person]
    issues: Sequence[Issue]


class SourceUnusable(Exception):
    """The CSV file is none; the text says why."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Somebody some of whose photos can be read: which, and by what the server knows them again."""

    external_reference: str
    photos: Sequence[Path]
    digest: str

    def load(self) -> list[NamedPhoto]:
        """The photos; what changed since it was looked at is brought as it is now."""
        return [NamedPhoto(path.name, path.read_bytes()) for path in self.photos]


def read_source(path: Path) -> Source:
    """The people of a folder that has one for each of them, or of a CSV file.

    :raises SourceUnusable: the file is not a CSV of that form. :raises OSError: it cannot be read.
    """
    return _folder(path) if path.is_dir() else _table(path)


def prepare(person: Person) -> tuple[Ready | None, list[Issue]]:
    """Read somebody's photos to know them again; the first five that can be read are meant."""
    issues: list[Issue] = []
    photos: list[Path] = []
    digests: list[bytes] = []
    for path in person.photos:
        code = PhotoLeftOut.code if len(photos) == MAX_PHOTOS else _fault(path)
        if code is None:
            try:
                digests.append(hashlib.sha256(path.read_bytes()).digest())
            except OSError:
                code = "photo_unreadable"
        if code is None:
            photos.append(path)
        else:
            issues.append(issue(code, reference=person.external_reference, photo=path.name))
    if not photos:
        return None, [*issues, issue("no_photos", reference=person.external_reference)]
    return Ready(person.external_reference, photos, digest_of(person.external_reference, digests)), issues


def _fault(path: Path) -> str | None:
    if path.suffix.lower() not in _SUFFIXES:
        return "photo_kind_unknown"
    if not path.is_file():  # a pipe would make us wait for ever
        return "photo_unreadable"
    return ImageTooLarge.code if path.stat().st_size > MAX_BYTES else None


def _folder(root: Path) -> Source:
    people: dict[str, Person] = {}
    issues: list[Issue] = []
    for entry in _visible(root):
        name = _name(entry.name)
        if not entry.is_dir():
            issues.append(issue("photo_stray", photo=entry.name))
        elif name is None:
            issues.append(issue("name_unusable", reference=entry.name))
        elif not _inside(entry, root):
            issues.append(issue("photo_outside", reference=name))
        elif name in people:
            issues.append(issue("name_twice", reference=name))
        else:
            person = people[name] = Person(name)
            for photo in _visible(entry):
                if photo.is_dir():
                    issues.append(issue("folder_nested", reference=name, photo=photo.name))
                elif not _inside(photo, root):
                    issues.append(issue("photo_outside", reference=name, photo=photo.name))
                else:
                    person.photos.append(photo)
    return Source(list(people.values()), issues)


def _table(path: Path) -> Source:
    people: dict[str, Person] = {}
    issues: list[Issue] = []
    for row in _rows(path):
        reference, photo = ((row.get(column) or "").strip() for column in COLUMNS)
        name = _name(reference)
        if not reference or not photo:
            issues.append(issue("row_incomplete", reference=reference, photo=photo or None))
        elif name is None:
            issues.append(issue("name_unusable", reference=reference))
        elif not _inside(path.parent / photo, path.parent):
            issues.append(issue("photo_outside", reference=name, photo=photo))
        else:
            people.setdefault(name, Person(name)).photos.append(path.parent / photo)
    return Source(list(people.values()), issues)


def _rows(path: Path) -> Iterator[dict[str, str | None]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if not set(COLUMNS) <= set(reader.fieldnames or ()):
                raise SourceUnusable(f"{path} has no columns {' and '.join(COLUMNS)}, separated by commas.")
            if GUARDIAN in (reader.fieldnames or ()):
                raise SourceUnusable(
                    f"{path} has a column {GUARDIAN}, but an import asks no guardian. Enrol these people one at a "
                    "time, with 'visavis enrol --guardian-until', and take the column and their rows out."
                )
            yield from reader
    except (csv.Error, UnicodeDecodeError) as error:
        raise SourceUnusable(f"{path} is not a CSV file in UTF-8: {error}.") from None


def _visible(folder: Path) -> list[Path]:
    """What a person sees in a folder, in the order of the names."""
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def _inside(path: Path, root: Path) -> bool:
    """Whether a path, its links followed, stays within ``root``: what is there decides, not how it is written."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError):  # a link that leads to itself, a name with a zero byte
        return False


def _name(text: str) -> str | None:
    """The operator's name for somebody, or None where it can be none."""
    name = unicodedata.normalize("NFC", text.strip())
    try:
        name.encode()
    except UnicodeEncodeError:
        return None
    return name if 0 < len(name) <= _LONGEST_NAME else None


def _printable(text: str) -> str:
    """Names that are no Unicode have to be told all the same."""
    return text.encode(errors="replace").decode()
