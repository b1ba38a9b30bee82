"""The search port."""

from dataclasses import dataclass
from typing import Protocol

from visavis.model.template import Template


@dataclass(frozen=True, slots=True)
class Candidate:
    """A subject near a probe. ``score`` is the cosine of its nearest reference, -1 to 1."""

    subject_id: str
    score: float
    reference_id: str


class GalleryIndex(Protocol):
    """References of one gallery, held in memory for search.

    Every method may be called from several threads at once. A subject's score is that of their nearest reference.
    What ``put`` or ``remove_subject`` did is seen by every search that begins after it returned.
    """

    def put(self, *, reference_id: str, subject_id: str, template: Template) -> None:
        """Hold one reference; the same identifier again replaces it.

        :raises ValueError: the template is of another model or size than the index.
        """

    def remove_subject(self, subject_id: str) -> None:
        """Forget every reference of a subject and overwrite their memory. Nothing happens if there is none."""

    def reaching(self, probe: Template, *, threshold: float) -> list[Candidate]:
        """Every subject whose score is at least ``threshold``, best first; ties in the order of their identifiers."""

    def nearest_of(self, subject_id: str, *, probe: Template) -> Candidate | None:
        """One subject and how near they are, or None if the index holds nothing of them."""

    def count(self) -> int:
        """How many references are held."""
