"""Groups of photos, read from a CSV file of labels that came with a data set; none is ever worked out from a photo."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from visavis.adapters.evaluation.protocols import read_lines
from visavis.model.evaluation import LabelsMalformed, Listing

_GROUP: Final = "group"
_LONGEST: Final = 60


def with_groups(listing: Listing, labels: Path, *, names: Sequence[str], files: Sequence[str]) -> Listing:
    """The listing with the group of each photo.

    The file has two columns, ``person`` or ``file``, and ``group``. Lines about people or files that are not in the set
    are passed over, as long as one is about some that is.

    :param names: the name of the person on each photo.
    :param files: the path of each photo, within the set.
    :raises LabelsMalformed: a line is not of this form, gives another group than one before, or none is of the set.
    """
    lines = read_lines(labels)
    table = csv.reader(lines, strict=True)
    kind = next(_rows(table, labels.name), (0, []))[1]
    if kind not in (["person", _GROUP], ["file", _GROUP]):
        raise _wrong(labels.name, 1, f"it begins with person,{_GROUP} or file,{_GROUP}")
    found: dict[str, str] = {}
    for line, row in _rows(table, labels.name):
        if len(row) != 2 or not all(row):  # noqa: PLR2004 -- the two columns
            raise _wrong(labels.name, line, "two columns are wanted")
        if len(row[1]) > _LONGEST or not row[1].isprintable():
            raise _wrong(labels.name, line, f"a group has a name of at most {_LONGEST} characters")
        if found.setdefault(row[0], row[1]) != row[1]:
            raise _wrong(labels.name, line, "it gives another group than a line before")
    told = [found.get(name) for name in (names if kind[0] == "person" else files)]
    groups = tuple(sorted({group for group in told if group is not None}))
    if not groups:
        raise LabelsMalformed(f"{labels.name}: no line is about anybody or anything in the set.")
    places = {group: place for place, group in enumerate(groups)}
    group = np.array([-1 if one is None else places[one] for one in told], np.int64)
    return Listing(listing.people, listing.pairs, groups, group, listing.not_photos)


def _rows(table: Any, file: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that have something in them, with their lines; ``table`` is a reader of the module csv."""
    try:
        for row in table:
            if row:
                yield table.line_num, [field.strip() for field in row]
    except csv.Error as error:
        raise _wrong(file, max(table.line_num, 1), str(error)) from None


def _wrong(file: str, line: int, what: str) -> LabelsMalformed:
    return LabelsMalformed(f"{file}, line {line}: {what}.")
