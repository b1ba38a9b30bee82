"""A folder per person, read as a data set; and the photos of any data set, as they lie on the disk."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from visavis.model.evaluation import DataSetEmpty, DataSetUnreadable, Listing
from visavis.model.image import MAX_BYTES

SUFFIXES: Final = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".heic", ".heif", ".avif")
"""What a photo's name ends with, in capitals too; other files are counted and left alone."""


class LabelledFiles:
    """A ``DataSet`` of files.

    :param files: one for each photo of ``listing``, in its order.
    :param listing: what they show.
    """

    def __init__(self, files: Sequence[Path], listing: Listing) -> None:
        self._files = files
        self._listing = listing

    @property
    def listing(self) -> Listing:
        """See ``DataSet.listing``."""
        return self._listing

    def read(self, photo: int) -> bytes:
        """See ``DataSet.read``. Of a file larger than any photo so much is read that it is found too large."""
        try:
            with self._files[photo].open("rb") as file:
                return file.read(MAX_BYTES + 1)
        except OSError as error:
            # The path would name somebody.
            raise DataSetUnreadable(f"Photo {photo + 1} of the set: {error.strerror}.") from None


def read_folder(root: Path) -> tuple[list[Path], list[str], int]:
    """The photos below ``root``, the person of each, by the name of the folder right below it, and the files left out.

    Folders within a person's are that person's too. What begins with a dot is passed over. A person's folder may be a
    link; links further down are not followed, since they could go round.

    :raises DataSetUnreadable: a folder cannot be read. :raises DataSetEmpty: there is no photo.
    """
    files: list[Path] = []
    names: list[str] = []
    left = 0
    for path in files_below(root, follow=True):
        inside = path.relative_to(root).parts
        if len(inside) < 2 or path.suffix.lower() not in SUFFIXES:  # noqa: PLR2004 -- the person's folder and the photo
            left += 1
            continue
        files.append(path)
        names.append(inside[0])
    if not files:
        raise DataSetEmpty(f"There is no photo in a folder below {root}.")
    return files, names, left


def numbered(names: Sequence[str]) -> list[int]:
    """A number for each name, from 0 in the order of the names."""
    order = {name: number for number, name in enumerate(sorted(set(names), key=os.fsencode))}
    return [order[name] for name in names]


def listed(names: Sequence[str], left: int) -> Listing:
    """The listing of a folder per person."""
    return Listing(people=np.array(numbered(names), np.int64), not_photos=left)


def files_below(folder: Path, *, follow: bool = False, whole: str | None = None) -> Iterator[Path]:
    """Every file that can be seen, in the order of the names' bytes, which no locale changes.

    :param whole: folders whose names end so, in capitals too, are given themselves in the place of what is in them.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=follow):
                if whole is not None and entry.name.lower().endswith(whole):
                    yield Path(entry.path)
                else:
                    yield from files_below(Path(entry.path), whole=whole)
            elif entry.is_file():  # not a pipe, which would make us wait for ever
                yield Path(entry.path)
    except OSError as error:
        raise DataSetUnreadable(f"A folder of the set cannot be read: {error.strerror}.") from None
