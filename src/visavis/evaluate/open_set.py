"""1:N against people who are not in the gallery: FPIR and FNIR at rank 1 (ISO/IEC 19795-1).

A gallery is drawn from the people of a set, some photos of each are enrolled, the others are mated probes. Probes of
everybody else are non-mated: none of these people is in the gallery in any photo. Every person weighs the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from visavis.evaluate.doubt import DRAWS, SURE, Figure
from visavis.evaluate.several import together

SPLITS: Final = 20


class GalleryTooLarge(ValueError):
    """Too few people are left outside, or none can be looked for."""


@dataclass(frozen=True, slots=True)
class Split:
    """One gallery and what was asked of it.

    ``strangers`` and ``members`` are the best scores of probes with the person's number. A member's score is that of
    the right person, and counts only where nobody else in the gallery scored higher: rank 1. The weights of either sum
    to 1.
    """

    strangers: NDArray[np.float32]
    stranger: NDArray[np.int64]
    members: NDArray[np.float32]
    member: NDArray[np.int64]
    is_first: NDArray[np.bool_]
    of_stranger: NDArray[np.float64]
    of_member: NDArray[np.float64]

    def fpir_at(self, threshold: float) -> float:
        """How often a stranger is taken for anybody."""
        return float(self.of_stranger @ (self.strangers >= threshold))

    def fnir_at(self, threshold: float) -> float:
        """How often a member is not found, or somebody else is found first."""
        return float(self.of_member @ ~((self.members >= threshold) & self.is_first))

    def threshold_at(self, fpir: float) -> float:
        """The lowest score that at most the share ``fpir`` of strangers exceed, each person weighing the same."""
        falling = np.argsort(-self.strangers, kind="stable")
        reached = int(np.searchsorted(np.cumsum(self.of_stranger[falling]), fpir * (1 + 1e-12), side="right"))
        return float(np.nextafter(self.strangers[falling][min(reached, len(falling) - 1)], np.float32(2)))

    def drawn_anew(self, random: np.random.Generator) -> Self:
        """The same gallery, asked about by strangers and members drawn from its own again and again."""
        return replace(
            self,
            of_stranger=_drawn_anew(self.of_stranger, self.stranger, random),
            of_member=_drawn_anew(self.of_member, self.member, random),
        )


@dataclass(frozen=True, slots=True)
class Size:
    """One row: how many were enrolled, with how many photos, and what was missed at each target."""

    enrolled: int
    photos_each: int
    splits: int
    strangers: int
    """People outside the gallery."""
    members: int
    """People of the gallery with a photo left to look for them."""
    fnir: dict[float, Figure]
    """By FPIR, at the threshold that this split's own strangers give.

    The interval is over galleries and, in each, over people drawn anew among those who were looked for.
    """


def split(
    vectors: NDArray[np.float32],
    people: NDArray[np.int32],
    *,
    enrolled: Sequence[int],
    strangers: Sequence[int],
    photos_each: int,
    random: np.random.Generator,
) -> Split:
    """Enrol ``photos_each`` photos of each of ``enrolled`` (all but one of theirs at most, one at least), look for all.

    Photos of one person are compared together (``several``).
    ``vectors`` are unit templates, shape (photos, dimension), ``people`` the person of each. ``enrolled`` and
    ``strangers`` are person numbers and share nobody.
    """
    rows = _rows_of(people)
    kept, owner, asked, whose = [], [], [], []
    for number, person in enumerate(enrolled):
        mixed = random.permutation(rows[person])
        taken = min(photos_each, max(1, len(mixed) - 1))
        kept += mixed[:taken].tolist()
        owner += [number] * taken
        asked += mixed[taken:].tolist()
        whose += [person] * (len(mixed) - taken)
    outside = np.concatenate([rows[person] for person in strangers])
    gallery = together(vectors[kept], np.array(owner, np.int64), count=len(enrolled))
    of_members = vectors[asked] @ gallery.T
    own = np.array(whose)[:, None] == np.array(enrolled)[None, :]
    right = np.where(own, of_members, np.float32(-2)).max(axis=1, initial=-2)
    wrong = np.where(own, np.float32(-2), of_members).max(axis=1, initial=-2)
    stranger, member = people[outside].astype(np.int64), np.array(whose, np.int64)
    return Split(
        strangers=(vectors[outside] @ gallery.T).max(axis=1),
        stranger=stranger,
        members=right,
        member=member,
        is_first=right >= wrong,
        of_stranger=_weights(stranger),
        of_member=_weights(member),
    )


def measure_size(
    vectors: NDArray[np.float32],
    people: NDArray[np.int32],
    *,
    enrolled: int,
    photos_each: int,
    fpirs: Sequence[float],
    seed: int,
    splits: int = SPLITS,
) -> Size:
    """Draw galleries of one size, those with photos to spare first, and tell what was missed.

    :raises GalleryTooLarge: nobody would be outside, or nobody in it has a photo to spare.
    """
    photos = np.bincount(people)
    spare, others = np.flatnonzero(photos > photos_each), np.flatnonzero(photos <= photos_each)
    if enrolled >= len(photos) or not len(spare):
        raise GalleryTooLarge(
            f"Of {len(photos)} people {enrolled} cannot be enrolled with {photos_each} photos and probes be left."
        )
    random, anew = (np.random.default_rng([seed, enrolled, photos_each, *more]) for more in ((), (1,)))
    found = _Found(fpirs)
    for number in range(splits):
        inside = random.permutation(spare)[:enrolled]
        inside = np.concatenate([inside, random.permutation(others)[: enrolled - len(inside)]])
        outside = np.setdiff1d(np.arange(len(photos)), inside)
        one = split(
            vectors,
            people,
            enrolled=inside.tolist(),
            strangers=outside.tolist(),
            photos_each=photos_each,
            random=random,
        )
        found.add(one, draws=DRAWS * (number + 1) // splits - DRAWS * number // splits, random=anew)
    return Size(enrolled, photos_each, splits, len(photos) - enrolled, min(enrolled, len(spare)), found.figures())


class _Found:
    """FNIR at each FPIR, gallery by gallery."""

    def __init__(self, fpirs: Sequence[float]) -> None:
        self._values: dict[float, list[float]] = {fpir: [] for fpir in fpirs}
        self._drawn: dict[float, list[float]] = {fpir: [] for fpir in fpirs}
        self._errors = dict.fromkeys(fpirs, 0)

    def add(self, one: Split, *, draws: int, random: np.random.Generator) -> None:
        """One gallery, and its people drawn anew."""
        for fpir, values in self._values.items():
            threshold = one.threshold_at(fpir)
            values.append(one.fnir_at(threshold))
            self._errors[fpir] += int(np.count_nonzero(one.strangers >= threshold))
        for _ in range(draws):
            again = one.drawn_anew(random)
            for fpir, drawn in self._drawn.items():
                drawn.append(again.fnir_at(again.threshold_at(fpir)))

    def figures(self) -> dict[float, Figure]:
        """The mean of each with its interval, which holds it."""
        tail, told = (1 - SURE) / 2, {}
        for fpir, values in self._values.items():
            mean = float(np.mean(values))
            low, high = np.quantile(self._drawn[fpir], [tail, 1 - tail])
            told[fpir] = Figure(mean, min(float(low), mean), max(float(high), mean), self._errors[fpir] // len(values))
        return told


def _rows_of(people: NDArray[np.int32]) -> list[NDArray[np.int64]]:
    order = np.argsort(people, kind="stable")
    return np.split(order, np.cumsum(np.bincount(people))[:-1])


def _weights(person: NDArray[np.int64]) -> NDArray[np.float64]:
    """Every person the same, whatever their photos; they sum to 1."""
    count = np.bincount(person)
    return np.asarray(1.0 / count[person] / np.count_nonzero(count))


def _drawn_anew(
    weight: NDArray[np.float64], person: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.float64]:
    number = np.unique(person, return_inverse=True)[1]
    people = int(number.max()) + 1
    again = weight * np.bincount(random.integers(people, size=people), minlength=people)[number]
    return np.asarray(again / again.sum())
