"""A gallery's references in memory, as they are stored: transformed by one version of the gallery's key."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from visavis.match.index import Candidate, GalleryIndex
from visavis.model.template import Template
from visavis.protect.gallery_keys import PLAIN, GalleryKeys
from visavis.protect.opening import StoredMany
from visavis.protect.references import Stored


class KeyedIndex:
    """A search index of stored templates; probes are transformed on their way in.

    It stays with the version it was made for: while a gallery's key is exchanged, references of the next version are
    moved back, until an index of that version takes its place.
    """

    def __init__(self, index: GalleryIndex, keys: GalleryKeys, *, model_id: str) -> None:
        self._index = index
        self._keys = keys
        self._model_id = model_id
        self.version = keys.latest

    @property
    def error(self) -> float:
        """By how much a score may be off; see ``GalleryIndex.error``."""
        return self._index.error

    def put(self, *, reference_id: str, subject_id: str, stored: Stored, keys: GalleryKeys) -> None:
        """Hold one reference; the same identifier again replaces it.

        :param keys: as they are now; this index may be older than the version that the reference has.
        """
        vector = keys.moved(stored.vector, stored=stored.version, wanted=self.version)
        self._index.put(reference_id=reference_id, subject_id=subject_id, template=Template(vector, self._model_id))

    def put_many(
        self, *, reference_ids: Sequence[str], subject_ids: Sequence[str], stored: StoredMany, keys: GalleryKeys
    ) -> None:
        """Hold many, as if each were put: a search finds all of them or none.

        :param subject_ids: whose they are, in the order of ``reference_ids``, as ``stored`` is.
        """
        if not reference_ids:
            return
        vectors = stored.vectors
        for version in set(stored.versions.tolist()) - {self.version}:
            at = stored.versions == version
            vectors[at] = keys.moved(vectors[at], stored=version, wanted=self.version)
        self._index.put_many(
            reference_ids=reference_ids, subject_ids=subject_ids, vectors=vectors, model_id=self._model_id
        )

    def remove_subject(self, subject_id: str) -> None:
        """Forget every reference of a subject and overwrite their memory."""
        self._index.remove_subject(subject_id)

    def reaching(self, probe: Template, *, threshold: float, fewest: int = 0, by_each: bool = False) -> list[Candidate]:
        """Every subject whose score is at least ``threshold``, best first.

        :param probe: as the model made it.
        :param fewest: so many are told in any case, if there are as many.
        :param by_each: whether they are found by any one of their references as well.
        """
        return self._index.reaching(self._transformed(probe), threshold=threshold, fewest=fewest, by_each=by_each)

    def nearest_of(self, subject_id: str, *, probe: Template) -> Candidate | None:
        """One subject and how near they are, or None if the index holds nothing of them."""
        return self._index.nearest_of(subject_id, probe=self._transformed(probe))

    def count(self) -> int:
        """How many references are held."""
        return self._index.count()

    def some(self, *, people: int, seed: int) -> tuple[list[str], list[NDArray[np.float32]]]:
        """Up to so many subjects, drawn at random, and copies of the references of each as they are stored.

        They compare with each other, and with nothing outside the gallery.
        """
        return self._index.some(people=people, seed=seed)

    def _transformed(self, probe: Template) -> Template:
        return Template(self._keys.moved(probe.vector, stored=PLAIN, wanted=self.version), probe.model_id)
