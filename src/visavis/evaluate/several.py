"""Members who are looked for with a photo: each of their mated scores, against one reference or several together.

Several are compared as the search does it (``visavis.match.index``): by the direction of their sum.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from visavis.evaluate.comparisons import Comparisons

ROUNDS: Final = 20
"""How often references are drawn for each person."""
_NOTHING: Final = 1e-6
"""Sums of unit vectors whose square is shorter have no direction."""


@dataclass(frozen=True, slots=True)
class Mated:
    """Mated scores, cosines, with the person of each (0 to people - 1, each at least once)."""

    photos: int
    """References each person had."""
    scores: NDArray[np.float32]
    person: NDArray[np.int64]

    @property
    def people(self) -> int:
        """How many were looked for."""
        return int(self.person.max()) + 1 if len(self.person) else 0

    @classmethod
    def one_photo(cls, found: Comparisons) -> Self:
        """Every mated pair: either photo could be the reference."""
        return cls(1, found.mated, np.unique(found.owner, return_inverse=True)[1].astype(np.int64))

    @classmethod
    def of(cls, vectors: NDArray[np.float32], people: NDArray[np.int32], *, photos: int, seed: int) -> Self:
        """Draw ``photos`` references of everybody who has more, again and again, and compare the others with them.

        ``vectors`` are unit templates, shape (photos, dimension), ``people`` the person of each.
        """
        random = np.random.default_rng([seed, photos])
        order = np.argsort(people, kind="stable")
        scores, person, number = [], [], 0
        for rows in np.split(order, np.cumsum(np.bincount(people))[:-1]):
            if len(rows) <= photos:
                continue
            own = vectors[rows] @ vectors[rows].T
            for _ in range(ROUNDS):
                mixed = random.permutation(len(rows))
                references, probes = mixed[:photos], mixed[photos:]
                length = np.sqrt(max(_NOTHING, own[np.ix_(references, references)].sum()))
                scores.append(own[np.ix_(probes, references)].sum(axis=1) / np.float32(length))
                person.append(np.full(len(probes), number))
            number += 1
        if not scores:
            return cls(photos, np.empty(0, np.float32), np.empty(0, np.int64))
        return cls(photos, np.concatenate(scores), np.concatenate(person).astype(np.int64))

    def missed_by_person(self, thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
        """The share of each person's scores below each threshold, shape (people, thresholds)."""
        own = np.bincount(self.person, minlength=self.people)
        missed = [np.bincount(self.person, self.scores < np.float32(t), minlength=self.people) for t in thresholds]
        return np.asarray(np.stack(missed, axis=1) / own[:, None])


def together(vectors: NDArray[np.float32], owners: NDArray[np.int64], *, count: int) -> NDArray[np.float32]:
    """One unit vector for each of ``count`` owners, numbered from 0: the direction of the sum of theirs."""
    sums = np.zeros((count, vectors.shape[1]))
    np.add.at(sums, owners, vectors)
    length = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.asarray(sums / np.maximum(length, np.sqrt(_NOTHING)), np.float32)
