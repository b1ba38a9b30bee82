"""Exact search with NumPy: the reference every other engine is compared with."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from visavis.match.index import Candidate, GalleryIndex
from visavis.model.template import Template

_FEWEST = 64
"""Rows that an index has room for from its first reference on."""


class ExactIndex(GalleryIndex):
    """One float32 row a reference, compared one by one.

    Rows are changed under a lock. They are searched without it, since a scan of a million takes a tenth of a second,
    for which whoever withdraws would wait; if something was changed meanwhile, the scan is done again under the lock.
    Where somebody's rows are is remembered, so that forgetting one person takes as long among a million as among ten.
    """

    def __init__(self, *, model_id: str, dimension: int) -> None:
        self._model_id = model_id
        self._rows: NDArray[np.float32] = np.zeros((0, dimension), dtype=np.float32)
        self._references: list[str] = []
        self._subjects: list[str] = []
        self._places: dict[str, int] = {}
        self._held: dict[str, tuple[int, ...]] = {}
        """A subject's rows, in no order."""
        self._changes = 0
        self._lock = threading.Lock()

    def put(self, *, reference_id: str, subject_id: str, template: Template) -> None:
        """See the port."""
        self._require_own(template)
        with self._changing():
            self._make_room(1)
            self._rows[self._place(reference_id, subject_id)] = template.vector

    def put_many(
        self, *, reference_ids: Sequence[str], subject_ids: Sequence[str], vectors: NDArray[np.float32], model_id: str
    ) -> None:
        """See the port."""
        expected = (len(reference_ids), self._rows.shape[1])
        if model_id != self._model_id or vectors.shape != expected or len(subject_ids) != len(reference_ids):
            raise ValueError("templates of another model, or not one for each reference and subject")
        with self._changing():
            self._make_room(len(reference_ids))
            at = [self._place(*pair) for pair in zip(reference_ids, subject_ids, strict=True)]
            self._rows[at] = vectors

    def remove_subject(self, subject_id: str) -> None:
        """See the port."""
        with self._changing():
            # From the last on: the row that fills a gap is then never one of those that are still to go.
            for at in sorted(self._held.pop(subject_id, ()), reverse=True):
                del self._places[self._references[at]]
                last = len(self._references) - 1
                if at != last:
                    self._move(last, at)
                self._rows[last] = 0
                self._references.pop()
                self._subjects.pop()

    def reaching(self, probe: Template, *, threshold: float) -> list[Candidate]:
        """See the port."""
        self._require_own(probe)
        best: dict[str, Candidate] = {}
        with self._lock:
            rows, changes = self._rows[: len(self._references)], self._changes
        scores = rows @ probe.vector
        with self._lock:
            if changes != self._changes:
                scores = self._rows[: len(self._references)] @ probe.vector
            for at in np.flatnonzero(scores >= np.float32(threshold)):
                found = Candidate(self._subjects[at], float(scores[at]), self._references[at])
                if found.subject_id not in best or found.score > best[found.subject_id].score:
                    best[found.subject_id] = found
        return sorted(best.values(), key=lambda c: (-c.score, c.subject_id))

    def nearest_of(self, subject_id: str, *, probe: Template) -> Candidate | None:
        """See the port."""
        self._require_own(probe)
        with self._lock:
            held = list(self._held.get(subject_id, ()))
            if not held:
                return None
            scores = self._rows[held] @ probe.vector
            nearest = int(scores.argmax())
            return Candidate(subject_id, float(scores[nearest]), self._references[held[nearest]])

    def count(self) -> int:
        """See the port."""
        with self._lock:
            return len(self._references)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self._lock:
            self._changes += 1
            yield

    def _place(self, reference_id: str, subject_id: str) -> int:
        """The row of a reference, its own or the next free one; from now on it is this subject's."""
        at = self._places.setdefault(reference_id, len(self._references))
        if at == len(self._references):
            self._references.append(reference_id)
            self._subjects.append(subject_id)
        elif self._subjects[at] == subject_id:
            return at
        else:
            self._let_go(self._subjects[at], at)
            self._subjects[at] = subject_id
        self._held[subject_id] = (*self._held.get(subject_id, ()), at)
        return at

    def _let_go(self, subject_id: str, at: int) -> None:
        left = tuple(row for row in self._held[subject_id] if row != at)
        if left:
            self._held[subject_id] = left
        else:
            del self._held[subject_id]

    def _move(self, old: int, new: int) -> None:
        self._rows[new] = self._rows[old]
        reference, subject = self._references[old], self._subjects[old]
        self._references[new], self._subjects[new] = reference, subject
        self._places[reference] = new
        self._held[subject] = tuple(new if row == old else row for row in self._held[subject])

    def _make_room(self, adding: int) -> None:
        needed = len(self._references) + adding
        if needed <= len(self._rows):
            return
        larger = np.zeros((max(_FEWEST, 2 * len(self._rows), needed), self._rows.shape[1]), dtype=np.float32)
        larger[: len(self._rows)] = self._rows
        self._rows[:] = 0  # the old block goes back to the allocator without anybody's template in it
        self._rows = larger

    def _require_own(self, template: Template) -> None:
        if template.model_id != self._model_id or template.vector.shape != (self._rows.shape[1],):
            raise ValueError("a template of another model does not compare with this gallery")
