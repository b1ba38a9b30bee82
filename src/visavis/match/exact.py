"""Exact search with NumPy: the reference every other engine is compared with."""

import threading
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.match.index import Candidate, GalleryIndex
from visavis.match.together import SEVERAL, direction
from visavis.model.consent import MAX_REFERENCES
from visavis.model.template import Template

_FEWEST: Final = 64
"""Rows that an index has room for from its first reference on."""


class ExactIndex(GalleryIndex):
    """One float32 row a reference, compared one by one.

    Rows are changed under a lock, and searched without it: a scan of a million takes a tenth of a second, for which
    whoever withdraws would wait. So a row never moves: who stays is where the scan looks. A row that somebody left is
    zeros and nobody's until somebody else gets it, and what a scan found in a row that was changed since it began does
    not count. Where somebody's rows are is remembered, so that forgetting one person takes as long among a million as
    among ten.

    Who has several references has one row more, with the direction of their sum, and is found by that one. While it has
    just changed under a scan they are found by their references as they were.
    """

    error = 0.0

    def __init__(self, *, model_id: str, dimension: int) -> None:
        self._model_id = model_id
        self._rows: NDArray[np.float32] = np.zeros((0, dimension), dtype=np.float32)
        self._changed: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        """The number of the change that each row had last."""
        self._owners: list[tuple[str | None, str] | None] = []
        """The reference in each row and whose it is; of a sum there is no reference."""
        self._free: list[int] = []
        self._places: dict[str, int] = {}
        self._held: dict[str, tuple[int, ...]] = {}
        """The rows of a subject's references, in no order."""
        self._sums: dict[str, int] = {}
        """The row with the sum of a subject's references, if they have several."""
        self._changes = 0
        self._lock = threading.Lock()

    def put(self, *, reference_id: str, subject_id: str, template: Template) -> None:
        """See the port."""
        self._require_own(template)
        with self._lock:
            self._make_room(1)
            before = self._subject_of(reference_id)
            self._write([self._place(reference_id, subject_id)], template.vector)
            self._add_up({before, subject_id})

    def put_many(
        self, *, reference_ids: Sequence[str], subject_ids: Sequence[str], vectors: NDArray[np.float32], model_id: str
    ) -> None:
        """See the port."""
        expected = (len(reference_ids), self._rows.shape[1])
        if model_id != self._model_id or vectors.shape != expected or len(subject_ids) != len(reference_ids):
            raise ValueError("templates of another model, or not one for each reference and subject")
        with self._lock:
            self._make_room(len(reference_ids))
            before = {self._subject_of(reference_id) for reference_id in reference_ids}
            self._write([self._place(*pair) for pair in zip(reference_ids, subject_ids, strict=True)], vectors)
            self._add_up(before | set(subject_ids))

    def remove_subject(self, subject_id: str) -> None:
        """See the port."""
        with self._lock:
            rows = list(self._held.pop(subject_id, ()))
            rows += [self._sums.pop(subject_id)] if subject_id in self._sums else []
            self._write(rows, 0)
            for at in rows:
                owner = self._owners[at]
                if owner is not None and owner[0] is not None:
                    del self._places[owner[0]]
                self._owners[at] = None
            self._free += rows

    def reaching(self, probe: Template, *, threshold: float, fewest: int = 0, by_each: bool = False) -> list[Candidate]:
        """See the port."""
        self._require_own(probe)
        with self._lock:
            block, used, begun = self._rows, len(self._owners), self._changes
        scores = block[:used] @ probe.vector
        with self._lock:
            if block is not self._rows:
                # It has grown, and the block that was searched is overwritten.
                scores, begun = self._rows[: len(self._owners)] @ probe.vector, self._changes
            found = self._best(scores, np.float32(threshold), begun, by_each=by_each)
            fewest = min(fewest, len(self._held))
            rows = fewest * MAX_REFERENCES
            while len(found) < fewest:
                # The best so many rows have subjects enough, unless some were changed since the scan began.
                level = -np.inf if rows >= len(scores) else np.partition(scores, -rows)[-rows]
                found = self._best(scores, np.float32(level), begun, by_each=by_each)[:fewest]
                if rows >= len(scores):
                    break
                rows *= 8
            return found

    def nearest_of(self, subject_id: str, *, probe: Template) -> Candidate | None:
        """See the port."""
        self._require_own(probe)
        with self._lock:
            held = self._held.get(subject_id, ())
            if not held:
                return None
            at = self._sums.get(subject_id, held[0])
            return Candidate(subject_id, float(self._rows[at] @ probe.vector), self._references(held))

    def count(self) -> int:
        """See the port."""
        with self._lock:
            return len(self._places)

    def some(self, *, people: int, seed: int) -> tuple[list[str], list[NDArray[np.float32]]]:
        """See the port."""
        with self._lock:
            everybody = list(self._held)
        drawn = [everybody[at] for at in np.random.default_rng(seed).permutation(len(everybody))[:people]]
        with self._lock:  # who went meanwhile is left out
            subjects = [subject for subject in drawn if subject in self._held]
            return subjects, [self._rows[list(self._held[subject])] for subject in subjects]

    def held(self) -> tuple[list[str], list[str], NDArray[np.float32]]:
        """All references, whose they are, and copies of their vectors, shape (n, d)."""
        with self._lock:
            places = list(self._places.items())
            owners = [self._owners[at] for _, at in places]
            subjects = [owner[1] for owner in owners if owner is not None]
            return [reference for reference, _ in places], subjects, self._rows[[at for _, at in places]]

    def subjects(self) -> list[str]:
        """Everybody of whom something is held."""
        with self._lock:
            return list(self._held)

    def subject_of(self, reference_id: str) -> str | None:
        """Whose a reference is; None where it is not held."""
        with self._lock:
            return self._subject_of(reference_id)

    def references_of(self, subject_id: str) -> tuple[str, ...]:
        """A subject's references, in the order of ``vectors_of``."""
        with self._lock:
            return self._references(self._held.get(subject_id, ()))

    def vectors_of(self, subject_id: str) -> NDArray[np.float32]:
        """Copies of a subject's references, shape (n, d)."""
        with self._lock:
            return self._rows[list(self._held.get(subject_id, ()))]

    def _best(
        self, scores: NDArray[np.float32], threshold: np.float32, begun: int, *, by_each: bool
    ) -> list[Candidate]:
        """Everybody who reaches the threshold in a row that is as it was after the change ``begun``, best first."""
        best: dict[str, Candidate] = {}
        for at in np.flatnonzero(scores >= threshold):
            owner = self._owners[at]
            if owner is None or self._changed[at] > begun:
                continue
            reference, subject = owner
            together = self._sums.get(subject, at)
            if at != together and self._changed[together] <= begun and not by_each:
                continue  # the sum speaks for them
            rests_on = (reference,) if reference is not None else self._references(self._held[subject])
            found = Candidate(subject, float(scores[at]), rests_on)
            if subject not in best or found.score > best[subject].score:
                best[subject] = found
        return sorted(best.values(), key=lambda c: (-c.score, c.subject_id))

    def _references(self, rows: tuple[int, ...]) -> tuple[str, ...]:
        owners = (self._owners[at] for at in rows)
        return tuple(owner[0] for owner in owners if owner is not None and owner[0] is not None)

    def _subject_of(self, reference_id: str) -> str | None:
        at = self._places.get(reference_id)
        owner = None if at is None else self._owners[at]
        return None if owner is None else owner[1]

    def _add_up(self, subjects: set[str | None]) -> None:
        """Make the sums of these subjects those of the references that they have now."""
        for subject in subjects - {None}:
            held, at = self._held.get(str(subject), ()), self._sums.get(str(subject))
            if len(held) < SEVERAL:
                if at is not None:
                    self._write([at], 0)
                    self._owners[at] = None
                    self._free.append(self._sums.pop(str(subject)))
                continue
            if at is None:
                self._make_room(1)
                at = self._sums[str(subject)] = self._free_row()
                self._owners[at] = (None, str(subject))
            self._write([at], direction(self._rows[list(held)]))

    def _free_row(self) -> int:
        at = self._free.pop() if self._free else len(self._owners)
        if at == len(self._owners):
            self._owners.append(None)
        return at

    def _place(self, reference_id: str, subject_id: str) -> int:
        """The row of a reference, its own or a free one; from now on it is this subject's."""
        at = self._places.get(reference_id)
        if at is None:
            at = self._places[reference_id] = self._free_row()
        owner = self._owners[at]
        if owner is None or owner[1] != subject_id:
            if owner is not None:
                self._let_go(owner[1], at)
            self._owners[at] = (reference_id, subject_id)
            self._held[subject_id] = (*self._held.get(subject_id, ()), at)
        return at

    def _let_go(self, subject_id: str, at: int) -> None:
        left = tuple(row for row in self._held[subject_id] if row != at)
        if left:
            self._held[subject_id] = left
        else:
            del self._held[subject_id]

    def _write(self, rows: list[int], vectors: NDArray[np.float32] | int) -> None:
        self._changes += 1
        self._rows[rows] = vectors
        self._changed[rows] = self._changes

    def _make_room(self, adding: int) -> None:
        needed = len(self._owners) + max(0, adding - len(self._free))
        if needed <= len(self._rows):
            return
        size = max(_FEWEST, 2 * len(self._rows), needed)
        larger = np.zeros((size, self._rows.shape[1]), dtype=np.float32)
        larger[: len(self._rows)] = self._rows
        changed = np.zeros(size, dtype=np.int64)
        changed[: len(self._changed)] = self._changed
        self._rows[:] = 0  # the old block goes back to the allocator without anybody's template in it
        self._rows, self._changed = larger, changed

    def _require_own(self, template: Template) -> None:
        if template.model_id != self._model_id or template.vector.shape != (self._rows.shape[1],):
            raise ValueError("a template of another model does not compare with this gallery")
