"""A data set that says which photos are compared: its files of pairs, and the photos they mean."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from visavis.adapters.evaluation.folder import SUFFIXES, LabelledFiles, numbered
from visavis.adapters.evaluation.pair_lines import Pair, malformed, read_cfp_list, read_cfp_split, read_csv, read_lfw
from visavis.model.evaluation import DataSetEmpty, DataSetUnreadable, Listing, Pairs, PairsPhotoMissing

CFP_LISTS: Final = {"F": "Pair_list_F.txt", "P": "Pair_list_P.txt"}
_MOST_BYTES: Final = 256 * 1024 * 1024


def is_cfp(folder: Path) -> bool:
    """Whether a folder has CFP's lists in it."""
    return (folder / CFP_LISTS["F"]).is_file()


def open_pairs_file(path: Path, *, photos: Path) -> LabelledFiles:
    """The data set of one file of pairs: CSV by its name, LFW's form otherwise.

    :param photos: the folder that its photos lie in.
    :raises EvaluationRefused: a line is not of its form, or means a photo that is not there.
    """
    lines = read_lines(path)
    if path.suffix.lower() == ".csv":
        pairs, seeking = {"pairs": read_csv(lines, file=path.name)}, _Photos(photos, suffixes=("",))
        return _opened(pairs, seeking, owners=_owners_by_pairs)
    return _opened(
        {"pairs": read_lfw(lines, file=path.name)}, _Photos(photos, suffixes=SUFFIXES), owners=_owners_by_folder(1)
    )


def open_cfp(folder: Path, *, photos: Path) -> LabelledFiles:
    """The data set of CFP: ``Pair_list_F.txt``, ``Pair_list_P.txt`` and ``Split/<FF or FP>/<fold>/same.txt``.

    :param folder: where they lie; the paths in the lists go out from there.
    :param photos: the folder that its photos have to lie in.
    :raises EvaluationRefused: a line is not of its form, or means a photo that is not there.
    """
    lists = {
        letter: read_cfp_list(read_lines(folder / name), file=name)
        for letter, name in CFP_LISTS.items()
        if (folder / name).is_file()
    }
    parts: dict[str, list[Pair]] = {}
    for part in _folders(folder / "Split"):
        if len(part.name) != 2 or not set(part.name) <= set(lists):  # noqa: PLR2004 -- the two lists' letters
            raise malformed(f"Split/{part.name}", 1, "a split is named by the two lists it compares, such as FP")
        parts[part.name] = _cfp_part(part, (lists[part.name[0]], lists[part.name[1]]))
    if not any(parts.values()):
        raise DataSetEmpty(f"There is no pair below {folder / 'Split'}.")
    # The photos lie in <person>/frontal/01.jpg.
    return _opened(parts, _Photos(photos, suffixes=("",), start=folder), owners=_owners_by_folder(2))


def read_lines(path: Path, *, file: str = "") -> list[str]:
    """The lines of a text file.

    :param file: what it is called in a refusal; by its name if not given.
    :raises DataSetUnreadable: it cannot be read, or is not UTF-8.
    """
    file = file or path.name
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DataSetUnreadable(f"{file} has more than {_MOST_BYTES} bytes.")
        return path.read_text(encoding="utf-8-sig").split("\n")  # as editors count lines
    except OSError as error:
        raise DataSetUnreadable(f"{file}: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise DataSetUnreadable(f"{file}, line {line}: it is not text in UTF-8.") from None


def _cfp_part(part: Path, lists: tuple[Mapping[int, str], Mapping[int, str]]) -> list[Pair]:
    pairs = []
    for fold, folder in enumerate(_folders(part)):
        for name, is_same in (("same.txt", True), ("diff.txt", False)):
            file = f"Split/{part.name}/{folder.name}/{name}"
            lines = read_lines(folder / name, file=file)
            pairs += read_cfp_split(lines, lists=lists, is_same=is_same, fold=fold, file=file)
    return pairs


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as error:
        raise DataSetUnreadable(f"{folder.name}: {error.strerror}.") from None


class _Photos:
    """Finds the files that lines mean, each once, however they name it."""

    def __init__(self, root: Path, *, suffixes: Sequence[str], start: Path | None = None) -> None:
        self._root = Path(os.path.abspath(root))  # noqa: PTH100 -- links that the data set is put together of stay as they are
        self._start = start or root
        self._suffixes = suffixes
        self._named: dict[str, int] = {}
        self._places: dict[Path, int] = {}

    @property
    def files(self) -> list[Path]:
        """Every photo that was found, in the order of its number."""
        return list(self._places)

    @property
    def inside(self) -> list[tuple[str, ...]]:
        """The folders and the name of each, below the folder of photos."""
        return [path.relative_to(self._root).parts for path in self._places]

    def place(self, named: str, pair: Pair) -> int:
        """The number of a photo.

        :raises PairsPhotoMissing: it is not there, or its name leads out of the folder of photos.
        """
        if named not in self._named:
            self._named[named] = self._places.setdefault(self._found(named, pair), len(self._places))
        return self._named[named]

    def _found(self, named: str, pair: Pair) -> Path:
        for suffix in self._suffixes:
            try:
                path = Path(os.path.abspath(self._start / f"{named}{suffix}"))  # noqa: PTH100 -- as above
                if path.is_relative_to(self._root) and path.is_file():
                    return path
            except (OSError, ValueError):  # a name with a zero byte, or one that is too long
                break
        raise PairsPhotoMissing(f"{pair.file}, line {pair.line}: a photo that it means is not there.")


_Owners = Callable[[Sequence[tuple[str, ...]], Sequence[tuple[int, int, Pair]]], list[int]]


def _opened(parts: Mapping[str, Sequence[Pair]], photos: _Photos, *, owners: _Owners) -> LabelledFiles:
    placed = {
        name: [(photos.place(pair.first, pair), photos.place(pair.second, pair), pair) for pair in pairs]
        for name, pairs in parts.items()
    }
    people = owners(photos.inside, [one for pairs in placed.values() for one in pairs])
    for pairs in placed.values():
        for first, second, pair in pairs:
            if first == second:
                raise pair.wrong("a photo is not compared with itself")
            if (people[first] == people[second]) != pair.is_same:
                what = "one person" if pair.is_same else "two people"
                raise pair.wrong(f"it says {what}, and the rest of the set says otherwise")
    found = tuple(
        Pairs(
            name=name,
            first=np.array([first for first, _, _ in pairs], np.int64),
            second=np.array([second for _, second, _ in pairs], np.int64),
            is_same=np.array([pair.is_same for _, _, pair in pairs], np.bool_),
            fold=np.array([pair.fold for _, _, pair in pairs], np.int64),
        )
        for name, pairs in placed.items()
        if pairs
    )
    return LabelledFiles(photos.files, Listing(people=np.array(people, np.int64), pairs=found))


def _owners_by_folder(above: int) -> _Owners:
    """Whoever the folder is named for that lies so many above the photo."""

    def owners(inside: Sequence[tuple[str, ...]], _pairs: Sequence[tuple[int, int, Pair]]) -> list[int]:
        return numbered(["/".join(parts[:-above] if len(parts) > above else parts) for parts in inside])

    return owners


def _owners_by_pairs(inside: Sequence[tuple[str, ...]], pairs: Sequence[tuple[int, int, Pair]]) -> list[int]:
    """Photos that pairs call one person's are that person's; those in one folder too, if no pair says otherwise."""
    by_folder = _joined(len(inside), pairs, [parts[:-1] for parts in inside])
    if all(pair.is_same or by_folder[first] != by_folder[second] for first, second, pair in pairs):
        return by_folder
    return _joined(len(inside), pairs, [])


def _joined(photos: int, pairs: Sequence[tuple[int, int, Pair]], folders: Sequence[tuple[str, ...]]) -> list[int]:
    """A number for each photo, the same for those that are joined, directly or over others (union-find)."""
    parent = list(range(photos))

    def root(photo: int) -> int:
        while parent[photo] != photo:
            parent[photo] = parent[parent[photo]]
            photo = parent[photo]
        return photo

    first_in: dict[tuple[str, ...], int] = {}
    for photo, folder in enumerate(folders):
        parent[root(photo)] = root(first_in.setdefault(folder, photo))
    for first, second, pair in pairs:
        if pair.is_same:
            parent[root(second)] = root(first)
    order: dict[int, int] = {}
    return [order.setdefault(root(photo), len(order)) for photo in range(photos)]
