"""The three forms in which pairs of photos are published: LFW's ``pairs.txt``, CFP's lists and splits, and CSV.

Refusals name the file and the line, and never what stands there: it names somebody.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from visavis.model.evaluation import PairsMalformed

COLUMNS: Final = ("first", "second", "same")
_FOLD: Final = "fold"
_SAID: Final = {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}


@dataclass(frozen=True, slots=True)
class Pair:
    """One line: two photos as it names them, and where it stands."""

    first: str = field(repr=False)
    second: str = field(repr=False)
    is_same: bool
    fold: int
    file: str
    line: int

    def wrong(self, what: str) -> PairsMalformed:
        """The refusal of this line."""
        return malformed(self.file, self.line, what)


def malformed(file: str, line: int, what: str) -> PairsMalformed:
    """The refusal of a line, counted from 1."""
    return PairsMalformed(f"{file}, line {line}: {what}.")


def read_lfw(lines: Sequence[str], *, file: str) -> list[Pair]:
    """LFW's form: folds and pairs in the first line, then for each fold pairs of one person and pairs of two.

    ``name n1 n2`` means the photos ``name/name_000n1`` and ``name/name_000n2``, ``name n1 other n2`` two people's. The
    first line has the number of folds before that of pairs of each sort; a list without folds has the latter alone.

    :raises PairsMalformed: a line is not of this form.
    """
    rows = list(_rows(lines))
    if not rows:
        raise malformed(file, 1, "there is no line")
    (number, head), *rest = rows
    counts = [_count(text, file, number) for text in head]
    if len(counts) not in {1, 2} or 0 in counts:
        raise malformed(file, number, "it begins with the number of folds and that of pairs")
    folds, each = [1, *counts][-2:]
    if len(rest) != 2 * folds * each:
        wanted = f"{2 * folds * each} pairs are announced and {len(rest)} follow"
        raise malformed(file, rest[-1][0] if rest else number, wanted)
    return [
        _lfw_pair(words, is_same=place % (2 * each) < each, fold=place // (2 * each), file=file, line=line)
        for place, (line, words) in enumerate(rest)
    ]


def _lfw_pair(words: list[str], *, is_same: bool, fold: int, file: str, line: int) -> Pair:
    wanted = 3 if is_same else 4
    if len(words) != wanted:
        raise malformed(file, line, f"{wanted} words are wanted here and {len(words)} found")
    one, number, *other = words
    two, second = (one, other[0]) if is_same else (other[0], other[1])
    if not is_same and one == two:
        raise malformed(file, line, "a pair of two people names one person")
    numbers = [_count(text, file, line) for text in (number, second)]
    return Pair(f"{one}/{one}_{numbers[0]:04}", f"{two}/{two}_{numbers[1]:04}", is_same, fold, file, line)


def read_cfp_list(lines: Sequence[str], *, file: str) -> dict[int, str]:
    """``Pair_list_F.txt`` or ``Pair_list_P.txt`` of CFP: a number and a path on each line.

    :raises PairsMalformed: a line is not of this form, or a number stands there twice.
    """
    found: dict[int, str] = {}
    for line, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        number, _, path = text.strip().partition(" ")
        if not path.strip():
            raise malformed(file, line, "a number and a path are wanted")
        key = _count(number, file, line)
        if key in found:
            raise malformed(file, line, f"the number {key} stands there before")
        found[key] = path.strip().replace("\\", "/")
    return found


def read_cfp_split(
    lines: Sequence[str], *, lists: tuple[Mapping[int, str], Mapping[int, str]], is_same: bool, fold: int, file: str
) -> list[Pair]:
    """``same.txt`` or ``diff.txt`` of CFP: two numbers on each line, of the first and of the second list.

    :raises PairsMalformed: a line is not of this form, or a number is in no list.
    """
    pairs = []
    for line, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        words = text.replace(",", " ").split()
        if len(words) != len(lists):
            raise malformed(file, line, f"two numbers are wanted and {len(words)} found")
        numbers = [_count(word, file, line) for word in words]
        for number, known in zip(numbers, lists, strict=True):
            if number not in known:
                raise malformed(file, line, f"the number {number} is not in the list of photos")
        pairs.append(Pair(lists[0][numbers[0]], lists[1][numbers[1]], is_same, fold, file, line))
    return pairs


def read_csv(lines: Sequence[str], *, file: str) -> list[Pair]:
    """CSV with the columns ``first``, ``second`` and ``same`` (1 or 0), and ``fold`` if there are folds.

    :raises PairsMalformed: a line is not of this form.
    """
    table = csv.DictReader(lines, strict=True)
    pairs: list[Pair] = []
    try:
        if not set(COLUMNS) <= set(table.fieldnames or ()):
            raise malformed(file, 1, f"it begins with the columns {', '.join(COLUMNS)}")
        with_fold = _FOLD in (table.fieldnames or ())
        pairs += [_csv_pair(row, with_fold=with_fold, file=file, line=table.line_num) for row in table]
    except csv.Error as error:
        raise malformed(file, max(table.reader.line_num, 1), str(error)) from None
    if not pairs:
        raise malformed(file, 1, "no pair follows it")
    folds = {number: place for place, number in enumerate(sorted({pair.fold for pair in pairs}))}
    return [Pair(p.first, p.second, p.is_same, folds[p.fold], p.file, p.line) for p in pairs]


def _csv_pair(row: Mapping[str | None, str | list[str] | None], *, with_fold: bool, file: str, line: int) -> Pair:
    fields = [value.strip() if isinstance(value := row[column], str) else "" for column in COLUMNS]
    if None in row or not all(fields):
        raise malformed(file, line, f"{', '.join(COLUMNS)} are wanted, and nothing beyond the columns")
    first, second, said = fields
    if said.lower() not in _SAID:
        raise malformed(file, line, "the column same has 1 or 0")
    if first == second:
        raise malformed(file, line, "a photo is not compared with itself")
    told = row[_FOLD] if with_fold else "0"
    fold = _count(told.strip() if isinstance(told, str) else "", file, line)
    return Pair(first, second, _SAID[said.lower()], fold, file, line)


def _rows(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """The words of each line that has some; they stand between tabs where there is one, else between spaces."""
    for line, text in enumerate(lines, start=1):
        words = [word.strip() for word in text.split("\t")] if "\t" in text.strip() else text.split()
        if any(words):
            yield line, [word for word in words if word]


def _count(text: str, file: str, line: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):  # noqa: PLR2004 -- no set has a thousand million
        raise malformed(file, line, "a number is wanted where there is none")
    return int(text)
