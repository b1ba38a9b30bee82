"""Exact search with NumPy: the reference every other engine is compared with."""

import threading

import numpy as np
from numpy.typing import NDArray

from visavis.match.index import Candidate, GalleryIndex
from visavis.model.template import Template


class ExactIndex(GalleryIndex):
    """One float32 row a reference, compared one by one.

    Rows are changed under a lock and searched under the same lock: at the sizes exact search is for, a scan is far
    shorter than handing out a copy would be.
    """

    def __init__(self, *, model_id: str, dimension: int) -> None:
        self._model_id = model_id
        self._rows: NDArray[np.float32] = np.zeros((0, dimension), dtype=np.float32)
        self._references: list[str] = []
        self._places: dict[str, int] = {}
        self._subjects: list[str] = []
        self._lock = threading.Lock()

    def put(self, *, reference_id: str, subject_id: str, template: Template) -> None:
        """See the port."""
        self._require_own(template)
        with self._lock:
            at = self._places.setdefault(reference_id, len(self._references))
            if at == len(self._references):
                self._references.append(reference_id)
                self._subjects.append(subject_id)
            if at == len(self._rows):
                self._grow()
            self._rows[at] = template.vector
            self._subjects[at] = subject_id

    def remove_subject(self, subject_id: str) -> None:
        """See the port."""
        with self._lock:
            for at in reversed([i for i, held in enumerate(self._subjects) if held == subject_id]):
                del self._places[self._references[at]]
                last = len(self._references) - 1
                if at != last:
                    self._rows[at] = self._rows[last]
                    self._references[at], self._subjects[at] = self._references[last], self._subjects[last]
                    self._places[self._references[at]] = at
                self._rows[last] = 0
                self._references.pop()
                self._subjects.pop()

    def reaching(self, probe: Template, *, threshold: float) -> list[Candidate]:
        """See the port."""
        self._require_own(probe)
        best: dict[str, Candidate] = {}
        with self._lock:
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
            held = [i for i, subject in enumerate(self._subjects) if subject == subject_id]
            if not held:
                return None
            scores = self._rows[held] @ probe.vector
            nearest = int(scores.argmax())
            return Candidate(subject_id, float(scores[nearest]), self._references[held[nearest]])

    def count(self) -> int:
        """See the port."""
        with self._lock:
            return len(self._references)

    def _grow(self) -> None:
        larger = np.zeros((max(64, 2 * len(self._rows)), self._rows.shape[1]), dtype=np.float32)
        larger[: len(self._rows)] = self._rows
        self._rows[:] = 0  # the old block goes back to the allocator without anybody's template in it
        self._rows = larger

    def _require_own(self, template: Template) -> None:
        if template.model_id != self._model_id or template.vector.shape != (self._rows.shape[1],):
            raise ValueError("a template of another model does not compare with this gallery")
