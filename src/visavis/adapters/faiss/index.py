"""A ``GalleryIndex`` for millions: segments that are scanned by codes, and what came since as it is."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from visavis.adapters.faiss.names import Names
from visavis.adapters.faiss.segment import LONE, PART, SUM, Content, Segment
from visavis.match.exact import ExactIndex
from visavis.match.index import Candidate, GalleryIndex
from visavis.match.together import direction
from visavis.model.template import Template

FLAT_BELOW: Final = 65_536
"""References up to which everything is compared as it is: 1.2 ms on one core."""
TAIL: Final = 32_768
"""References that came since, from which on they are made a segment of."""
_GROWTH: Final = 8
"""Segments are joined with those that are not so many times as large: each row is coded anew so often, about, while a
gallery grows from a hundred thousand to ten million."""
_MOST_GONE: Final = 0.2
"""Share of a segment that may be gone before it is made anew."""
_MOST: Final = 512
"""Rows of a segment that are compared in any case: in them the nearest person is found."""


@dataclass(slots=True)
class _Building:
    """Rows that are being made a segment of, and who was changed meanwhile."""

    frozen: ExactIndex | None
    old: list[Segment]
    changed: set[str] = field(default_factory=set)


class FaissIndex(GalleryIndex):
    """See the package's decision record, 0031.

    Whoever is put goes into the *tail*, an ``ExactIndex``. A tail that has grown is made a segment of by another
    thread, and while it is, it is searched as it stands. A subject is in one part only: whoever has references in a
    segment and gets another is taken out of it and put into the tail as a whole.

    A search compares in the segments first and in the tails last, each under the lock, so that somebody who moves from
    the one to the other is found in one of them, or in both and counts once. Where parts were exchanged meanwhile it
    begins anew.
    """

    error = 0.02
    """By how much a score of somebody in a segment may be off."""

    def __init__(self, *, model_id: str, dimension: int, flat_below: int = FLAT_BELOW, tail: int = TAIL) -> None:
        """Hold nothing yet.

        :param dimension: a multiple of four. :param flat_below: references up to which there are no segments.
        :param tail: references that came since, from which on they become one.
        """
        self._model_id = model_id
        self._dimension = dimension
        self._flat_below, self._most_in_tail = flat_below, tail
        self._references, self._subjects = Names("ref"), Names("sub")
        self._tail = self._new_tail()
        self._segments: list[Segment] = []
        self._building: _Building | None = None
        self._exchanges = 0
        self._lock = threading.RLock()
        self._settled = threading.Condition(self._lock)

    def put(self, *, reference_id: str, subject_id: str, template: Template) -> None:
        """See the port."""
        self.put_many(
            reference_ids=[reference_id],
            subject_ids=[subject_id],
            vectors=template.vector[None],
            model_id=template.model_id,
        )

    def put_many(
        self, *, reference_ids: Sequence[str], subject_ids: Sequence[str], vectors: NDArray[np.float32], model_id: str
    ) -> None:
        """See the port."""
        expected = (len(reference_ids), self._dimension)
        if model_id != self._model_id or vectors.shape != expected or len(subject_ids) != len(reference_ids):
            raise ValueError("templates of another model, or not one for each reference and subject")
        with self._lock:
            self._bring_back(reference_ids, subject_ids)
            self._tail.put_many(
                reference_ids=reference_ids, subject_ids=subject_ids, vectors=vectors, model_id=model_id
            )
            self._begin_building()

    def remove_subject(self, subject_id: str) -> None:
        """See the port."""
        with self._lock:
            self._take_out(subject_id)
            self._begin_building()

    def reaching(self, probe: Template, *, threshold: float, fewest: int = 0, by_each: bool = False) -> list[Candidate]:
        """See the port."""
        self._require_own(probe)
        while True:
            with self._lock:
                begun, segments = self._exchanges, list(self._segments)
            best: dict[str, Candidate] = {}
            for segment in segments:
                rows = segment.near(probe.vector, least=threshold, most=max(_MOST, 8 * fewest))
                scores = segment.compared(rows, probe.vector)
                with self._lock:
                    self._gather(best, segment, rows, scores, threshold=threshold, fewest=fewest, by_each=by_each)
            with self._lock:
                tails = self._tails()
            for tail in tails:
                # What a tail says is newer than what a segment said.
                found = tail.reaching(probe, threshold=threshold, fewest=fewest, by_each=by_each)
                best |= {candidate.subject_id: candidate for candidate in found}
            with self._lock:
                if begun != self._exchanges:
                    continue
            ranked = sorted(best.values(), key=lambda c: (-c.score, c.subject_id))
            reach = int(sum(candidate.score >= np.float32(threshold) for candidate in ranked))
            return ranked[: max(reach, fewest)]

    def nearest_of(self, subject_id: str, *, probe: Template) -> Candidate | None:
        """See the port."""
        self._require_own(probe)
        with self._lock:
            for tail in self._tails():
                if (found := tail.nearest_of(subject_id, probe=probe)) is not None:
                    return found
            packed = self._subjects.pack([subject_id])[0]
            for segment in self._segments:
                rows = segment.rows_of(packed)
                if len(rows):
                    speaks = rows[segment.content.kinds[rows] != PART]
                    (score,) = segment.compared(speaks, probe.vector).tolist()
                    return Candidate(subject_id, score, self._named(segment, rows))
        return None

    def count(self) -> int:
        """See the port."""
        with self._lock:
            return sum(tail.count() for tail in self._tails()) + sum(segment.references for segment in self._segments)

    def some(self, *, people: int, seed: int) -> tuple[list[str], list[NDArray[np.float32]]]:
        """See the port."""
        drawn = np.random.default_rng(seed)
        with self._lock:
            speaking = [np.flatnonzero((one.content.kinds != PART) & ~one.gone) for one in self._segments]
            everybody = [(tail, subject) for tail in self._tails() for subject in tail.subjects()]
            sizes = [len(everybody), *map(len, speaking)]
            picked = drawn.permutation(sum(sizes))[:people]
            subjects, vectors = [], []
            bounds = np.cumsum(sizes)
            for number in picked.tolist():
                part = int(np.searchsorted(bounds, number, "right"))
                place = number - int(bounds[part - 1]) if part else number
                if part == 0:
                    tail, subject = everybody[place]
                    found = tail.vectors_of(subject)
                else:
                    segment = self._segments[part - 1]
                    row = int(speaking[part - 1][place])
                    rows = segment.rows_of(segment.content.subjects[row])
                    (subject,) = self._subjects.unpack(segment.content.subjects[row : row + 1])
                    found = segment.vectors(rows[segment.content.kinds[rows] != SUM])
                subjects.append(subject)
                vectors.append(found)
        return subjects, vectors

    def settle(self) -> None:
        """Wait until nothing is being built, for whoever measures."""
        with self._settled:
            self._settled.wait_for(lambda: self._building is None)

    def _gather(
        self,
        best: dict[str, Candidate],
        segment: Segment,
        rows: NDArray[np.intp],
        scores: NDArray[np.float32],
        *,
        threshold: float,
        fewest: int,
        by_each: bool,
    ) -> None:
        """Put whom a segment found among the best; who is gone by now is not."""
        kinds = segment.content.kinds
        counts = ~segment.gone[rows]
        if not by_each:
            counts &= kinds[rows] != PART
        if not fewest:
            counts &= scores >= np.float32(threshold)
        places = np.flatnonzero(counts)
        own: set[str] = set()
        for place in places[np.argsort(-scores[places], kind="stable")].tolist():
            row, score = int(rows[place]), float(scores[place])
            if score < np.float32(threshold) and len(own) >= fewest:
                break
            (subject,) = self._subjects.unpack(segment.content.subjects[row : row + 1])
            own.add(subject)
            if subject in best and best[subject].score >= score:
                continue
            rests_on = segment.rows_of(segment.content.subjects[row]) if kinds[row] == SUM else np.array([row])
            best[subject] = Candidate(subject, score, self._named(segment, rests_on))

    def _named(self, segment: Segment, rows: NDArray[np.intp]) -> tuple[str, ...]:
        held = rows[segment.content.kinds[rows] != SUM]
        return tuple(self._references.unpack(segment.content.references[held]))

    def _tails(self) -> list[ExactIndex]:
        frozen = None if self._building is None else self._building.frozen
        return [self._tail] if frozen is None else [self._tail, frozen]

    def _bring_back(self, reference_ids: Sequence[str], subject_ids: Sequence[str]) -> None:
        """Take into the tail, as a whole, whoever is to be changed and is elsewhere."""
        subjects = dict.fromkeys(subject_ids)
        frozen = None if self._building is None else self._building.frozen
        if frozen is not None:
            subjects |= dict.fromkeys(filter(None, map(frozen.subject_of, reference_ids)))
        if self._segments:
            named = self._references.pack(reference_ids)
            for segment in self._segments:
                rows = segment.rows_named(named)
                subjects |= dict.fromkeys(self._subjects.unpack(segment.content.subjects[rows]))
        for subject in subjects:
            for references, vectors in self._take_out(subject, of_tail=False):
                self._tail.put_many(
                    reference_ids=references,
                    subject_ids=[subject] * len(references),
                    vectors=vectors,
                    model_id=self._model_id,
                )

    def _take_out(self, subject_id: str, *, of_tail: bool = True) -> list[tuple[tuple[str, ...], NDArray[np.float32]]]:
        """Forget somebody; what was known of them in each part, without the tail."""
        taken = []
        if of_tail:
            self._tail.remove_subject(subject_id)
        if self._building is not None:
            self._building.changed.add(subject_id)
            frozen = self._building.frozen
            if frozen is not None:
                taken.append((frozen.references_of(subject_id), frozen.vectors_of(subject_id)))
                frozen.remove_subject(subject_id)
        packed = self._subjects.pack([subject_id])[0]
        for segment in self._segments:
            rows = segment.rows_of(packed)
            if len(rows):
                held = rows[segment.content.kinds[rows] != SUM]
                taken.append((self._named(segment, rows), segment.vectors(held)))
                segment.forget(rows)
        return [(references, vectors) for references, vectors in taken if references]

    def _begin_building(self) -> None:
        """Make a segment of the tail, or one without the rows that are gone, where it is time for that."""
        if self._building is not None:
            return
        tail = self._tail.count()
        is_large = tail >= self._most_in_tail and self.count() > self._flat_below
        worn = [one for one in self._segments if one.gone.mean() > _MOST_GONE]
        if not is_large and not worn:
            return
        old = worn
        if is_large:
            size = tail + sum(one.references for one in old)
            for one in sorted(self._segments, key=lambda one: one.references):
                if one not in old and one.references < _GROWTH * size:
                    old.append(one)
                    size += one.references
        self._building = _Building(self._tail if is_large else None, old)
        if is_large:
            self._tail = self._new_tail()
        threading.Thread(target=self._build, name="gallery segment", daemon=True).start()

    def _build(self) -> None:
        building = self._building
        if building is None:
            return
        try:
            segment = self._made(building)
        except Exception:
            self._give_up(building)
            raise
        with self._settled:
            if segment is not None:
                for subject in building.changed:
                    segment.forget(segment.rows_of(self._subjects.pack([subject])[0]))
            self._segments = [one for one in self._segments if one not in building.old]
            self._segments += [] if segment is None or not segment.references else [segment]
            self._building = None
            self._exchanges += 1
            self._settled.notify_all()
            self._begin_building()

    def _give_up(self, building: _Building) -> None:
        """Take what was to become a segment into the tail again; the next change tries anew."""
        with self._settled:
            if building.frozen is not None:
                references, subjects, vectors = building.frozen.held()
                self._tail.put_many(
                    reference_ids=references, subject_ids=subjects, vectors=vectors, model_id=self._model_id
                )
            self._building = None
            self._exchanges += 1
            self._settled.notify_all()

    def _made(self, building: _Building) -> Segment | None:
        parts = [one.content.at(np.flatnonzero(~one.gone)) for one in building.old]
        if building.frozen is not None:
            parts.append(self._content(building.frozen))
        return Segment(Content.joined(parts)) if sum(map(len, parts)) else None

    def _content(self, tail: ExactIndex) -> Content:
        references, subjects, vectors = tail.held()
        names, owners = self._references.pack(references), self._subjects.pack(subjects)
        places: dict[str, list[int]] = {}
        for place, subject in enumerate(subjects):
            places.setdefault(subject, []).append(place)
        several = [found for found in places.values() if len(found) > 1]
        kinds = np.full(len(references), LONE, np.uint8)
        kinds[[place for found in several for place in found]] = PART
        plain = Content.of(names, owners, kinds, vectors)
        if not several:
            return plain
        sums = np.stack([direction(vectors[found]) for found in several])
        first = owners[[found[0] for found in several]]
        return Content.joined(
            [
                plain,
                Content.of(np.zeros_like(first), first, np.full(len(several), SUM, np.uint8), sums),
            ]
        )

    def _new_tail(self) -> ExactIndex:
        return ExactIndex(model_id=self._model_id, dimension=self._dimension)

    def _require_own(self, template: Template) -> None:
        if template.model_id != self._model_id or template.vector.shape != (self._dimension,):
            raise ValueError("a template of another model does not compare with this gallery")
