"""The search port."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from visavis.model.template import Template


@dataclass(frozen=True, slots=True)
class Candidate:
    """A subject near a probe. ``score`` is a cosine, -1 to 1; ``reference_ids`` are the references it rests on."""

    subject_id: str
    score: float
    reference_ids: tuple[str, ...]


class GalleryIndex(Protocol):
    """References of one gallery, held in memory for search.

    Every method may be called from several threads at once. A subject has one score: the cosine of the probe with the
    direction of the sum of their references. It is the mean of what their photos show: fewer are missed than by the
    nearest of them, and fewer strangers reach it (``docs/adr/0023-templates.md``). References that cancel each other
    out score 0.
    What ``put``, ``put_many`` or ``remove_subject`` did is seen by every search that begins after it returned.
    """

    error: float
    """By how much a score may be off: 0 of engines that compare references as they are. Whoever decides by a score
    looks so far below the bar, and compares what the database has."""

    def put(self, *, reference_id: str, subject_id: str, template: Template) -> None:
        """Hold one reference; the same identifier again replaces it.

        :raises ValueError: the template is of another model or size than the index.
        """

    def put_many(
        self, *, reference_ids: Sequence[str], subject_ids: Sequence[str], vectors: NDArray[np.float32], model_id: str
    ) -> None:
        """Hold many references at once, as if each were put in this order; a search finds all of them or none.

        :param subject_ids: whose they are, in the order of ``reference_ids``.
        :param vectors: float32, shape (n, d), in the same order.
        :raises ValueError: they are of another model, size or number than the index or each other; none was put.
        """

    def remove_subject(self, subject_id: str) -> None:
        """Forget every reference of a subject and overwrite their memory. Nothing happens if there is none."""

    def reaching(self, probe: Template, *, threshold: float, fewest: int = 0, by_each: bool = False) -> list[Candidate]:
        """Every subject whose score is at least ``threshold``, best first; ties in the order of their identifiers.

        :param fewest: so many subjects are told in any case, if there are as many: the best, whatever their score.
        :param by_each: whether a subject is found by any one of their references as well, where it is nearer.
        """

    def nearest_of(self, subject_id: str, *, probe: Template) -> Candidate | None:
        """One subject and how near they are, or None if the index holds nothing of them."""

    def count(self) -> int:
        """How many references are held."""

    def some(self, *, people: int, seed: int) -> tuple[list[str], list[NDArray[np.float32]]]:
        """Up to so many subjects, drawn at random, and copies of the references of each, shape (n, d)."""
