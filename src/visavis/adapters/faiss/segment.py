"""A part of a gallery that does not grow: codes for the scan, rows for comparing, and who is gone."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import faiss
import numpy as np
from numpy.typing import NDArray

from visavis.adapters.faiss.names import Packed
from visavis.adapters.faiss.rows import FOUR, packed, unpacked

# A search has one core, as everything else that a request asks for; galleries and requests are many.
faiss.omp_set_num_threads(1)

LONE, PART, SUM = 0, 1, 2
"""A row is somebody's only reference, one of several, or the direction of their sum."""
TRAINED_ON: Final = 65_536
"""Rows that a codebook is learned from: 1,000 would do."""
_FEWEST: Final = 1_000
"""Of fewer rows no codes are made: comparing all of them takes no longer."""
_CHUNK: Final = 65_536
"""Rows that are unpacked at once: 32 MB."""
_BYTE: Final = np.uint64(3)
_WITHIN: Final = np.uint64(7)
_SURE: Final = 3.5
"""Standard deviations of the codes' error that a scan looks below the threshold."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a segment is made of: ``references`` and ``subjects`` packed, shape (n, 2); of sums there is no reference.

    ``kinds`` are ``LONE``, ``PART`` or ``SUM``, ``codes`` and ``steps`` as ``rows.packed`` makes them.
    """

    references: Packed
    subjects: Packed
    kinds: NDArray[np.uint8]
    codes: NDArray[np.uint8]
    steps: NDArray[np.float16]

    @staticmethod
    def of(references: Packed, subjects: Packed, kinds: NDArray[np.uint8], vectors: NDArray[np.float32]) -> "Content":
        """Of vectors as they are, shape (n, d)."""
        return Content(references, subjects, kinds, *packed(vectors))

    @staticmethod
    def joined(parts: Iterable["Content"]) -> "Content":
        """All of them."""
        many = list(parts)
        names = ("references", "subjects", "kinds", "codes", "steps")
        return Content(*(np.concatenate([getattr(part, name) for part in many]) for name in names))

    def at(self, rows: NDArray[np.intp]) -> "Content":
        """Some of the rows."""
        return Content(self.references[rows], self.subjects[rows], self.kinds[rows], self.codes[rows], self.steps[rows])

    def __len__(self) -> int:
        return len(self.kinds)


class Segment:
    """Rows in the order of their subjects, so that finding somebody's takes no further memory.

    Nothing of it is guarded against other threads but what ``forget`` does: a row is marked as gone before it is
    overwritten, so whoever looks at the mark after comparing knows.
    """

    def __init__(self, content: Content) -> None:
        """Sort and code; takes some 2 microseconds a row, on one core."""
        self.content = content.at(np.lexsort((content.subjects[:, 1], content.subjects[:, 0])))
        self.gone = np.zeros(len(content), np.bool_)
        self._likely = _Likely(self.content.references[self.content.kinds != SUM])
        self._left = int((self.content.kinds != SUM).sum())
        self._scan, self._deviation = self._coded()

    @property
    def references(self) -> int:
        """How many references are left in it."""
        return self._left

    def near(self, probe: NDArray[np.float32], *, least: float, most: int) -> NDArray[np.intp]:
        """Rows that may be at least so near a probe, and at any rate about the ``most`` nearest."""
        if self._scan is None:
            return np.arange(len(self.content))
        wanted = most
        while wanted < len(self.content) // 4:
            scores, found = self._scan.search(probe[None], wanted)
            if scores[0, -1] <= least - _SURE * self._deviation:
                rows: NDArray[np.intp] = found[0]
                return rows
            wanted *= 8
        return np.arange(len(self.content))

    def compared(self, rows: NDArray[np.intp], probe: NDArray[np.float32]) -> NDArray[np.float32]:
        """The score of each row."""
        scores = np.empty(len(rows), np.float32)
        for begin in range(0, len(rows), _CHUNK):
            some = rows[begin : begin + _CHUNK]
            scores[begin : begin + _CHUNK] = self.vectors(some) @ probe
        return scores

    def vectors(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """The vectors of some rows, nearly as they were put."""
        return unpacked(self.content.codes[rows], self.content.steps[rows])

    def rows_of(self, subject: NDArray[np.uint64]) -> NDArray[np.intp]:
        """The rows of a subject that are not gone."""
        high, low = self.content.subjects[:, 0], self.content.subjects[:, 1]
        begin, end = (int(np.searchsorted(high, subject[0], side)) for side in ("left", "right"))
        rows = np.arange(begin, end)
        found: NDArray[np.intp] = rows[(low[begin:end] == subject[1]) & ~self.gone[begin:end]]
        return found

    def rows_named(self, references: Packed) -> NDArray[np.intp]:
        """The rows of these references that are not gone; takes long only where there are some."""
        references = references[self._likely.holds(references)]
        if not len(references):
            return np.zeros(0, np.intp)
        among = np.isin(self.content.references[:, 0], references[:, 0]) & ~self.gone & (self.content.kinds != SUM)
        rows = np.flatnonzero(among)
        wanted = {(int(high), int(low)) for high, low in references}
        named = [(int(high), int(low)) in wanted for high, low in self.content.references[rows]]
        return rows[np.array(named, np.bool_)]

    def forget(self, rows: NDArray[np.intp]) -> None:
        """Leave rows out from now on, and overwrite what is known of them."""
        fresh = rows[~self.gone[rows]]
        self.gone[fresh] = True
        self._left -= int((self.content.kinds[fresh] != SUM).sum())
        self.content.codes[fresh] = 0
        self.content.steps[fresh] = 0
        if self._scan is not None:
            _blank(self._scan, fresh)

    def _coded(self) -> tuple[Any, float]:
        dimension, count = FOUR * self.content.codes.shape[1] // 3, len(self.content)
        if count < _FEWEST:
            return None, 0.0
        scan = faiss.IndexPQFastScan(dimension, dimension // FOUR, 4, faiss.METRIC_INNER_PRODUCT)
        drawn = np.random.default_rng(count).permutation(count)[:TRAINED_ON]
        sample = self.vectors(np.sort(drawn))
        scan.train(sample)
        for begin in range(0, count, _CHUNK):
            scan.add(self.vectors(np.arange(begin, min(begin + _CHUNK, count))))
        return scan, _deviation(scan, sample)


class _Likely:
    """Which identifiers there may be (Bloom, 1970): of those that are not, one in 400 is taken for one that is."""

    def __init__(self, names: Packed) -> None:
        self._bits = max(64, 1 << int(np.ceil(np.log2(max(1, 12 * len(names))))))
        self._held = np.zeros(self._bits // 8, np.uint8)
        for places in self._places(names):
            np.bitwise_or.at(self._held, places >> _BYTE, np.uint8(1) << (places & _WITHIN).astype(np.uint8))

    def holds(self, names: Packed) -> NDArray[np.bool_]:
        """Of each whether it may be there."""
        found = np.ones(len(names), np.bool_)
        for places in self._places(names):
            bits = self._held[places >> _BYTE] >> (places & _WITHIN).astype(np.uint8) & 1
            found &= bits.astype(np.bool_)
        return found

    def _places(self, names: Packed) -> list[NDArray[np.uint64]]:
        # They are random already: four parts of 32 bits are as good as four digests.
        halves = [names[:, half] >> np.uint64(shift) for half in range(2) for shift in (0, 32)]
        return [(part & np.uint64(0xFFFFFFFF)) % np.uint64(self._bits) for part in halves]


def _deviation(scan: Any, sample: NDArray[np.float32]) -> float:
    """By how much the scan's scores are off: the standard deviation."""
    probes, others = sample[:64], sample[64:1088]
    coded = scan.pq.decode(scan.pq.compute_codes(others))
    return float(((coded - others) @ probes.T).std())


def _blank(scan: Any, rows: NDArray[np.intp]) -> None:
    """Overwrite the codes of some rows where they lie."""
    packer = scan.get_CodePacker()
    codes = faiss.rev_swig_ptr(scan.codes.get(), scan.codes.size()).reshape(-1, packer.block_size)
    nothing = np.zeros(packer.code_size, np.uint8)
    for row in rows.tolist():
        block, place = divmod(row, packer.nvec)
        packer.pack_1(nothing, place, codes[block : block + 1])
