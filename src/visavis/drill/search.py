"""Looks for many secrets at once in files, in what servers answer and in memory."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.drill.forms import SHORTEST, Forms

_TABLE_BITS: Final = 22
_HASH: Final = np.uint32(2654435761)  # Knuth's multiplicative hash
_CHUNK: Final = 16 * 1024 * 1024
_WORD: Final = 4
_WINDOWS: Final = 10


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """A secret, in the form and at the place it was found."""

    whose: str
    form: str
    place: str

    def __str__(self) -> str:
        """For a person to read; the secret itself is not repeated."""
        return f"{self.whose}: {self.form}, in {self.place}"


class Searcher:
    """Knows pieces of secrets, each with whose they are and in which form.

    Two tables of hashed words sieve all places at once; what passes is compared byte by byte. A gigabyte takes seconds.
    """

    def __init__(self, secrets: Mapping[str, Forms]) -> None:
        self._pieces: defaultdict[bytes, list[tuple[int, bytes, str, str]]] = defaultdict(list)
        for whose, forms in secrets.items():
            for piece, form in forms.items():
                if len(piece) < SHORTEST:
                    raise ValueError("A piece so short would be found by chance.")
                at = _most_telling(piece)
                self._pieces[piece[at : at + SHORTEST]].append((at, piece, whose, form))
        heads = np.frombuffer(b"".join(self._pieces), dtype="<u4").reshape(-1, 2)
        self._first, self._second = _table(heads[:, 0]), _table(heads[:, 1])
        self._longest = max((len(piece) for known in self._pieces.values() for _, piece, *_ in known), default=SHORTEST)

    def __len__(self) -> int:
        """How many pieces are looked for."""
        return sum(map(len, self._pieces.values()))

    def __call__(self, data: bytes, *, place: str) -> set[Found]:
        """Everything of the secrets in ``data``."""
        found: set[Found] = set()
        for start in range(0, max(1, len(data)), _CHUNK):
            # A secret may lie across the edge.
            chunk = data[start : start + _CHUNK + self._longest]
            for at in self._candidates(chunk):
                for ahead, piece, whose, form in self._pieces.get(chunk[at : at + SHORTEST], ()):
                    if at >= ahead and chunk.startswith(piece, at - ahead):
                        found.add(Found(whose, form, place))
        return found

    def files(self, *places: Path) -> set[Found]:
        """Everything of the secrets in these files and in all files of these folders, and in the files' names."""
        found: set[Found] = set()
        for top in places:
            for path in every_file(top):
                shown = str(path.relative_to(top.parent))
                found |= self(os.fsencode(shown), place=f"the name of {shown}")
                # A server that runs may have renamed what was listed; what is gone cannot be stolen.
                with suppress(FileNotFoundError):
                    found |= self(path.read_bytes(), place=shown)
        return found

    def each(self, parts: Iterable[tuple[str, bytes]]) -> set[Found]:
        """Everything of the secrets in parts, each with its place."""
        return {found for place, data in parts for found in self(data, place=place)}

    def _candidates(self, data: bytes) -> Iterator[int]:
        for shift in range(_WORD):
            count = (len(data) - shift) // _WORD
            if count < SHORTEST // _WORD:
                continue
            words = np.frombuffer(data, dtype="<u4", count=count, offset=shift)
            at = np.flatnonzero(self._first[_slot(words[:-1])])
            at = at[self._second[_slot(words[at + 1])]]
            yield from (int(index) * _WORD + shift for index in at)


def every_file(top: Path) -> Iterator[Path]:
    """The regular files at and below a place, in order."""
    if top.is_file():
        yield top
    elif top.is_dir():
        yield from sorted(path for path in top.rglob("*") if path.is_file() and not path.is_symlink())


def _most_telling(piece: bytes) -> int:
    """Where in a piece the eight bytes are that least look like other data, such as zeros."""
    starts = range(0, min(len(piece) - SHORTEST, _WINDOWS * _WORD) + 1, _WORD)
    return max(starts, key=lambda at: len(set(piece[at : at + SHORTEST])))


def _slot(words: NDArray[np.uint32]) -> NDArray[np.uint32]:
    return (words * _HASH) >> np.uint32(32 - _TABLE_BITS)


def _table(words: NDArray[np.uint32]) -> NDArray[np.bool_]:
    table = np.zeros(1 << _TABLE_BITS, dtype=np.bool_)
    table[_slot(words)] = True
    return table
